import type { Recommendation } from '../advice/recommendation.ts';
import type { Check } from '../compute/check.ts';
import type { Finding } from '../compute/finding.ts';
import { formatMoney } from '../money.ts';

type Advice = {
  /** What to do, before the name of what it is done to. */
  todo: string;
  /** From when on it saves. */
  payback: string;
};

const atOnce = 'pays from the hour it is done';
const nextStart = 'pays from its next start';
const workFirst = 'pays once the work on it is done';

/** What to do about each check in a clause; docs/checks says it at length. */
const advice: Readonly<Record<Check, Advice>> = {
  'idle-accelerator': { todo: 'Stop', payback: atOnce },
  'loaded-not-computing': { todo: 'End what holds the memory of, and stop', payback: atOnce },
  'not-distributed': { todo: 'Spread the job over all accelerators of', payback: workFirst },
  'data-starved': { todo: 'Feed data faster to', payback: workFirst },
  oversized: { todo: 'Take a smaller type for', payback: nextStart },
  'small-batch': { todo: 'Raise the batch size on', payback: workFirst },
  'underused-accelerator': { todo: 'Share, or take a smaller type for,', payback: nextStart },
  'idle-endpoint': { todo: 'Delete the endpoint', payback: atOnce },
  'underused-endpoint': { todo: 'Let Auto Scaling shrink', payback: atOnce },
  'idle-notebook': { todo: 'Stop the notebook', payback: atOnce },
  'idle-studio-app': { todo: 'Delete the app', payback: atOnce },
  'idle-warm-pool': { todo: 'Let go of the warm pool of', payback: atOnce },
  'job-stuck-starting': { todo: 'Stop the stuck job', payback: atOnce },
  'job-over-limit': { todo: 'Check the job', payback: atOnce },
  'job-idle': { todo: 'Stop the idle job', payback: atOnce },
  'job-failed-late': { todo: 'Add checkpoints to', payback: workFirst },
  'job-duplicate': { todo: 'Reuse the result of', payback: workFirst },
  'gpu-requested-unused': { todo: 'Request fewer GPUs for', payback: atOnce },
  'idle-throughput': { todo: 'Delete the throughput', payback: atOnce },
  'underused-throughput': { todo: 'Take fewer units for', payback: atOnce },
  'uncached-prompts': { todo: 'Cache the prompts of', payback: workFirst },
};

/** `Stop reranker-train (p4d.24xlarge in ml-dev, jonas): $23,922 a month, pays from the hour it is done` */
export function adviceText(
  { finding, monthly }: Recommendation,
  names: Readonly<Record<string, string>>,
): string {
  const { todo, payback } = advice[finding.check];
  return `${todo} ${finding.name} (${whatItIs(finding, names)}): ${formatMoney(monthly)} a month, ${payback}.`;
}

function whatItIs(
  { type, account, attribution: { owner, team }, proposal }: Finding,
  names: Readonly<Record<string, string>>,
): string {
  const instead = proposal ? `, ${proposal.type} instead` : '';
  return `${type} in ${names[account] ?? account}, ${owner ?? team ?? 'no owner'}${instead}`;
}
