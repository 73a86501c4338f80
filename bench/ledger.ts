import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { addDays, datesOf, daysBetween, type IsoTime } from '../shared/period.ts';
import { emptyLedger, type Ledger, observe } from '../shared/spend/ledger.ts';
import { planQuestions } from '../shared/spend/plan.ts';
import { fromParquet, toParquet } from '../shared/store/ledger-parquet.ts';
import { diceOf } from './detection/dice.ts';

/**
 * A month of the ledger of a large organisation: its size as Parquet and as compressed JSON and what writing and
 * reading it takes, then how many days of the bill a run reads on the mean over a year. Each day was read on three
 * mornings, and its figure was another one each time.
 */
const { values: options } = parseArgs({
  options: { series: { type: 'string', default: '5000' }, runs: { type: 'string', default: '5' } },
});
const count = Number(options.series);
const runs = Number(options.runs);

const month = datesOf({ start: '2026-10-01', end: '2026-11-01' });
const morning = (date: string): IsoTime => `${date}T06:00:00Z`;

function monthOfLedger(): Ledger {
  const dice = diceOf('spend');
  const random = () => dice.between(0, 1);
  const readings = [...month, '2026-11-01', '2026-11-02'].map((date) => ({
    observed: morning(addDays(date, 1)),
    period: { start: month[0] ?? '', end: '2026-11-01' },
    groupings: [['account', 'service']],
    usageTypes: ['Usage'],
    requests: 2,
  }));
  const series = Array.from({ length: count }, (_, index) => ({
    scope: {
      account: String(100_000_000_000 + Math.floor(index / 20)),
      service: `Amazon Service Number ${index % 20}`,
    },
    category: 'Usage' as const,
    days: Object.fromEntries(
      month.map((date) => {
        const amount = random() * 1000;
        return [
          date,
          [0.4, 0.95, 1].map(
            (share, days) =>
              [morning(addDays(date, days + 1)), Number((amount * share).toFixed(10))] as const,
          ),
        ];
      }),
    ),
  }));
  return { version: 2, currency: 'USD', accountNames: {}, readings, series };
}

async function median(run: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let done = 0; done < runs; done++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
}

const report = (name: string, bytes: number, write: number, read: number): void => {
  const columns = [
    `${(bytes / 1e6).toFixed(2)} MB`,
    `write ${write.toFixed(0)} ms`,
    `read ${read.toFixed(0)} ms`,
  ];
  console.log(`  ${name.padEnd(12)}${columns.map((column) => column.padStart(16)).join('')}`);
};

const ledger = monthOfLedger();
const figures = count * month.length * 3;
console.log(
  `A month of ${count.toLocaleString('en')} series, ${figures.toLocaleString('en')} figures, median of ${runs}`,
);

const parquet = toParquet(ledger);
report(
  'Parquet',
  parquet.byteLength,
  await median(() => toParquet(ledger)),
  await median(() => fromParquet(parquet)),
);
const json = gzipSync(JSON.stringify(ledger));
report(
  'JSON, gzip',
  json.byteLength,
  await median(() => gzipSync(JSON.stringify(ledger))),
  await median(() => JSON.parse(gunzipSync(json).toString('utf8'))),
);

/** Days of the bill that each run of a year reads, and those from the first of the previous month on. */
function daysRead(): { read: number; whole: number } {
  const wanted = { historyDays: 180, dailyRequestCap: 24, tags: [], usageTypes: false };
  const year = datesOf({ start: '2026-01-01', end: '2027-01-01' });
  let known = observe(emptyLedger, morning('2025-12-31'), [], { start: '2025-07-04', end: '2025-12-31' });
  const sums = { read: 0, whole: 0 };
  for (const date of year) {
    const { bill } = planQuestions(wanted, known, morning(date));
    known = observe(known, morning(date), [], bill);
    sums.read += daysBetween(bill.start, bill.end);
    sums.whole += daysBetween(`${addDays(`${date.slice(0, 7)}-01`, -1).slice(0, 7)}-01`, date);
  }
  return { read: sums.read / year.length, whole: sums.whole / year.length };
}

const { read, whole } = daysRead();
console.log(`Days of the bill a run, mean of a year: ${read.toFixed(1)}, instead of ${whole.toFixed(1)}`);
const groupsPerPage = 5_000;
const pages = (days: number) => (days * count) / groupsPerPage;
console.log(
  `  at ${groupsPerPage.toLocaleString('en')} groups a page: ${(pages(read) * 30).toFixed(0)} pages a month, instead of ${(pages(whole) * 30).toFixed(0)}`,
);
