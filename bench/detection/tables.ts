import { type KindScore, medianOf, type Score } from './score.ts';

/** What is scored: a method at a setting, or ours. */
export type Contender = { name: string; score: Score };

/** A Markdown table; the first column is text, the others are figures. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = `|${header.map((_, index) => (index === 0 ? '---|' : '---:|')).join('')}`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

const share = (value: number): string => value.toFixed(3);
const days = (value: number | undefined, unit = ''): string =>
  value === undefined ? '-' : `${value}${unit}`;

/** One contender a row, all events together. */
export const qualityTable = (contenders: readonly Contender[]): string =>
  table(
    [
      'method',
      'precision',
      'recall',
      'F1',
      'false a series-year',
      'median delay',
      'dollars recalled',
      'saved',
      'repeats',
    ],
    contenders.map(({ name, score }) => [
      name,
      share(score.precision),
      share(score.recall),
      share(score.f1),
      score.falsePerYear.toFixed(2),
      days(score.medianDelay),
      share(score.usdRecall),
      share(score.usdSaved),
      String(score.repeats),
    ]),
  );

/** One contender a row, one kind of event a column: found of all, and the median delay in days. */
export function kindTable(contenders: readonly Contender[]): string {
  const kinds = [...(contenders[0]?.score.kinds.keys() ?? [])];
  const cell = (kind: KindScore | undefined) =>
    kind === undefined ? '-' : `${kind.found}/${kind.events}, ${days(medianOf(kind.delays), ' d')}`;
  return table(
    ['method', ...kinds.map((kind) => kind.replaceAll('_', ' '))],
    contenders.map(({ name, score }) => [name, ...kinds.map((kind) => cell(score.kinds.get(kind)))]),
  );
}

/** One contender a row: how many false alarms fell for which decoy, or for nothing at all. */
export function decoyTable(contenders: readonly Contender[]): string {
  const counts = contenders.map(({ name, score }) => ({
    name,
    counts: Map.groupBy(score.falseAlarms, ({ kind }) => kind),
  }));
  const kinds = [...new Set(counts.flatMap((one) => [...one.counts.keys()]))].toSorted();
  return table(
    ['method', ...kinds.map((kind) => kind.replaceAll('_', ' '))],
    counts.map((one) => [one.name, ...kinds.map((kind) => String(one.counts.get(kind)?.length ?? 0))]),
  );
}
