import type { Digest } from '../../shared/alert/digest.ts';
import { incidentsSince } from '../../shared/anomaly/period-incidents.ts';
import { savingsIn } from '../../shared/schedule/savings.ts';
import { spendIn } from '../../shared/spend/period-change.ts';
import { figures } from './spend.ts';

const period = { start: '2026-11-07', end: '2026-11-14' };
const before = { start: '2026-10-31', end: '2026-11-07' };
const days = figures([...Array(7).fill(100), ...Array(6).fill(110), 180], '2026-11-13');

/** What the spend of two weeks tells, $700.00 and then $840.00. */
export const spendOf = (known = days): NonNullable<Digest['spend']> => ({
  before: spendIn(known, before),
  now: spendIn(known, period),
  daysBefore: known.filter(({ date }) => date < period.start),
  days: known.filter(({ date }) => date >= period.start),
});

/** The weekly digest of a quiet week, in which only what the test is about need be said. */
export const digestOf = (given: Partial<Digest> = {}): Digest => ({
  cadence: 'weekly',
  start: period.start,
  period,
  at: '2026-11-16T08:05:00Z',
  currency: 'USD',
  spend: spendOf(),
  budgets: [],
  budgetsUnknown: [],
  movers: [],
  incidents: incidentsSince([], period.start),
  waste: [],
  lastingWaste: 0,
  openFindings: 0,
  saved: savingsIn([], { from: '2026-11-07T00:00:00Z', until: '2026-11-14T00:00:00Z' }),
  recommendations: [],
  stale: [],
  names: { '210987654321': 'ml-dev' },
  ...given,
});
