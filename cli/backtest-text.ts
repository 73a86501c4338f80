import { placeName } from '../shared/alert/spend-place.ts';
import { formatMoney } from '../shared/money.ts';
import { daysBetween } from '../shared/period.ts';
import type { BacktestIncident, BacktestResult } from '../shared/watch/backtest.ts';
import type { MethodComparison } from '../shared/watch/compare-methods.ts';
import type { TuneTrial, Tuning } from '../shared/watch/tune.ts';
import { type Cell, paint, type Style, screenWidth, table, wrap } from './terminal.ts';

/** What a backtest says on a terminal. */
export type BacktestAnswer = {
  result: BacktestResult;
  /** What was looked at: the file, or the account. */
  source: string;
  accountNames: Readonly<Record<string, string>>;
  comparison?: readonly MethodComparison[];
  tuning?: Tuning;
  /** Where the page was written to. */
  page?: string;
};

/** What would have been heard and what it was worth first, then each incident, then what to do next. */
export function backtestText(answer: BacktestAnswer): string {
  const { result, comparison, tuning } = answer;
  return [
    paint('bold', result.summary.text),
    setting(answer),
    '',
    incidentTable(answer),
    '',
    wrap(apartText(result), screenWidth(), '  '),
    ...(comparison ? ['', comparisonText(result, comparison)] : []),
    ...(tuning ? ['', tuningText(result, tuning)] : []),
    '',
    nextSteps(answer),
  ].join('\n');
}

function setting({ result, source }: BacktestAnswer): string {
  const { period, series, tooShort, sensitivity, floor } = result;
  const days = daysBetween(period.start, period.end);
  return wrap(
    `${source}: ${days} days from ${period.start}, ${series} series${tooShort > 0 ? `, ${tooShort} of them too short to be judged` : ''}. Sensitivity ${sensitivity}, floor ${money(result, floor)} a day.`,
    screenWidth(),
  );
}

const severityStyles: Readonly<Record<BacktestIncident['severity'], Style>> = {
  critical: 'red',
  warning: 'yellow',
  info: 'dim',
};

function incidentTable({ result, accountNames }: BacktestAnswer): string {
  if (result.incidents.length === 0) return '  No incident: nothing would have been told.';
  return table(
    ['told', 'since', 'kind', '>expected', '>actual a day', '>impact', '>after the alert', 'where'],
    result.incidents.map((incident): Cell[] => [
      { text: incident.detected, style: severityStyles[incident.severity] },
      incident.start,
      incident.kind,
      money(result, incident.expected),
      money(result, incident.actual),
      money(result, incident.impact),
      money(result, incident.impactAfterAlert),
      `${placeName(incident.series, accountNames)}${incident.status === 'open' ? ' (goes on)' : ''}`,
    ]),
  );
}

/** What the data holds besides usage, so that the sums can be found again. */
function apartText(result: BacktestResult): string {
  const parts = Object.entries(result.apart)
    .filter(([, amount]) => amount !== 0)
    .map(([category, amount]) => `${category} ${money(result, amount)}`);
  return parts.length === 0
    ? 'All of it is usage.'
    : `Apart from usage, and not judged: ${parts.join(', ')}.`;
}

/** How the methods of the comparison were run, and what their figures can and can't say. */
export const comparisonNote =
  'Each other method is shown at its best: thresholds tuned on labelled data, the same floor, and silent on the 1st to the 4th of a month, when fees fall due. They have no memory and alarm each day anew. Nobody has labelled this data: the columns count agreement with our incidents, not who is right.';

function comparisonText(result: BacktestResult, comparison: readonly MethodComparison[]): string {
  const { alerts, alertsPerMonth } = result.summary;
  const incidents = result.incidents.length;
  return [
    table(
      ['method', '>alarms', '>a month', '>on days of an incident', '>on other days', '>incidents seen'],
      [
        ['ai-cost-watchdog', ...[alerts, decimal(alertsPerMonth), '-', '-', incidents].map(String)],
        ...comparison.map((one) => [
          one.method,
          ...[
            one.alarms,
            decimal(one.alarmsPerMonth),
            one.onIncidents,
            one.others,
            `${one.incidentsSeen} of ${incidents}`,
          ].map(String),
        ]),
      ],
    ),
    wrap(comparisonNote, screenWidth(), '  '),
  ].join('\n');
}

function tuningText(result: BacktestResult, { wanted, trials, recommended, isEnough }: Tuning): string {
  return [
    table(
      ['sensitivity', '>floor', '>alerts', '>a month', '>leaks', '>worth', '>after the alert', ''],
      trials.map((trial) => trialRow(result, trial, trial === recommended)),
    ),
    '',
    `  ${
      isEnough
        ? `For at most ${counted(wanted, 'alert')} a month, what tells most of what could be saved:`
        : `No setting tells as little as ${counted(wanted, 'alert')} a month; the calmest:`
    }`,
    '',
    tuningYaml(recommended),
  ].join('\n');
}

const trialRow = (result: BacktestResult, trial: TuneTrial, isRecommended: boolean): Cell[] => [
  { text: trial.sensitivity, ...(isRecommended && { style: 'green' as const }) },
  money(result, trial.floor),
  String(trial.alerts),
  decimal(trial.alertsPerMonth),
  String(trial.incidents),
  money(result, trial.impact),
  money(result, trial.impactAfterAlert),
  isRecommended ? '<- this one' : '',
];

/** To be pasted into watchdog.yml. */
export const tuningYaml = ({ sensitivity, floor }: TuneTrial): string =>
  ['    spend:', `      sensitivity: ${sensitivity}`, `      floor: ${floor}`].join('\n');

function nextSteps({ page, tuning, comparison }: BacktestAnswer): string {
  const steps = [
    ...(page === undefined
      ? [['--html page.html', 'the same as a page to show around, each incident with its chart']]
      : []),
    ...(tuning === undefined
      ? [['--tune 4', 'which sensitivity and floor give at most four alerts a month']]
      : []),
    ...(comparison === undefined
      ? [['--compare all', 'what a threshold, a z-score, Holt-Winters... would have made of it']]
      : []),
  ];
  return [
    ...(page === undefined ? [] : [`  The page: ${paint('bold', page)}`]),
    ...(steps.length > 0 ? ['  Where to go next'] : []),
    ...steps.map(([option = '', text]) => `    ${option.padEnd(18)}${text}`),
  ].join('\n');
}

const money = ({ currency }: Pick<BacktestResult, 'currency'>, amount: number): string =>
  formatMoney(amount, currency);

/** `0.8`, `12`. */
const decimal = (value: number): string => (value < 10 ? String(Number(value.toFixed(1))) : value.toFixed(0));

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
