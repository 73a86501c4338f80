import { instanceName } from '../shared/compute/instance.ts';
import { formatMoney } from '../shared/money.ts';
import { optInKeysText } from '../shared/schedule/schedule-tag.ts';
import type { Target } from '../shared/target.ts';
import { targetName } from '../shared/target.ts';
import { instanceClients } from '../shared/watch/instance-clients.ts';
import { type Plan, type Planned, planSchedules } from '../shared/watch/plan-schedules.ts';
import { type AccountOptions, printJson } from './options.ts';
import { openPricedSession } from './priced-session.ts';
import { progress } from './progress.ts';
import type { Session } from './session.ts';
import { type Cell, paint, perHour, print, relativeTime, type Style, table } from './terminal.ts';

/** What a program reads of one instance of the plan. */
type PlanEntry = {
  account: string;
  region: string;
  instanceId: string;
  name: string;
  owner?: string | undefined;
  action: Planned['decision']['action'];
  code: string;
  reason: string;
  until?: string | undefined;
  utilization?: Planned['utilization'];
  hourlyRate?: number | undefined;
};

/** `plan`: what enforce-schedules would do now in every target, and why. Changes nothing. */
export async function planCommand(options: AccountOptions): Promise<void> {
  const session = await openPricedSession(options);
  try {
    const plans = await makePlans(session);
    if (options.format === 'json') printJson(plans.flatMap(({ planned }) => planned.map(toEntry)));
    else print(planText(plans, session));
  } finally {
    await session.close();
  }
}

/** The plan of every target, one after the other. */
export async function makePlans({ targets, config, now, table: state }: Session): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const [index, target] of targets.entries()) {
    progress(`plan: ${targetName(target)} (${index + 1} of ${targets.length})`);
    const clients = { ...instanceClients(target), table: state };
    plans.push(await planSchedules(clients, target, config, now, { measureAll: true, readOnly: true }));
  }
  progress();
  return plans;
}

const toEntry = ({ instance, owner, decision, utilization, hourlyRate }: Planned): PlanEntry => ({
  account: instance.account,
  region: instance.region,
  instanceId: instance.instanceId,
  name: instanceName(instance),
  owner,
  action: decision.action,
  code: decision.code,
  reason: decision.reason,
  until: decision.until,
  utilization,
  hourlyRate,
});

/** The plan as people read it: what changes first, the most costly first, then what is kept and why. */
export function planText(plans: readonly Plan[], { config, now }: Pick<Session, 'config' | 'now'>): string {
  const planned = plans.flatMap(({ target, planned: entries }) =>
    entries.map((entry) => ({ ...entry, target })),
  );
  if (planned.length === 0) {
    return `No instance carries the tag ${optInKeysText(config)} in ${plans.length} targets: nothing to plan.`;
  }
  const rows = planned.toSorted(byAction).map((entry) => toRow(entry, now));
  return [
    table(['', 'instance', 'account', 'owner', '>rate', 'why'], rows),
    '',
    `  ${summary(planned)}`,
    config.enforce
      ? '  Enforcement is on: enforce-schedules does this with its next run.'
      : '  Observe mode: nothing is stopped until the configuration says enforce: true.',
  ].join('\n');
}

const order: readonly Planned['decision']['action'][] = ['stop', 'warn', 'start', 'keep'];

const byAction = (one: Planned, other: Planned): number =>
  order.indexOf(one.decision.action) - order.indexOf(other.decision.action) ||
  (other.hourlyRate ?? 0) - (one.hourlyRate ?? 0);

const styles: Readonly<Record<Planned['decision']['action'], Style>> = {
  stop: 'red',
  warn: 'yellow',
  start: 'green',
  keep: 'dim',
};

function toRow(
  { instance, owner, decision, hourlyRate, target }: Planned & { target: Target },
  now: string,
): Cell[] {
  return [
    { text: decision.action, style: styles[decision.action] },
    instanceName(instance),
    `${target.accountName ?? target.account} ${target.region}`,
    owner ?? '-',
    perHour(hourlyRate),
    decision.action === 'warn' && decision.until
      ? `${decision.reason}; to be stopped ${relativeTime(decision.until, now)}${reprieve(decision)}`
      : decision.reason,
  ];
}

/** What would still spare it, where anything but its tags does. */
const reprieve = ({ code }: Planned['decision']): string =>
  code === 'always-off-hours' ? '' : ' unless it gets busy';

/** `7 to warn ($23.10/h), 0 to stop, 21 kept` */
function summary(planned: readonly Planned[]): string {
  const parts = order.map((action) => {
    const entries = planned.filter(({ decision }) => decision.action === action);
    const rate = entries.reduce((sum, { hourlyRate }) => sum + (hourlyRate ?? 0), 0);
    return action === 'keep'
      ? `${entries.length} to keep`
      : `${paint('bold', `${entries.length} to ${action}`)}${rate > 0 ? ` (${formatMoney(rate)} an hour)` : ''}`;
  });
  return parts.join(', ');
}
