import { clockText, type IsoTime } from '../period.ts';
import { type Schedulable, schedulableKey } from '../schedule/schedulable.ts';
import type { StartRefusals } from '../schedule/start-backoff.ts';
import { type Target, targetName } from '../target.ts';
import type { Alert } from './alert.ts';
import { schedulablesLink } from './console.ts';
import { alertId } from './identity.ts';

/** Something whose start was refused, and how often in its window. */
type RefusedStart = {
  subject: Schedulable;
  refusals: StartRefusals;
  owner?: string | undefined;
  target: Target;
  at: IsoTime;
};

type Told = Omit<RefusedStart, 'refusals'> & { refusals: Pick<StartRefusals, 'at'> };

/** Says that what could not be started at first runs after all. */
export function lateStartAlert(start: RefusedStart): Alert {
  const { subject, refusals } = start;
  return {
    ...common(start, 'started'),
    severity: 'info',
    title: `${subject.name} was started after all`,
    summary: `AWS had refused ${timesText(refusals)}, last at ${clockText(refusals.at)}: ${refusals.code}.`,
    action: 'Nothing need be done.',
  };
}

/** Says that what its schedule starts was down for the whole of its hours, because AWS refused. */
export function missedStartAlert(start: RefusedStart): Alert {
  const { subject, refusals } = start;
  return {
    ...common(start, 'missed'),
    severity: 'warning',
    title: `${subject.name} was not started in its hours: ${refusals.code}`,
    summary: `AWS refused ${timesText(refusals)}, last at ${clockText(refusals.at)}. It is tried again when its hours begin.`,
    action:
      'Where there is no capacity, another type or Availability Zone may have some, or a reservation for its hours.',
  };
}

/** Says that what was started didn't stay up, though nobody has stopped it. */
export function fallenStartAlert(start: Omit<RefusedStart, 'refusals'> & { startedAt: IsoTime }): Alert {
  const { subject, startedAt } = start;
  return {
    ...common({ ...start, refusals: { at: startedAt } }, 'fallen'),
    severity: 'warning',
    title: `${subject.name} was started, and is down again`,
    summary: `It was started at ${clockText(startedAt)}, and AWS tells of nobody who has asked for its stop since. It is tried again when its hours begin the next time.`,
    action:
      'Look at its state reason in the EC2 console. Client.InternalError on launch is most often a volume whose KMS key the watchdog may not use: docs/permissions.md#encrypted-volumes.',
  };
}

const timesText = ({ count }: StartRefusals): string => (count === 1 ? 'once' : `${count} times`);

function common(
  { subject: started, refusals, owner, target, at }: Told,
  change: 'started' | 'missed' | 'fallen',
) {
  const subject = alertId('start', target.account, target.region, schedulableKey(started));
  return {
    id: alertId(subject, change, refusals.at),
    subject,
    kind: 'start-result' as const,
    at,
    facts: [
      { label: 'Account', value: targetName(target) },
      { label: 'Owner', value: owner ?? 'none tagged' },
    ],
    items: [],
    links: schedulablesLink([started]),
    account: target.account,
    region: target.region,
    ...(owner && { owner }),
  };
}
