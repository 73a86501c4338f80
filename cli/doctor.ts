import { CostExplorerClient, ListCostAllocationTagsCommand } from '@aws-sdk/client-cost-explorer';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { scheduledFunctions, staleHeartbeats, staleText } from '../shared/alert/heartbeat.ts';
import { createClient } from '../shared/aws/client.ts';
import { getInstances } from '../shared/aws/ec2.ts';
import { counted } from '../shared/compute/evidence-text.ts';
import { clockText } from '../shared/period.ts';
import { optInKeysText } from '../shared/schedule/schedule-tag.ts';
import { getRunDays, lastSuccesses } from '../shared/store/heartbeats.ts';
import { targetName } from '../shared/target.ts';
import { instanceClients } from '../shared/watch/instance-clients.ts';
import { planSchedules } from '../shared/watch/plan-schedules.ts';
import { checkDestinations } from './destinations.ts';
import { checkDeviceMetrics } from './device-metrics.ts';
import { type Finding, fail, ok, warn } from './doctor-finding.ts';
import { type AccountOptions, printJson } from './options.ts';
import { progress } from './progress.ts';
import { checkServices } from './service-access.ts';
import { openSession, type Session } from './session.ts';
import { paint, print, type Style, screenWidth, wrap } from './terminal.ts';

type Check = { name: string; run: (session: Session) => Promise<Finding[]> };

/** `doctor`: looks at everything the watch depends on, changes nothing. Exit code 1 where something fails. */
export async function doctorCommand(options: AccountOptions): Promise<void> {
  const session = await openSession(options);
  try {
    const findings: Finding[] = [];
    for (const { name, run } of checks) {
      progress(`doctor: ${name}`);
      findings.push(...(await run(session).catch((error: Error) => [toFailure(name, error)])));
    }
    progress();
    if (options.format === 'json') printJson(findings);
    else print(findings.map(toText).join('\n'));
    if (findings.some(({ status }) => status === 'fail')) process.exitCode = 1;
  } finally {
    await session.close();
  }
}

const toFailure = (name: string, error: Error): Finding =>
  fail(name, error.message, 'docs/permissions.md lists what each part needs, and why');

const marks: Readonly<Record<Finding['status'], { mark: string; style: Style }>> = {
  ok: { mark: 'ok  ', style: 'green' },
  warn: { mark: 'warn', style: 'yellow' },
  fail: { mark: 'FAIL', style: 'red' },
};

function toText({ check, status, detail, fix, config }: Finding): string {
  const { mark, style } = marks[status];
  const indent = ' '.repeat(24);
  const lines = wrap(detail, screenWidth(), indent).trimStart();
  const mend = fix === undefined ? '' : `\n${wrap(`-> ${fix}`, screenWidth(), indent)}`;
  const file = config === undefined ? '' : `\n\n${JSON.stringify(config, null, 2)}\n`;
  return `  ${paint(style, mark)}  ${check.padEnd(16)}${lines}${mend}${file}`;
}

/** Each target by itself: one account without its role must not hide the others. */
export const checkTargets = ({ targets }: Session): Promise<Finding[]> =>
  Promise.all(
    targets.map(async (target) => {
      try {
        const instances = await getInstances(instanceClients(target).ec2, target);
        const running = instances.filter(({ state }) => state === 'running').length;
        const all = counted(instances.length, 'instance');
        return ok('targets', `${targetName(target)}: ${running} of ${all} running`);
      } catch (error) {
        return fail(
          'targets',
          `${targetName(target)}: ${(error as Error).message}`,
          'deploy resources/target-role.yml in that account, and name its role in targets.accounts',
        );
      }
    }),
  );

const unreadable = new Set(['invalid-schedule', 'invalid-keep-until', 'ambiguous-tag']);

async function checkScheduleTags({ targets, config, now, table }: Session): Promise<Finding[]> {
  const plans = [];
  for (const target of targets) {
    const clients = { ...instanceClients(target), table };
    plans.push(await planSchedules(clients, target, config, now, { readOnly: true }));
  }
  const planned = plans.flatMap((plan) => plan.planned);
  const keys = optInKeysText(config);
  return [
    planned.length > 0
      ? ok('schedule tags', `${counted(planned.length, 'instance')} with the tag ${keys}`)
      : warn(
          'schedule tags',
          `no instance carries the tag ${keys}`,
          'tag one with office hours, then run plan',
        ),
    ...planned
      .filter(({ decision }) => unreadable.has(decision.code))
      .map(({ subject, decision }) =>
        warn('schedule tags', `${subject.name} (${subject.id}): ${decision.reason}`, 'correct the tag'),
      ),
  ];
}

async function checkCostTags({ config }: Session): Promise<Finding[]> {
  const client = createClient(CostExplorerClient, { region: 'us-east-1' });
  const { CostAllocationTags = [] } = await client.send(
    new ListCostAllocationTagsCommand({ Status: 'Active' }),
  );
  const active = new Set(CostAllocationTags.map(({ TagKey }) => TagKey));
  const wanted = [...config.tags.owner, ...config.tags.team, ...config.tags.project];
  const missing = wanted.filter((key) => !active.has(key));
  return missing.length === 0
    ? [ok('cost tags', `Cost Explorer answers; activated: ${wanted.join(', ')}`)]
    : [
        warn(
          'cost tags',
          `not activated as cost allocation tags: ${missing.join(', ')}`,
          'activate them in the Billing console of the payer account (takes up to 24 hours, and is not retroactive)',
        ),
      ];
}

async function checkTable({ table }: Session): Promise<Finding[]> {
  if (!table) {
    return [
      warn(
        'state',
        'TABLE_NAME is not set: nothing is known of earlier runs',
        'set it to the table of the stack',
      ),
    ];
  }
  const { Table: description } = await table.client.send(new DescribeTableCommand({ TableName: table.name }));
  return [ok('state', `table ${table.name}: ${description?.TableStatus?.toLowerCase()}`)];
}

/** What runs by a schedule, and when it last came to its end. Where no run is on record yet there is no stack to judge. */
export async function checkHeartbeats({ table, now }: Pick<Session, 'table' | 'now'>): Promise<Finding[]> {
  if (!table) return [];
  const last = lastSuccesses(await getRunDays(table), now);
  if (last.size === 0) return [warn('heartbeats', 'no run is on record yet', 'deploy, and wait for an hour')];
  const stale = new Map(staleHeartbeats(last, now).map((one) => [one.name, one]));
  return scheduledFunctions.map((name) => {
    const overdue = stale.get(name);
    return overdue
      ? fail('heartbeats', staleText([overdue]), `see the log of ${name}, and the failure queue`)
      : ok('heartbeats', `${name}: last success ${clockText(last.get(name) ?? now)}`);
  });
}

const checks: readonly Check[] = [
  {
    name: 'credentials',
    run: async ({ home }) => [ok('credentials', `account ${home.account}, region ${home.region}`)],
  },
  {
    name: 'mode',
    run: async ({ config }) => [
      config.enforce
        ? ok('mode', 'enforce: instances are stopped and started by their tags')
        : ok('mode', 'observe: nothing is stopped until the configuration says enforce: true'),
    ],
  },
  { name: 'targets', run: checkTargets },
  { name: 'services', run: checkServices },
  { name: 'schedule tags', run: checkScheduleTags },
  { name: 'GPU metrics', run: checkDeviceMetrics },
  { name: 'cost tags', run: checkCostTags },
  { name: 'state', run: checkTable },
  { name: 'heartbeats', run: checkHeartbeats },
  { name: 'destinations', run: checkDestinations },
];
