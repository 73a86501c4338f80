import type { Check } from '../compute/check.ts';
import { formatDuration } from '../compute/duration.ts';
import type { Finding } from '../compute/finding.ts';
import { type Resource, type ResourceKind, runsSince } from '../compute/resource.ts';
import { clockText, type IsoTime } from '../period.ts';
import { awsCommand } from './command.ts';
import { insteadOfChanging, insteadOfStopping, lossText, quotedText } from './stopping-text.ts';

/** What an alert tells of: `now` is the run's time, `tags` the keys that the configuration names. */
export type Told = {
  finding: Finding;
  resource: Resource;
  tags: { schedule: string; instanceStore: string; workload: readonly string[] };
  now: IsoTime;
};

type CheckText = {
  /** What is so once it is over, after what it is called: `works again`. */
  over: string;
  /** What is wrong, after what it is called: `has done nothing for 2 days 13 h`. */
  title: (told: Told) => string;
  /** The same in a sentence of its own, for those who have read the title. */
  meaning: (told: Told) => string;
  /** The next step; a command stands on a line of its own. */
  step: (told: Told) => string;
};

/** How each check is told to people; docs/checks has a page for each. */
export const checkTexts: Readonly<Record<Check, CheckText>> = {
  'idle-accelerator': {
    over: 'works again',
    title: (told) => `has done nothing for ${spanOf(told)}`,
    meaning: (told) => `None of its accelerators has worked since ${sinceOf(told)}.`,
    step: releaseStep,
  },
  'loaded-not-computing': {
    over: 'computes again',
    title: (told) => `holds memory and has computed nothing for ${spanOf(told)}`,
    meaning: (told) =>
      `A notebook or a server may be loaded there; none of its accelerators has worked since ${sinceOf(told)}.`,
    step: (told) =>
      `End the kernel or process that holds the memory. ${releaseStep(told, standbyHint(told))}`,
  },
  'not-distributed': {
    over: 'is used as a whole',
    title: ({ finding }) =>
      `works on a part of its accelerators, ${wastedPercent(finding) ?? 'half or more'} of them idle`,
    meaning: (told) =>
      `The same ones work and the others have been silent since ${sinceOf(told)}: its job isn't spread over all of them.`,
    step: () =>
      'Start the job on all of them, with a process for each (torchrun --nproc-per-node=gpu, or the launcher of its framework), or move it to a type that has no more than it uses.',
  },
  'data-starved': {
    over: 'waits for its data no longer',
    title: () => 'waits for its data',
    meaning: () => 'Its accelerators work in bursts and wait in between, while its CPU is full.',
    step: () =>
      'Feed it faster: more loader workers, prefetching, decoding done once in advance, data on a local disk or FSx for Lustre. Where the CPU stays full, take a type with more vCPUs for each accelerator.',
  },
  oversized: {
    over: 'fits what it does',
    title: ({ finding: { proposal } }) =>
      proposal ? `would fit ${proposal.type}` : 'is larger than what it does',
    meaning: () => 'What it does fits a smaller type, by devices, their memory and vCPUs.',
    step: smallerTypeStep,
  },
  'small-batch': {
    over: 'has its room used',
    title: () => 'has room for larger batches',
    meaning: () => 'Its accelerators work at less than half, and most of their memory is free.',
    step: () =>
      'Raise the batch size until memory or utilisation is full. Where the result forbids it, run two jobs side by side, or take a type with a smaller accelerator.',
  },
  'underused-accelerator': {
    over: 'works its accelerators',
    title: () => 'hardly works its accelerators',
    meaning: () => 'They work, and little at the busiest of times.',
    step: ({ finding: { kind } }) =>
      isJob(kind)
        ? 'Take fewer or smaller instances for the next run, or give each step more work: larger batches, more loader workers, mixed precision.'
        : 'Share it between jobs, give it more work, or move what it does to a smaller type.',
  },
  'idle-endpoint': {
    over: 'is invoked again',
    title: (told) => `has not been invoked for ${spanOf(told)}`,
    meaning: (told) =>
      `Nobody has invoked it since ${sinceOf(told)}, and its instances are paid for all the same.`,
    step: (told) =>
      withCommand(
        'Delete it if nobody needs it: its model and its configuration stay, so that it can be made again. For rare calls, serverless inference or an asynchronous endpoint that scales to zero costs nothing in between.',
        commandOf(told, 'sagemaker delete-endpoint', { 'endpoint-name': told.finding.id }),
      ),
  },
  'underused-endpoint': {
    over: 'has enough to do',
    title: () => 'has little to do',
    meaning: () => 'It is invoked, and its instances hardly work.',
    step: () =>
      'Let it scale in with its invocations (Application Auto Scaling), take a smaller type, or put several models behind it as inference components.',
  },
  'idle-notebook': {
    over: 'works again',
    title: (told) => `has done nothing for ${spanOf(told)}`,
    meaning: (told) => `Nothing has run on it since ${sinceOf(told)}.`,
    step: (told) =>
      withCommand(
        'Stop it: what is saved under /home/ec2-user/SageMaker stays. A lifecycle configuration can stop it when it is idle from now on.',
        commandOf(told, 'sagemaker stop-notebook-instance', { 'notebook-instance-name': told.finding.id }),
      ),
  },
  'idle-studio-app': {
    over: 'is used again',
    title: (told) => `has been used by nobody for ${spanOf(told)}`,
    meaning: (told) =>
      `Nobody has been active in it since ${sinceOf(told)}; a kernel may compute there all the same.`,
    step: (told) =>
      withCommand(
        'Delete the app where nothing computes in it: files saved in its space or home folder stay. Idle shutdown in the settings of its domain does so from now on.',
        commandOf(told, 'sagemaker delete-app', appOptions(told.finding.id)),
      ),
  },
  'idle-warm-pool': {
    over: 'waits no longer',
    title: (told) => `has waited for a job for ${spanOf(told)}`,
    meaning: (told) =>
      `Its instances have been kept for a next job since ${sinceOf(told)}, at the price of training.`,
    step: (told) =>
      withCommand(
        'Start the next job, or let the pool go. A shorter KeepAlivePeriodInSeconds bounds it from now on.',
        commandOf(told, 'sagemaker update-training-job', {
          'training-job-name': told.finding.id,
          'resource-config': 'KeepAlivePeriodInSeconds=0',
        }),
      ),
  },
  'job-stuck-starting': {
    over: 'has begun to work',
    title: (told) => `has not begun to work after ${spanOf(told)}`,
    meaning: () => 'It was started, and is not at work yet.',
    step: (told) =>
      stopJobStep(
        told,
        'See its status and log: no capacity, a subnet without addresses, an image or data that cannot be read. Stop it where nothing moves.',
      ),
  },
  'job-over-limit': {
    over: 'is within its limit',
    title: (told) => {
      const since = runsSince(told.resource);
      if (since === undefined) return 'runs longer than its limit';
      return `has run for ${formatDuration(Date.parse(told.now) - Date.parse(since))}, longer than its limit`;
    },
    meaning: () => 'Jobs of its team end sooner. It may be right, or hang.',
    step: (told) =>
      stopJobStep(
        told,
        'Ask who started it whether it still learns. Stop it if not, and give the next one a maximum runtime. Where such jobs are meant, raise the limit of its team in utilization.jobs.teams.',
      ),
  },
  'job-idle': {
    over: 'computes again',
    title: (told) => `has computed nothing for ${spanOf(told)}`,
    meaning: (told) => `It is running, and none of its accelerators has worked since ${sinceOf(told)}.`,
    step: (told) =>
      stopJobStep(
        told,
        'See its log: waiting for data, a process that hangs, or hosts that wait for each other look like this. Stop it where nothing moves; the next one can go on from its last checkpoint.',
      ),
  },
  'job-failed-late': {
    over: 'was long ago',
    title: failureTitle,
    meaning: ({ finding: { since }, resource: { ran } }) =>
      ran !== undefined && ran.times > 1
        ? `The first of them ended ${clockText(since)}, and what all of them had computed is paid for.`
        : `It ended ${clockText(since)}, and what it had computed is paid for.`,
    step: (told) =>
      withCommand(
        'Mend what made it fail, and try that in a short run on a small type first. With checkpoints in S3 the next one goes on from where this one ended, and can run as cheaper managed spot training.',
        describeJob(told),
      ),
  },
  'job-duplicate': {
    over: 'repeats no other',
    title: () => 'repeats an earlier one',
    meaning: () => 'The same image, hyper-parameters and data ran before.',
    step: () =>
      'Take the result of the first one. Where a pipeline or a retry starts the same again, let it look for a finished run first; SageMaker Pipelines do with step caching.',
  },
  'gpu-requested-unused': {
    over: 'uses its GPUs',
    title: (told) =>
      usesNone(told.finding)
        ? `has used none of its GPUs for ${spanOf(told)}`
        : `has left ${wastedPercent(told.finding) ?? 'half or more'} of its GPUs unused for ${spanOf(told)}`,
    meaning: (told) =>
      `${usesNone(told.finding) ? 'The' : 'Some of the'} GPUs that it requests have done nothing since ${sinceOf(told)}, and nobody else can have them.`,
    step: () =>
      'Scale it to 0 where nobody needs it, or request no more GPUs than it uses. What needs a part of one can share it by time slicing or MIG; the node is paid for until nothing on it requests a GPU.',
  },
  'idle-throughput': {
    over: 'is invoked again',
    title: (told) => `has not been invoked for ${spanOf(told)}`,
    meaning: (told) =>
      `No model has been invoked through it since ${sinceOf(told)}; units are paid for by the hour, used or not.`,
    step: (told) =>
      withCommand(
        'Delete it if nobody needs it, and invoke on demand, where tokens are paid for. One with a commitment runs to the end of it: then let it end.',
        commandOf(told, 'bedrock delete-provisioned-model-throughput', {
          'provisioned-model-id': told.finding.id,
        }),
      ),
  },
  'underused-throughput': {
    over: 'is used',
    title: () => 'is hardly used',
    meaning: () => 'It is invoked, at much less than its units have proven to take.',
    step: () =>
      'Compare with on-demand tokens at this volume, and take fewer units: without commitment now, with one when it ends.',
  },
  'uncached-prompts': {
    over: 'reads its prompts from the cache',
    title: () => 'reads hardly any prompt from the cache',
    meaning: () => 'Long prompts are paid for in full each time they are sent.',
    step: () =>
      'Put what stays the same (instructions, tools, documents) at the beginning of the prompt, and a cache point after it: tokens read from the cache cost up to 90 % less.',
  },
};

