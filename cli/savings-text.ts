import { formatMoney, type Usd } from '../shared/money.ts';
import { countedDays } from '../shared/schedule/off-period.ts';
import type { Savings, SavingsGroup } from '../shared/schedule/savings.ts';
import type { SavingsReport } from './savings.ts';
import { type Cell, paint, screenWidth, table, wrap } from './terminal.ts';

/** What the stops of a month saved, the most first, and how that was counted. */
export function savingsText({ month, by, rows, total }: SavingsReport): string {
  if (rows.length === 0) {
    return wrap(`No stop of the watchdog's saved anything in ${month}.`, screenWidth(), indent);
  }
  return [
    table(
      headingsOf(by),
      rows.map((row) => toCells(row, by)),
    ),
    '',
    totalText(month, total),
    ...notesOf(total).map((note) => paint('dim', wrap(note, screenWidth(), indent))),
  ].join('\n');
}

const indent = '  ';

const headingsOf = (by: SavingsGroup): string[] => [
  by,
  ...(by === 'resource' ? [] : ['>resources']),
  '>stops',
  '>hours off',
  '>gross',
  '>still billed',
  '>net',
  '>hours unpriced',
];

function toCells(row: Savings, by: SavingsGroup): Cell[] {
  const isPriced = row.hours > row.unpricedHours;
  const money = (amount: Usd) => (isPriced ? formatMoney(amount) : '-');
  return [
    row.name ?? row.group ?? `no ${by}`,
    ...(by === 'resource' ? [] : [String(row.resources)]),
    String(row.periods),
    hoursText(row.hours),
    money(row.gross),
    money(row.stillBilled),
    { text: money(row.net), ...(isPriced && { style: 'green' as const }) },
    row.unpricedHours === 0 ? '' : hoursText(row.unpricedHours),
  ];
}

const hoursText = (hours: number): string => hours.toFixed(1);

/** `2026-11: $243.10 saved, $251.80 less $8.70 that was billed all the same, in 12 stops of 9 resources, 118.4 hours` */
function totalText(month: string, { gross, stillBilled, net, periods, resources, hours }: Savings): string {
  const saved = `${formatMoney(net)} saved`;
  const text = `${month}: ${saved}, ${formatMoney(gross)} less ${formatMoney(stillBilled)} that was billed all the same, in ${count(periods, 'stop')} of ${count(resources, 'resource')}, ${hoursText(hours)} hours`;
  return wrap(text, screenWidth(), indent).replace(saved, paint('bold', saved));
}

const count = (amount: number, what: string): string => `${amount} ${what}${amount === 1 ? '' : 's'}`;

/** What to know of the figures before they are passed on. */
const notesOf = ({ open, unpricedHours, listPricedHours }: Savings): string[] =>
  [
    open > 0 &&
      (open === 1
        ? '1 of these stops goes on, and counts until a run last saw it off.'
        : `${open} of these stops go on, and count until a run last saw them off.`),
    unpricedHours > 0 &&
      `${hoursText(unpricedHours)} hours have an unknown price, of the resource or of what is still billed of it: their dollars are in none of these sums.`,
    listPricedHours > 0 &&
      `${hoursText(listPricedHours)} hours are priced by the price list, which knows no discount: the bill has none of their type.`,
    `Counted are hours outside the schedule, seen off, at most ${countedDays} days after a stop of the watchdog's, at the rate really paid, less volumes and addresses: docs/savings.md.`,
  ].filter((note) => note !== false);
