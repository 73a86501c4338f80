import type { Stopping } from '../compute/resource.ts';
import { clockText } from '../period.ts';
import type { RefusalCode } from '../schedule/refusal.ts';
import { cut, oneLine } from './text.ts';

/** What a tag or a name says, within a sentence of ours: on one line, and no longer than a reader bears. */
export const quotedText = (text: string): string => cut(oneLine(text), 120);

/** What to do instead, by why it is not to be stopped. */
const alternatives: Readonly<Partial<Record<RefusalCode, string>>> = {
  'protected-environment': 'Ask its owner whether it is still needed.',
  'protected-account': 'Ask its owner whether it is still needed.',
  'auto-scaling': 'Scale the group in instead, where it is one of Kubernetes by its node group.',
  managed: 'Release it in the service that started it.',
  fleet: 'End the request of the fleet instead, or lower its target capacity.',
  'capacity-block': 'Give it work until the block ends.',
  'interruptible-capacity': 'Terminate it if nobody needs it.',
  'scheduled-instance': 'Let its schedule end it.',
  'unknown-lifecycle': 'See how it was bought before you act.',
  'spot-one-time': 'Terminate it if nobody needs it.',
  'spot-launch-group': 'Cancel the requests of its group instead, and terminate its instances.',
  'spot-unknown':
    'See its request: an instance of a one-time request, or of a fleet, can only be terminated.',
  'instance-store-root': 'Terminate it if nobody needs it.',
  'invalid-keep-until': 'Ask its owner, and correct the tag.',
};

/** Why an instance is not to be stopped, and what to do instead; undefined where nothing is known against it. */
export function insteadOfStopping(stop: Stopping = {}): string | undefined {
  const { refusal } = stop;
  const parts = [
    refusal && `${barText(refusal)} ${alternatives[refusal.code as RefusalCode] ?? ''}`.trim(),
    keptText(stop),
  ];
  return parts.filter(Boolean).join(' ') || undefined;
}

/** Why an instance is not to be given another type, which takes a stop, and what to do instead. */
export function insteadOfChanging(stop: Stopping = {}): string | undefined {
  const { refusal } = stop;
  const elsewhere =
    'Take the smaller type where it is launched from: a launch template, a node group, a request.';
  return (
    [refusal && `${barText(refusal)} ${elsewhere}`, keptText(stop)].filter(Boolean).join(' ') || undefined
  );
}

const barText = ({ reason }: NonNullable<Stopping['refusal']>): string =>
  `Not to be stopped: ${quotedText(reason)}.`;

const keptText = ({ keptUntil }: Stopping): string | undefined =>
  keptUntil && `Its tag asks to leave it alone until ${clockText(keptUntil)}: ask its owner first.`;

/** What a stop loses; undefined where that is nothing, or nobody knows. */
export const lossText = ({ lostGb }: Stopping = {}): string | undefined =>
  lostGb === undefined
    ? undefined
    : `Its ${lostGb.toLocaleString('en-US')} GB of local disks are lost when it stops: save what is needed first.`;