const isJob = (kind: ResourceKind): boolean => jobNouns[kind] !== undefined;

/** As SageMaker's operations name the kinds of jobs. */
const jobNouns: Readonly<Partial<Record<ResourceKind, string>>> = {
  'sagemaker-training-job': 'training-job',
  'sagemaker-processing-job': 'processing-job',
  'sagemaker-transform-job': 'transform-job',
};

function spanOf(told: Told): string {
  const length = Date.parse(told.now) - Date.parse(told.finding.since);
  // Nobody looked an hour further back, so that no hour is worth telling.
  return isAtLeast(told) ? `at least ${Math.round(length / dayMs)} days` : formatDuration(length);
}

const sinceOf = (told: Told): string =>
  `${isAtLeast(told) ? 'at least ' : ''}${clockText(told.finding.since)}`;

/** Whether it was so before anybody looked: its beginning is as far back as a look goes, and it was up before. */
export function isAtLeast({ finding: { since, openedAt }, resource: { startedAt } }: Told): boolean {
  const looked = Date.parse(openedAt) - Date.parse(since);
  const wasUp = startedAt === undefined || Date.parse(startedAt) < Date.parse(since);
  return wasUp && Math.abs(looked - lookBackMs) <= lookBackSlackMs;
}

const dayMs = 86_400_000;

