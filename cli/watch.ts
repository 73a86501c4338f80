import { cut } from '../shared/alert/text.ts';
import { formatMoney } from '../shared/money.ts';
import { daysBetween } from '../shared/period.ts';
import type { FocusCost, FocusTotal } from '../shared/spend/focus.ts';
import { type SpendFileResult, watchSpendFile } from '../shared/watch/spend-file.ts';
import { readConfigFile } from './config-file.ts';
import { readFocusFile } from './focus-file.ts';
import { type CommonOptions, printJson } from './options.ts';
import { paint, print, screenWidth, table, wrap } from './terminal.ts';

/** `watch --spend FILE`: the spend watch over a bill in FOCUS columns, without an account and without memory. */
export async function watchCommand(
  options: CommonOptions & { spend: string; cost: FocusCost },
): Promise<void> {
  const { spend, cost, config, format } = options;
  const result = watchSpendFile(await readFocusFile(spend), await readConfigFile(config), cost);
  if (format === 'json') printJson(result);
  else print(toText(spend, result));
}

const listed = 12;

function toText(file: string, result: SpendFileResult): string {
  const { period, currency, judgedBy, total, services, accounts, regions, categories } = result;
  const days = daysBetween(period.start, period.end);
  const named = accounts.map(({ accountName, ...one }) => ({
    ...one,
    name: accountName ? `${accountName} (${cut(one.name, 20)})` : one.name,
  }));
  return [
    paint('bold', `${file}: ${days} days from ${period.start}, ${currency}`),
    `Billed cost is what the invoice says, effective cost spreads what was paid in advance. Judged by: ${judgedBy} cost.`,
    '',
    totals('what', [...categories, total], currency),
    '',
    totals('service', services, currency),
    '',
    totals('account', named, currency),
    '',
    totals('region', regions, currency),
    '',
    judgement(result),
    ...result.alerts.flatMap(({ title, summary, action }) => [
      '',
      `  ${paint(['bold', 'red'], title)}`,
      ...[summary, action].map((text) => wrap(text, screenWidth() - 4, '    ')),
    ]),
  ].join('\n');
}

/** The dearest ones, and the rest in one row, so that every table adds up to the file. */
function totals(heading: string, all: readonly FocusTotal[], currency: string): string {
  const rest = all.slice(listed);
  const money = (amount: number) => formatMoney(amount, currency);
  const toRow = (name: string, members: readonly FocusTotal[]) => [
    name,
    ...[
      ({ effective }: FocusTotal) => effective,
      ({ billed }: FocusTotal) => billed,
      ({ credits }: FocusTotal) => credits.billed,
    ].map((amountOf) => money(members.reduce((sum, one) => sum + amountOf(one), 0))),
  ];
  return table(
    [heading, '>effective', '>billed', '>billed credits'],
    [
      ...all.slice(0, listed).map((one) => toRow(one.name, [one])),
      ...(rest.length > 0 ? [toRow(`${rest.length} others`, rest)] : []),
    ],
  );
}

/** How much of it could be judged, and why the rest could not. */
function judgement({ series, incidents }: SpendFileResult): string {
  const short = series.filter(({ state }) => state === 'not enough history').length;
  const normal = series.filter(({ state }) => state === 'normal').length;
  return [
    `  ${paint('bold', `${series.length} series of usage (account x service)`)}: ${incidents.length} incidents, ${normal} as they should be,`,
    `  ${short} with not enough history to judge.`,
  ].join('\n');
}
