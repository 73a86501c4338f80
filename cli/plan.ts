import type { IsoTime } from '../shared/period.ts';
import { addMilliseconds } from '../shared/period.ts';
import { type Forecast, forecast } from '../shared/schedule/forecast.ts';
import { parseKeepFor } from '../shared/schedule/keep.ts';
import { targetName } from '../shared/target.ts';
import { instanceClients } from '../shared/watch/instance-clients.ts';
import { type Plan, type Planned, planSchedules } from '../shared/watch/plan-schedules.ts';
import { InputError } from './input-error.ts';
import { type AccountOptions, printJson } from './options.ts';
import { planText } from './plan-text.ts';
import { openPricedSession } from './priced-session.ts';
import { progress } from './progress.ts';
import type { Session } from './session.ts';
import { print } from './terminal.ts';

/** What a program reads of one thing in the plan. */
type PlanEntry = {
  account: string;
  region: string;
  kind: Planned['subject']['kind'];
  id: string;
  /** Of EC2 instances, the same as `id`. */
  instanceId?: string;
  name: string;
  owner?: string | undefined;
  action: Planned['decision']['action'];
  code: string;
  reason: string;
  until?: string | undefined;
  utilization?: Planned['utilization'];
  hourlyRate?: number | undefined;
  /** With --for: what that time would bring. */
  forecast?: Forecast | undefined;
};

type PlanOptions = AccountOptions & { for?: string };

/** `plan`: what enforce-schedules would do now in every target, and why; with `--for` what it would do then. */
export async function planCommand(options: PlanOptions): Promise<void> {
  const minutes = options.for === undefined ? undefined : toMinutes(options.for);
  const session = await openPricedSession(options);
  try {
    const plans = await makePlans(session);
    const until = minutes === undefined ? undefined : addMilliseconds(session.now, minutes * 60_000);
    if (options.format === 'json') {
      printJson(plans.flatMap(({ planned }) => planned.map((each) => toEntry(each, until))));
    } else {
      print(planText(plans, session, until));
    }
  } finally {
    await session.close();
  }
}

function toMinutes(text: string): number {
  const minutes = parseKeepFor(text);
  if (minutes !== undefined && minutes <= 14 * 1440) return minutes;
  throw new InputError(`--for "${text}": expected minutes, hours or days up to 14 days, e.g. 24h`);
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

const toEntry = (
  { subject, owner, decision, utilization, hourlyRate, input }: Planned,
  until: IsoTime | undefined,
): PlanEntry => ({
  account: subject.account,
  region: subject.region,
  kind: subject.kind,
  id: subject.id,
  ...(subject.kind === 'ec2-instance' && { instanceId: subject.id }),
  name: subject.name,
  owner,
  action: decision.action,
  code: decision.code,
  reason: decision.reason,
  until: decision.until,
  utilization,
  hourlyRate,
  ...(until !== undefined && { forecast: forecast(input, until) }),
});