/** How far back is looked for the last work, in whole hours, and by how much that may be off. */
const lookBackMs = 14 * dayMs;
const lookBackSlackMs = 2 * 3_600_000;

/** `88 %` of its price; undefined where the price is unknown. */
function wastedPercent({ hourlyRate, wastedHourlyRate }: Finding): string | undefined {
  if (!hourlyRate || wastedHourlyRate === undefined) return undefined;
  return `${Math.round((100 * wastedHourlyRate) / hourlyRate)} %`;
}

/** Where the price is unknown, nobody can tell from it. */
const usesNone = ({ hourlyRate, wastedHourlyRate }: Finding): boolean =>
  hourlyRate !== undefined && wastedHourlyRate === hourlyRate;

function failureTitle({ resource: { ran } }: Told): string {
  if (ran !== undefined && ran.times > 1) return `failed ${ran.times} times alike`;
  return ran?.length === undefined ? 'failed' : `failed after ${formatDuration(ran.length)}`;
}

/** What the product itself would not stop it gives no command to stop. */
function releaseStep(told: Told, hint?: string): string {
  const { finding, resource } = told;
  if (finding.kind === 'hyperpod-node') return nodeStep(told);
  const instead = insteadOfStopping(resource.stop);
  const loss = lossText(resource.stop);
  if (instead !== undefined) return joined(instead, loss, hint);
  return withCommand(
    joined('Stop it if nobody needs it, or terminate it.', loss, hint ?? offHoursHint(told)),
    commandOf(told, 'ec2 stop-instances', { 'instance-ids': instanceIdOf(finding.id) }),
  );
}

