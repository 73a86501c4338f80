import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Html, html, raw } from '../shared/alert/html.ts';
import { placeName } from '../shared/alert/spend-place.ts';
import { formatMoney } from '../shared/money.ts';
import { addDays, daysBetween, type IsoDate, type Period } from '../shared/period.ts';
import { scopeKey } from '../shared/spend/scope.ts';
import type { BacktestIncident, BacktestResult, BacktestSeries } from '../shared/watch/backtest.ts';
import type { MethodComparison } from '../shared/watch/compare-methods.ts';
import { byImpact, leakedByDay, medianDelay, monthFigures } from './backtest-figures.ts';
import { comparisonNote } from './backtest-text.ts';
import { incidentChart, type Mark, percent, smallChart, totalChart, within } from './spend-chart.ts';

/** What the page tells of. */
export type BacktestReport = {
  result: BacktestResult;
  /** All usage, day by day of the result's period. */
  usage: Float64Array;
  /** What was looked at: the file, or the account. */
  source: string;
  accountNames: Readonly<Record<string, string>>;
  /** What other methods would have told. */
  comparison?: readonly MethodComparison[];
};

type Names = BacktestReport['accountNames'];

/** Incidents that get a chart of their own, and other series that are drawn: more would take a page minutes to read. */
const [drawnIncidents, drawnSeries] = [200, 300];

const read = (file: URL): string => readFileSync(file, 'utf8');
const scriptFile = new URL('./backtest-page.js', import.meta.url);
const styleFile = new URL('./backtest-page.css', import.meta.url);

