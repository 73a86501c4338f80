import { parseArgs } from 'node:util';
import { type Day, playDay, type Use, visitsName } from './self-cost/day.ts';

/**
 * What the stack costs its owner: each function's calls of one day, counted, times the price table, and the Lambda time
 * that they took here. Beside it the same day with a visit every five minutes, as without a next visit. For one account,
 * and for an organisation of 500 accounts in 4 regions, of which a part has something to watch.
 */
const { values: options } = parseArgs({
  options: {
    instances: { type: 'string', default: '500' },
    'opted-in': { type: 'string', default: '200' },
    accelerators: { type: 'string', default: '20' },
    accounts: { type: 'string', default: '500' },
    regions: { type: 'string', default: '4' },
    /** Share of an organisation's targets in which there are instances at all. */
    inhabited: { type: 'string', default: '0.1' },
  },
});
const number = (name: keyof typeof options): number => Number(options[name]);

const daysPerMonth = 30.4;
/** Dollars, us-east-1, arm64: GB-seconds and requests of Lambda, and a scheduled invocation. */
const lambda = { gbSecond: 0.0000133334, request: 0.2 / 1e6, scheduled: 1 / 1e6 };
const memoryGb: Readonly<Record<string, number>> = {
  'watch-spend': 1,
  'watch-utilization': 1,
  'enforce-schedules': 0.5,
  'send-digests': 1,
  'wake-schedules': 0.25,
  'follow-up-alerts': 0.25,
  sweep: 1,
  notify: 0.5,
};

type Cost = { calls: number; lambda: number };

/** Dollars a month. */
const costOf = (name: string, { runs, seconds, cost }: Use): Cost => ({
  calls: cost * daysPerMonth,
  lambda:
    (seconds * (memoryGb[name] ?? 0.5) * lambda.gbSecond + runs * (lambda.request + lambda.scheduled)) *
    daysPerMonth,
});

const total = ({ calls, lambda: time }: Cost): number => calls + time;
const sum = (costs: readonly number[]): number => costs.reduce((all, each) => all + each, 0);
const functionsOf = (day: Day) => [...day].filter(([name]) => name !== visitsName);
const totalOf = (day: Day): number => sum(functionsOf(day).map(([name, use]) => total(costOf(name, use))));
const dollars = (value: number): string => `$${value.toFixed(value < 0.1 ? 4 : 2)}`;
const ratio = (plain: number, ours: number): string => (ours > 0 ? `${(plain / ours).toFixed(1)}x` : '');
const row = (...cells: string[]): void =>
  console.log(
    `  ${(cells[0] ?? '').padEnd(38)}${cells
      .slice(1)
      .map((cell) => cell.padStart(13))
      .join('')}`,
  );

const fleet = {
  instances: number('instances'),
  optedIn: number('opted-in'),
  accelerators: number('accelerators'),
};
console.log(
  `Node ${process.version}, one account: ${fleet.instances} instances, ${fleet.optedIn} opted in, ${fleet.accelerators} with an accelerator, a fifth at work late\n`,
);
const ours = await playDay(fleet);
const plain = await playDay(fleet, { plainly: true, enforceOnly: true });

row('by function, a month', 'runs a day', 'calls', 'Lambda', 'together');
for (const [name, use] of functionsOf(ours)) {
  const cost = costOf(name, use);
  row(name, String(use.runs), dollars(cost.calls), dollars(cost.lambda), dollars(total(cost)));
}
row('all', '', '', '', dollars(totalOf(ours)));

const visits = (day: Day) => day.get('enforce-schedules')?.calls.get('EC2:DescribeInstances') ?? 0;
const use = (day: Day, name: string) =>
  day.get(name) ?? { runs: 0, seconds: 0, cost: 0, calls: new Map(), metrics: 0 };
const schedules = (day: Day, ...names: string[]) =>
  sum(names.map((name) => total(costOf(name, use(day, name)))));
console.log('\n  the schedules alone, against a visit every five minutes\n');
row('', 'ours', 'plain', 'spared');
const compare = (name: string, ourValue: number, plainValue: number, show: (value: number) => string) =>
  row(name, show(ourValue), show(plainValue), ratio(plainValue, ourValue));
const whole = (value: number) => Math.round(value).toLocaleString('en');
compare('DescribeInstances a day', visits(ours), visits(plain), whole);
compare(
  'metrics asked for a day',
  use(ours, 'enforce-schedules').metrics,
  use(plain, 'enforce-schedules').metrics,
  whole,
);
compare(
  'seconds of Lambda a day',
  use(ours, 'enforce-schedules').seconds,
  use(plain, 'enforce-schedules').seconds,
  whole,
);
const [ourDollars, plainDollars] = [
  schedules(ours, 'enforce-schedules', 'wake-schedules'),
  schedules(plain, 'enforce-schedules'),
];
compare('dollars a month', ourDollars, plainDollars, dollars);

// An organisation: a target with some instances, and one without any, each played for a day, times how many there are.
const targets = number('accounts') * number('regions');
const inhabited = Math.round(targets * number('inhabited'));
const some = { instances: 20, optedIn: 8, accelerators: 1 };
const none = { instances: 0, optedIn: 0, accelerators: 0 };
/** The visits of one target: the dispatcher's own runs are paid for once, however many targets there are. */
async function perTarget(size: typeof some, plainly: boolean): Promise<{ cost: number; visits: number }> {
  const day = await playDay(size, { plainly, enforceOnly: true });
  const visited = use(day, visitsName);
  // A visit runs in `sweep`, is woken by a message, and pays the message: sent by tens, received and deleted.
  const message = (2.1 * 0.4) / 1e6;
  const lambdaCost =
    visited.seconds * (memoryGb['sweep'] ?? 1) * lambda.gbSecond + visited.runs * lambda.request;
  const cost = (visited.cost + lambdaCost + visited.runs * message) * daysPerMonth;
  return { cost: cost + schedules(day, 'wake-schedules'), visits: visited.runs };
}

async function organisation(plainly: boolean) {
  const [ofSome, ofNone] = [await perTarget(some, plainly), await perTarget(none, plainly)];
  // Each run of the dispatcher reads what is known of every target: 200 bytes, eventually consistent, half a unit for 4 KB.
  const register = plainly ? 0 : ((targets * 200) / 4096 / 2) * (0.125 / 1e6) * 288 * daysPerMonth;
  return {
    visits: inhabited * ofSome.visits + (targets - inhabited) * ofNone.visits,
    dollars: inhabited * ofSome.cost + (targets - inhabited) * ofNone.cost + register,
  };
}
console.log(
  `\n${whole(number('accounts'))} accounts in ${number('regions')} regions: ${whole(targets)} targets, ${whole(inhabited)} with ${some.instances} instances each, ${some.optedIn} opted in\n`,
);
row('the schedules alone', 'ours', 'plain', 'spared');
const [ourOrganisation, plainOrganisation] = [await organisation(false), await organisation(true)];
compare('visits a day', ourOrganisation.visits, plainOrganisation.visits, whole);
compare('dollars a month', ourOrganisation.dollars, plainOrganisation.dollars, dollars);