/** A node is called after its cluster and instance group: `research/workers`. */
function nodeStep(told: Told): string {
  const { id, name } = told.finding;
  const [, cluster] = /^([^/]+)\/./.exec(name) ?? [];
  return withCommand(
    'Give it work, or lower the instance count of its group, where SageMaker chooses which node goes. To take this one out of its cluster, save what is on its disks first.',
    commandOf(told, 'sagemaker batch-delete-cluster-nodes', {
      'cluster-name': cluster,
      'node-ids': instanceIdOf(id),
    }),
  );
}

function offHoursHint({ resource, tags }: Told): string {
  const hours = resource.tags[tags.schedule];
  const disks = resource.stop?.lostGb === undefined ? '' : `, and ${tags.instanceStore} with "discard"`;
  return hours === undefined
    ? `To have it stopped out of hours from now on, tag it ${tags.schedule} with the hours in which it may run, e.g. "Mon-Fri 08:00-19:00 Europe/Berlin"${disks}.`
    : `Its tag ${tags.schedule} is "${quotedText(hours)}": see with "watchdog plan" what that will do.`;
}

function standbyHint({ tags: { workload } }: Told): string {
  const [key] = workload;
  return key === undefined
    ? ''
    : `If it is to stand by, tag it ${key} with one of the values of idle.standby, e.g. "standby".`;
}

function smallerTypeStep(told: Told): string {
  const { kind, id, proposal } = told.finding;
  if (kind !== 'ec2-instance') return 'Take a smaller type for the next one.';
  const { stop } = told.resource;
  const instead = insteadOfChanging(stop);
  if (instead !== undefined) return instead;
  const loss = stop === undefined ? 'Local disks are lost.' : lossText(stop);
  return withCommand(
    joined('Stop it, change its type and start it again; its public address changes.', loss),
    commandOf(told, 'ec2 modify-instance-attribute', {
      'instance-id': instanceIdOf(id),
      'instance-type': proposal && `Value=${proposal.type}`,
    }),
  );
}

function stopJobStep(told: Told, advice: string): string {
  const noun = jobNouns[told.finding.kind];
  return withCommand(
    advice,
    noun && commandOf(told, `sagemaker stop-${noun}`, { [`${noun}-name`]: told.finding.id }),
  );
}

function describeJob(told: Told): string | undefined {
  const noun = jobNouns[told.finding.kind];
  return (
    noun &&
    commandOf(told, `sagemaker describe-${noun}`, {
      [`${noun}-name`]: told.finding.id,
      query: 'FailureReason',
    })
  );
}

const commandOf = (
  { finding: { region } }: Told,
  operation: string,
  values: Readonly<Record<string, string | undefined>>,
): string | undefined => awsCommand(operation, region, values);

const joined = (...sentences: readonly (string | undefined)[]): string => sentences.filter(Boolean).join(' ');

const withCommand = (advice: string, command: string | undefined): string =>
  command === undefined ? advice : `${advice.trim()}\n${command}`;

const instanceIdOf = (id: string): string | undefined => /i-[0-9a-f]{8,17}$/.exec(id)?.[0];

/** An app's id is `domain/space or user/owner/type/name`. */
function appOptions(id: string): Record<string, string | undefined> {
  const [domain, kind, owner, type, name] = id.split('/');
  return {
    'domain-id': domain,
    [kind === 'space' ? 'space-name' : 'user-profile-name']: owner,
    'app-type': type,
    'app-name': name,
  };
}