/** The whole answer as one HTML file that asks the network for nothing. */
export function backtestPage(report: BacktestReport): string {
  const script = read(scriptFile);
  const hash = createHash('sha256').update(script).digest('base64');
  const { result } = report;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${raw(hash)}'; base-uri 'none'; form-action 'none'">
<title>Backtest of ${report.source}, ${result.period.start} to ${addDays(result.period.end, -1)}</title>
<style>${raw(read(styleFile))}</style>
</head>
<body>
<a class="skip" href="#incidents">Skip to the incidents</a>
${intro(report)}
<main>
${year(report)}
${incidentsSection(report)}
${comparisonSection(report)}
${otherSeries(report)}
</main>
${method(report)}
<script>${raw(script)}</script>
</body>
</html>
`;
  return page.markup;
}

function intro({ result, source, usage }: BacktestReport): Html {
  const { period, series, summary } = result;
  const spent = usage.reduce((sum, amount) => sum + amount, 0);
  const delay = medianDelay(result.incidents);
  return html`<header>
<p class="eyebrow">ai-cost-watchdog, backtest of ${source}</p>
<h1>${summary.text}</h1>
<p>This is what the watchdog would have said about this bill from ${dateText(period.start)} to ${dateText(addDays(period.end, -1))}: ${counted(series, 'series', 'series')} walked day by day, each day judged only by what was known on it.</p>
<dl class="tiles">
${tile('Leaked', money(result, summary.impact), `${shareText(summary.impact, spent)} of ${money(result, spent)} of usage`, 'leak')}
${tile('After the first alert', money(result, summary.impactAfterAlert), `${shareText(summary.impactAfterAlert, summary.impact)} of it: what acting on the alert could have saved`)}
${tile('Alerts', String(summary.alerts), `${decimal(summary.alertsPerMonth)} a month, about ${counted(summary.incidents, 'leak')}`)}
${tile('From leak to alert', delay === undefined ? '–' : counted(delay, 'day'), 'from the first day of a leak, in the median')}
</dl>
</header>`;
}

const tile = (name: string, figure: string, note: string, style = ''): Html =>
  html`<div><dt>${name}</dt><dd class="figure ${style}">${figure}</dd><dd><small>${note}</small></dd></div>`;

/** Days from which a chart shows weeks: the weekends of a year are so close that they hide everything else. */
const weeklyFrom = 120;

function year({ result, usage, accountNames }: BacktestReport): Html {
  const { period, currency } = result;
  const leaked = leakedByDay(result);
  const months = monthFigures(result, usage, leaked);
  const isWeekly = usage.length > weeklyFrom;
  const label = `Usage a day from ${period.start} on: ${money(result, sum(usage))} in all, of which ${money(result, sum(leaked))} leaked. The table of months has the figures.`;
  return html`<section aria-labelledby="year">
<h2 id="year">The whole time at a glance</h2>
<ul class="legend"><li>usage a day${isWeekly && html`, the mean of each week`}</li><li class="leak">of it above what was to be expected</li></ul>
${totalChart({ period, usage, leaked, currency, label, daysPerBar: isWeekly ? 7 : 1 })}
${lanes(result, accountNames)}
<details><summary>Month by month</summary>
<div class="scroll"><table><thead><tr><th scope="col">Month</th><th scope="col" class="n">Usage</th><th scope="col" class="n">Leaked</th><th scope="col" class="n">Alerts</th></tr></thead><tbody>
${months.map((one) => html`<tr><th scope="row">${monthText(one.month)}</th><td class="n">${money(result, one.usage)}</td><td class="n">${money(result, one.leaked)}</td><td class="n">${one.alerts}</td></tr>`)}
</tbody></table></div></details>
</section>`;
}

/** Incidents with a name beside their bar; more would cover each other. */
const namedBars = 16;

/** More lanes than that are drawn thin. */
const roomyLanes = 16;

const severities: readonly BacktestIncident['severity'][] = ['critical', 'warning', 'info'];

/** Each incident as a bar under the chart, on the first lane that has room. */
function lanes(result: BacktestResult, names: Names): Html | false {
  const { period, incidents } = result;
  if (incidents.length === 0) return false;
  const days = daysBetween(period.start, period.end);
  const isNamed = incidents.length <= namedBars;
  const ranks = rankOf(incidents);
  const bars = incidents
    .map((incident) => {
      const from = Math.max(0, daysBetween(period.start, incident.start));
      const to = Math.max(from + 1, Math.min(days, daysBetween(period.start, incident.end ?? period.end)));
      return { incident, from, to, room: isNamed ? days : to + days * 0.01 };
    })
    .toSorted((one, other) => one.from - other.from);
  const packed: (typeof bars)[] = [];
  for (const bar of bars) {
    const lane = packed.find((one) => (one.at(-1)?.room ?? 0) <= bar.from);
    if (lane) lane.push(bar);
    else packed.push([bar]);
  }
  return html`<ul class="legend lanes-legend">${severities.map((severity) => html`<li class="${severity}">${severity}</li>`)}</ul>
<nav class="lanes${packed.length > roomyLanes && ' dense'}" aria-label="Incidents by time">${packed.map(
    (lane) =>
      html`<div class="lane">${lane.map(({ incident, from, to }) => {
        const name = placeName(incident.series, names);
        const text = `${ranks.get(incident)}. ${name}`;
        const impact = money(result, incident.impact);
        const side = to > days * 0.6 ? ' end' : '';
        return html`<a class="bar ${incident.severity}${side}" href="#incident-${ranks.get(incident)}" title="${text}, ${impact}" aria-label="${text}, ${impact}, from ${incident.start}" style="left:${percent(from, days)};width:${percent(to - from, days)}">${isNamed && html`<span>${ranks.get(incident)}<span>. ${name}, ${impact}</span></span>`}</a>`;
      })}</div>`,
  )}</nav>`;
}

/** The number by which the page speaks of an incident: the dearest is 1. */
const rankOf = (incidents: readonly BacktestIncident[]): Map<BacktestIncident, number> =>
  new Map(incidents.toSorted(byImpact).map((incident, index) => [incident, index + 1]));

function incidentsSection(report: BacktestReport): Html {
  const { result, accountNames } = report;
  const incidents = result.incidents.toSorted(byImpact);
  if (incidents.length === 0) {
    return html`<section aria-labelledby="incidents"><h2 id="incidents">Incidents</h2>
<p>None: on no day did a series lie so far above what was to be expected that it would have been told.</p></section>`;
  }
  const drawn = incidents.slice(0, drawnIncidents);
  const walks = new Map(result.walks.map((walk) => [scopeKey(walk.series), walk]));
  return html`<section aria-labelledby="incidents">
<h2 id="incidents">${counted(incidents.length, 'incident')}, the dearest first</h2>
<p>${fatesText(incidents)} Which of them were waste, only you know.</p>
<div class="scroll"><table class="sortable wide">
<thead><tr><th scope="col" class="n">#</th><th scope="col">Where</th><th scope="col">Since</th><th scope="col">Told</th><th scope="col">State</th><th scope="col" class="n">Expected a day</th><th scope="col" class="n">Actual a day</th><th scope="col" class="n">Impact</th><th scope="col" class="n">After the alert</th></tr></thead>
<tbody>
${incidents.map((incident, index) => incidentRow(incident, index + 1, result, accountNames))}
</tbody>
<tfoot><tr><td></td><th scope="row" colspan="6">All</th><td class="n">${money(result, result.summary.impact)}</td><td class="n">${money(result, result.summary.impactAfterAlert)}</td></tr></tfoot>
</table></div>
<ul class="legend"><li class="actual">actual spend</li><li class="expected">expected</li><li class="band">up to here it would have been normal</li><li class="soft">leaked</li><li class="alert">an alert</li></ul>
${drawn.map((incident, index) => incidentCard(incident, index + 1, walks.get(scopeKey(incident.series)), report))}
${drawn.length < incidents.length && html`<p class="muted">The other ${incidents.length - drawn.length} are in the table only.</p>`}
</section>`;
}

const fates: readonly (readonly [BacktestIncident['status'], one: string, many: string])[] = [
  ['open', 'goes on', 'go on'],
  ['recovered', 'was over after some days', 'were over after some days'],
  ['accepted', 'stayed, and became the new normal', 'stayed, and became the new normal'],
];

/** `One goes on, 3 were over after some days.` */
function fatesText(incidents: readonly BacktestIncident[]): string {
  const parts = fates.flatMap(([wanted, one, many]) => {
    const count = incidents.filter(({ status }) => status === wanted).length;
    return count === 0 ? [] : [`${count === 1 ? 'one' : count} ${count === 1 ? one : many}`];
  });
  return capital(`${parts.join(', ')}.`);
}

const incidentRow = (incident: BacktestIncident, rank: number, result: BacktestResult, names: Names): Html =>
  html`<tr><td class="n" data-value="${rank}">${rank}</td><th scope="row">${rank <= drawnIncidents ? html`<a href="#incident-${rank}">${placeName(incident.series, names)}</a>` : placeName(incident.series, names)}</th><td class="d">${incident.start}</td><td class="d">${incident.detected}</td><td class="d">${statusText(incident)}</td>${amountCell(incident.expected, result)}${amountCell(incident.actual, result)}${amountCell(incident.impact, result)}${amountCell(incident.impactAfterAlert, result)}</tr>
`;

const amountCell = (amount: number, result: BacktestResult): Html =>
  html`<td class="n" data-value="${Math.round(amount * 100) / 100}">${money(result, amount)}</td>`;

function incidentCard(
  incident: BacktestIncident,
  rank: number,
  walk: BacktestSeries | undefined,
  { result, accountNames }: BacktestReport,
): Html {
  const { severity, kind, told, folded } = incident;
  return html`<article class="incident" id="incident-${rank}" aria-labelledby="name-${rank}">
<h3 id="name-${rank}">${rank}. ${placeName(incident.series, accountNames)}</h3>
<p class="badges"><span class="badge ${severity}">${severity}</span><span class="badge">${kindTexts[kind] ?? kind}</span><span class="badge">${statusText(incident)}</span></p>
<p>${incident.reason}</p>
${incidentFacts(incident, result)}
${walk && chartOf(incident, walk, result, accountNames)}
<h4>What you would have been told</h4>
<ol class="told">${told.map(({ date, title, summary }) => html`<li><time datetime="${date}">${dateText(date)}</time><div><strong>${title}</strong><p>${summary}</p></div></li>`)}</ol>
${folded.length > 0 && html`<p class="muted">The same leak was seen in ${listText(folded.map((scope) => placeName(scope, accountNames)))}: one incident, not ${folded.length + 1}.</p>`}
${walk && dayTable(incident, walk, result)}
</article>
`;
}

const kindTexts: Readonly<Record<string, string>> = {
  rise: 'sudden rise',
  drift: 'slow rise',
  new: 'new spend',
};

const statusText = ({ status }: BacktestIncident): string =>
  status === 'open' ? 'goes on' : status === 'accepted' ? 'new normal' : 'over';

function incidentFacts(incident: BacktestIncident, result: BacktestResult): Html {
  const { start, detected, end, expected, actual, impact, impactAfterAlert, excessPerDay } = incident;
  const delay = daysBetween(start, detected);
  const length = daysBetween(start, end ?? result.period.end);
  return html`<dl class="facts">
${fact('Since', dateText(start), counted(length, 'day') + (end === null ? ' so far' : ''))}
${fact('Told', dateText(detected), delay === 1 ? 'the next morning' : `${counted(delay, 'day')} later`)}
${fact('A day', money(result, actual), `${money(result, expected)} expected`)}
${fact('Impact', money(result, impact), 'above the expected')}
${fact('After the alert', money(result, impactAfterAlert), `${shareText(impactAfterAlert, impact)} of the impact`)}
${end === null && fact('Still at stake', `${money(result, excessPerDay)} a day`, `${money(result, excessPerDay * 30)} a month`)}
</dl>`;
}

const fact = (name: string, value: string, note: string): Html =>
  html`<div><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`;

/** Days that are shown before and after an incident. */
const [before, after] = [56, 28];

function chartOf(
  incident: BacktestIncident,
  walk: BacktestSeries,
  result: BacktestResult,
  names: Names,
): Html {
  const { currency } = result;
  const shaded: Period = { start: incident.start, end: incident.end ?? result.period.end };
  const period = clipped(
    { start: addDays(shaded.start, -before), end: addDays(shaded.end, after) },
    result.period,
  );
  const inPeriod = (amounts: Float64Array) => within({ start: walk.start, amounts }, period);
  return incidentChart({
    period,
    actual: inPeriod(walk.actual),
    expected: inPeriod(walk.expected),
    limit: inPeriod(walk.limit),
    shaded,
    marks: incident.told.filter(({ date }) => date < addDays(period.end, 1)).map(toMark),
    currency,
    label: `${placeName(incident.series, names)} from ${period.start} on: expected ${money(result, incident.expected)} a day, actual ${money(result, incident.actual)} a day since ${incident.start}. Arrow keys walk over the days.`,
  });
}

const clipped = ({ start, end }: Period, to: Period): Period => ({
  start: start < to.start ? to.start : start,
  end: end > to.end ? to.end : end,
});

const markTexts: Readonly<Record<string, string>> = {
  opened: 'told',
  grown: 'grown',
  recovered: 'recovered',
  accepted: 'new normal',
};

const toMark = ({ date, change }: BacktestIncident['told'][number]): Mark => ({
  date,
  text: markTexts[change] ?? change,
  style: change === 'opened' ? 'told' : change === 'grown' ? 'later' : 'calm',
});

/** Days of an incident that are written out. */
const listedDays = 35;

function dayTable(incident: BacktestIncident, walk: BacktestSeries, result: BacktestResult): Html {
  const period: Period = { start: incident.start, end: incident.end ?? result.period.end };
  const [actual, expected, limit] = [walk.actual, walk.expected, walk.limit].map((amounts) =>
    within({ start: walk.start, amounts }, period),
  );
  const days = daysBetween(period.start, period.end);
  const rows = Array.from({ length: Math.min(days, listedDays) }, (_, index) => {
    const cells = [actual, expected, limit].map((amounts) => amounts?.[index] ?? Number.NaN);
    return html`<tr><th scope="row" class="d">${addDays(period.start, index)}${cells.map((amount) => html`<td class="n">${Number.isNaN(amount) ? '–' : money(result, amount)}`)}
`;
  });
  return html`<details><summary>Day by day</summary><table><thead><tr><th scope="col">Day<th scope="col" class="n">Actual<th scope="col" class="n">Expected<th scope="col" class="n">Normal up to
<tbody>${rows}</table>${days > listedDays && html`<p class="muted">And ${days - listedDays} more days.</p>`}</details>`;
}

function comparisonSection({ result, comparison = [] }: BacktestReport): Html | false {
  if (comparison.length === 0) return false;
  const { alerts, alertsPerMonth } = result.summary;
  const incidents = result.incidents.length;
  return html`<section aria-labelledby="comparison">
<h2 id="comparison">What other methods would have made of it</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Method</th><th scope="col" class="n">Alarms</th><th scope="col" class="n">A month</th><th scope="col" class="n">On days of an incident</th><th scope="col" class="n">On other days</th><th scope="col" class="n">Incidents seen</th></tr></thead>
<tbody>
<tr><th scope="row">ai-cost-watchdog</th>${[alerts, decimal(alertsPerMonth), '–', '–', incidents].map(numberCell)}</tr>
${comparison.map((one) => html`<tr><th scope="row">${one.method}</th>${[one.alarms, decimal(one.alarmsPerMonth), one.onIncidents, one.others, `${one.incidentsSeen} of ${incidents}`].map(numberCell)}</tr>`)}
</tbody></table></div>
<p class="muted">${comparisonNote}</p>
</section>`;
}

const numberCell = (value: string | number): Html => html`<td class="n">${value}</td>`;

function otherSeries({ result, accountNames }: BacktestReport): Html | false {
  const told = new Set(result.incidents.map(({ series }) => scopeKey(series)));
  const others = result.walks
    .filter(({ series }) => !told.has(scopeKey(series)))
    .toSorted((one, other) => knownSum(other.actual) - knownSum(one.actual));
  if (others.length === 0) return false;
  const drawn = others.slice(0, drawnSeries);
  const omitted = result.series - told.size - drawn.length;
  return html`<section aria-labelledby="others">
<h2 id="others">Where nothing would have been told</h2>
<p class="muted">${drawn.length < others.length || omitted > 0 ? `The ${drawn.length} dearest of the other series` : 'The other series'}, from ${dateText(result.period.start)} on, each on a scale of its own: actual spend, and the band in which it is normal.</p>
<ul class="all">${drawn.map((walk) => seriesItem(walk, result, accountNames))}</ul>
</section>`;
}

const knownSum = (amounts: Float64Array): number => sum(amounts.filter((amount) => !Number.isNaN(amount)));

function seriesItem(walk: BacktestSeries, result: BacktestResult, names: Names): Html {
  const known = walk.actual.filter((amount) => !Number.isNaN(amount));
  const mean = sum(known) / Math.max(1, known.length);
  const highest = known.reduce((most, amount) => Math.max(most, amount), 0);
  const text = `${money(result, mean)} a day, at most ${money(result, highest)}`;
  const name = placeName(walk.series, names);
  const inPeriod = (amounts: Float64Array) => within({ start: walk.start, amounts }, result.period);
  const amounts = {
    actual: inPeriod(walk.actual),
    expected: inPeriod(walk.expected),
    limit: inPeriod(walk.limit),
  };
  return html`<li><b class="name">${name}</b><small>${text}</small>${smallChart(amounts, `${name}: ${text}`)}</li>
`;
}

function method({ result }: BacktestReport): Html {
  const apart = Object.entries(result.apart).filter(([, amount]) => amount !== 0);
  return html`<footer>
<h2>How this was found</h2>
<p>Every series was walked from its first day to its last. What a day should cost was worked out from the days before it alone, and a later figure never changed what was said before. ${
    result.bitemporal
      ? 'The data says when each figure was read, so each run saw what a run on that day would have seen, unfinished days included.'
      : 'The data doesn’t say when its figures were read, so each day counts as complete on the next morning; in service the newest day is often still filling.'
  }</p>
<p>A leak is told when a day, or a week, lies above what was to be expected by far more than the series usually varies (sensitivity ${result.sensitivity}) and by at least ${money(result, result.floor)} a day.${result.tooShort > 0 ? ` ${result.tooShort} of the ${result.series} series are too short to be judged.` : ''} Its impact is what its days cost above what was to be expected. What came after the alert is the most that acting on it could have saved; nobody acts in the same minute.</p>
<p>${
    apart.length === 0
      ? 'Only usage is in the data.'
      : html`Judged is usage. Apart from it, and not judged: ${listText(apart.map(([category, amount]) => `${category.toLowerCase()} ${money(result, amount)}`))}.`
  } Days are UTC, amounts in ${result.currency}. This page is one file; it loads nothing and sends nothing.</p>
</footer>`;
}

const money = ({ currency }: BacktestResult, amount: number): string => formatMoney(amount, currency);

const sum = (amounts: ArrayLike<number>): number =>
  Array.from(amounts).reduce((total, amount) => total + amount, 0);

const shareText = (part: number, whole: number): string =>
  whole > 0 ? `${decimal((100 * part) / whole)} %` : '0 %';

/** `0.8`, `12`. */
const decimal = (value: number): string => (value < 10 ? String(Number(value.toFixed(1))) : value.toFixed(0));

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;

const listText = (items: readonly string[]): string =>
  new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(items);

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** `16 Nov 2026` */
const dateText = (date: IsoDate): string =>
  new Date(date).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });

/** `November 2026` */
const monthText = (month: string): string =>
  new Date(`${month}-01`).toLocaleDateString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
