import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { drainQueue } from '../cli/local-runtime.ts';
import { openSampleAccount, type SampleAccount } from '../cli/sample/account.ts';
import { createClient } from '../shared/aws/client.ts';
import { loadConfig, parseConfig } from '../shared/config.ts';
import { flushOutbox } from '../shared/store/outbox.ts';
import { putStopBlock } from '../shared/store/stop-block.ts';
import { openTable } from '../shared/store/table.ts';
import { homeOf, targetsOf } from '../shared/target.ts';
import { type Enforced, enforceSchedules } from '../shared/watch/enforce-schedules.ts';
import { type Planned, planSchedules } from '../shared/watch/plan-schedules.ts';
import { targetClients } from '../shared/watch/target-clients.ts';
import { afterGrace, type Evening, evening, idOf, machine, openEvening } from './support/evening.ts';

/** What changes a service or a node group, and the one adapter that may ask for it. */
const otherPowers = [
  ['client-ecs', 'UpdateService', 'shared/aws/ecs.ts', /\b(stop|start)Services\(/, 'ecs-services'],
  [
    'client-eks',
    'UpdateNodegroupConfig',
    'shared/aws/eks.ts',
    /\b(stop|start)Nodegroups\(/,
    'eks-nodegroups',
  ],
] as const;

/** The calls of EC2 that the source may make at all; every other is one that changes something. */
const reading = /^(Describe|Get|List)/;

const root = fileURLToPath(new URL('..', import.meta.url));

const sourcesIn = (folder: string): { file: string; source: string }[] =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({
      file: `${folder}/${name}`,
      source: readFileSync(`${root}${folder}/${name}`, 'utf8'),
    }));

const product = ['functions', 'shared', 'cli'].flatMap(sourcesIn);

describe('who may change an instance', () => {
  it('is one gated file: nobody else makes a command that stops or starts', () => {
    const makers = product.filter(({ source }) => /new (Stop|Start)InstancesCommand\b/.test(source));
    expect(makers.map(({ file }) => file)).toEqual(['shared/aws/power.ts']);
  });

  it('is nobody else by another way: no other module of EC2 takes a command that changes anything', () => {
    const imports = product.flatMap(({ file, source }) =>
      [...source.matchAll(/import (type )?\{([^}]*)\} from '@aws-sdk\/client-ec2'/g)].flatMap(
        ([, onlyTypes, names = '']) =>
          onlyTypes
            ? []
            : names
                .split(',')
                .map((name) => name.trim())
                .filter((name) => name.endsWith('Command') && !name.startsWith('type '))
                .filter((name) => !reading.test(name))
                .map((name) => `${file}: ${name}`),
      ),
    );
    expect(imports.toSorted()).toEqual([
      'shared/aws/power.ts: StartInstancesCommand',
      'shared/aws/power.ts: StopInstancesCommand',
      'shared/aws/tag-instance.ts: CreateTagsCommand', // the keep-until tag: it protects
    ]);
  });

  it('is one gated file for SageMaker too, which makes each changing command once', () => {
    const changing = product.flatMap(({ file, source }) =>
      [...source.matchAll(/import (type )?\{([^}]*)\} from '@aws-sdk\/client-sagemaker'/g)].flatMap(
        ([, onlyTypes, names = '']) =>
          onlyTypes
            ? []
            : [...names.matchAll(/(?<!type )\b(\w+)Command\b/g)].flatMap(([, command = '']) =>
                reading.test(command) ? [] : [`${file}: ${command}`],
              ),
      ),
    );
    const commands = [
      'CreateEndpoint',
      'DeleteApp',
      'DeleteEndpoint',
      'StartNotebookInstance',
      'StopNotebookInstance',
    ];
    expect(changing.toSorted()).toEqual([
      ...commands.map((command) => `shared/aws/sagemaker-power.ts: ${command}`),
      'shared/aws/tag-sagemaker.ts: AddTags', // the keep-until tag: it protects
    ]);
    const source = product.find(({ file }) => file === 'shared/aws/sagemaker-power.ts')?.source ?? '';
    for (const command of commands) {
      expect(source.match(new RegExp(`new ${command}Command\\b`, 'g'))).toHaveLength(1);
    }
    const callers = product.filter(({ source: text }) =>
      /\b(stopNotebooks|startNotebooks|deleteApps|deleteEndpoints|createEndpoints)\(/.test(text),
    );
    expect(callers.map(({ file }) => file).toSorted()).toEqual([
      'shared/watch/kinds/sagemaker-apps.ts',
      'shared/watch/kinds/sagemaker-endpoints.ts',
      'shared/watch/kinds/sagemaker-notebooks.ts',
    ]);
    const others = product.filter(({ source: text }) =>
      /import \* as \w+ from '@aws-sdk\/client-sagemaker'|import\('@aws-sdk\/client-sagemaker'\)|new SageMaker\(/.test(
        text,
      ),
    );
    expect(others.map(({ file }) => file)).toEqual([]);
  });

  it('writes no tag but the one that protects, and only where a person asks for it', () => {
    const writers = product.filter(({ source }) => /\btagSubject\(context/.test(source));
    expect(writers.map(({ file }) => file)).toEqual(['shared/watch/keep.ts']);
    expect(writers[0]?.source).toContain(
      'tagSubject(context, subject, context.config.tags.keepUntil, until)',
    );
    const keepers = product.filter(({ source }) => /\bkeepRunning\(/.test(source));
    expect(keepers.map(({ file }) => file).toSorted()).toEqual([
      'cli/keep.ts',
      'shared/watch/act-on-warning.ts', // a button that somebody pressed
    ]);
  });

  it('reaches EC2 by its commands alone, whose imports the test above reads', () => {
    const others = product.filter(({ source }) =>
      /import \* as \w+ from '@aws-sdk\/client-ec2'|import\('@aws-sdk\/client-ec2'\)|new EC2\(/.test(source),
    );
    expect(others.map(({ file }) => file)).toEqual([]);
  });

  it.each([
    [
      'rds',
      'shared/aws/rds.ts',
      ['StartDBCluster', 'StartDBInstance', 'StopDBCluster', 'StopDBInstance'],
      'shared/aws/tag-database.ts: AddTagsToResource',
    ],
    [
      'auto-scaling',
      'shared/aws/auto-scaling.ts',
      ['UpdateAutoScalingGroup'],
      'shared/aws/tag-scaling-group.ts: CreateOrUpdateTags',
    ],
  ])(
    'is one gated file for %s too, which makes each changing command once',
    (service, adapter, commands, keeping) => {
      const importing = new RegExp(`import (type )?\\{([^}]*)\\} from '@aws-sdk/client-${service}'`, 'g');
      const changing = product.flatMap(({ file, source }) =>
        [...source.matchAll(importing)].flatMap(([, onlyTypes, names = '']) =>
          onlyTypes
            ? []
            : [...names.matchAll(/(?<!type )\b(\w+)Command\b/g)].flatMap(([, command = '']) =>
                reading.test(command) ? [] : [`${file}: ${command}`],
              ),
        ),
      );
      const powers = commands.map((command) => `${adapter}: ${command}`);
      expect(changing.toSorted()).toEqual([...powers, keeping]); // the keep-until tag: it protects
      const source = product.find(({ file }) => file === adapter)?.source ?? '';
      for (const command of commands) {
        expect(source.match(new RegExp(`new ${command}Command\\b`, 'g'))).toHaveLength(1);
      }
      const others = product.filter(({ source: text }) =>
        new RegExp(
          `import \\* as \\w+ from '@aws-sdk/client-${service}'|import\\('@aws-sdk/client-${service}'\\)`,
        ).test(text),
      );
      expect(others.map(({ file }) => file)).toEqual([]);
    },
  );

  it('takes nothing but what the last gate has cleared, and only the schedules hand it over', () => {
    const callers = product.filter(({ source }) => /\b(stop|start)Instances\(/.test(source));
    expect(callers.map(({ file }) => file).toSorted()).toEqual([
      'cli/sample/aws/ec2.ts',
      'shared/aws/power.ts',
      'shared/watch/kinds/ec2-instances.ts',
    ]);
    const clearing = product.filter(({ source }) => /\[cleared\]/.test(source));
    expect(clearing.map(({ file }) => file)).toEqual(['shared/schedule/clearance.ts']);
  });
});

describe.each(otherPowers)('who may change what %s reaches', (client, command, adapter, power, kind) => {
  it('is one adapter, by one command', () => {
    const makers = product.filter(({ source }) => source.includes(`new ${command}Command(`));
    expect(makers.map(({ file }) => file)).toEqual([adapter]);
    const imported = product.flatMap(({ file, source }) =>
      [...source.matchAll(new RegExp(`import (type )?\\{([^}]*)\\} from '@aws-sdk/${client}'`, 'g'))].flatMap(
        ([, onlyTypes, names = '']) =>
          onlyTypes
            ? []
            : [...names.matchAll(/(?<!type )\b(\w+)Command\b/g)].map(([, name = '']) => `${file}: ${name}`),
      ),
    );
    // What sets the keep-until tag protects, and has a test of its own above.
    const changing = imported.filter(
      (each) => !reading.test(each.split(': ')[1] ?? '') && !each.startsWith('shared/aws/tag-container.ts'),
    );
    expect(changing).toEqual([`${adapter}: ${command}`]);
    const others = product.filter(({ source }) =>
      new RegExp(`import \\* as \\w+ from '@aws-sdk/${client}'|import\\('@aws-sdk/${client}'\\)`).test(
        source,
      ),
    );
    expect(others.map(({ file }) => file)).toEqual([]);
  });

  it('is asked by the schedules alone, with what the last gate has cleared', () => {
    const callers = product.filter(({ source }) => power.test(source));
    expect(callers.map(({ file }) => file).toSorted()).toEqual([adapter, `shared/watch/kinds/${kind}.ts`]);
    const [own] = product.filter(({ file }) => file === adapter);
    expect(own?.source).toMatch(/stops: readonly ClearedStop\[\],/);
    expect(own?.source).toMatch(/starts: readonly ClearedStart\[\],/);
  });
});

describe('an evening of the sample account', () => {
  let sample: SampleAccount;
  let planned: Map<string, Planned>;
  let runs: Enforced[];
  const down: string[] = [];

  beforeAll(async () => {
    sample = await openSampleAccount({ now: evening });
    const table = openTable('watchdog');
    const config = loadConfig(process.env);
    const targets = targetsOf(config, homeOf(process.env));
    const run = async (time: string) => {
      sample.setNow(time);
      const made: Enforced[] = [];
      for (const target of targets) {
        const own = { remainingMs: () => 300_000, arrivedAt: time };
        made.push(await enforceSchedules({ ...targetClients(target), table }, target, config, time, own));
      }
      const url = sample.env['ALERT_QUEUE_URL'] ?? '';
      await flushOutbox(table, createClient(SQSClient), url);
      await drainQueue(sample, url, 'notify');
      return made;
    };
    await run(evening);
    sample.setNow(afterGrace);
    const plans = [];
    for (const target of targets) {
      plans.push(await planSchedules({ ...targetClients(target), table }, target, config, afterGrace));
    }
    planned = new Map(plans.flatMap((plan) => plan.planned).map((each) => [each.subject.name, each]));
    const before = sample.instances().filter(({ state }) => state === 'running');
    runs = await run(afterGrace);
    const after = new Map(sample.instances().map(({ instanceId, state }) => [instanceId, state]));
    down.push(
      ...before.filter(({ instanceId }) => after.get(instanceId) !== 'running').map(({ name }) => name),
    );
  });
  afterAll(() => sample.close());

  it('stops what is idle and opted in, and nothing else', () => {
    expect(down.toSorted()).toEqual([
      'ablation-us',
      'annotation-app',
      'asr-bench',
      'load-test', // the members of its Auto Scaling group
      'load-test',
      'render-preview',
      'research-notebooks', // the nodes of a group that is opted in
      'research-notebooks',
      'simulation-lab',
      'sweep-1',
      'sweep-2',
      'vision-notebook',
    ]);
  });

  it('takes down the service and the node group that idle, and no other', () => {
    expect(
      runs
        .flatMap(({ stopped }) => stopped)
        .filter(({ kind }) => kind === 'ecs-service' || kind === 'eks-nodegroup'),
    ).toMatchObject([
      { kind: 'ecs-service', id: 'lab/labeling-ui', outcome: 'done' },
      { kind: 'eks-nodegroup', id: 'research/notebooks', outcome: 'done' },
    ]);
    expect(planned.get('embedding-playground')?.decision.code).toBe('busy');
    expect(planned.get('demo-gateway')?.decision.code).toBe('protected-environment');
    expect(planned.get('trace-agent')?.decision.code).toBe('daemon');
    expect(planned.get('batch')?.decision.code).toBe('busy');
    expect(planned.get('system')?.decision.code).toBe('system-nodes');
  });

  it('never touches production, whatever its tags say', () => {
    const production = sample
      .instances()
      .filter(({ account, tags }) => account === '345678901234' || tags['environment'] === 'production');
    expect(production.length).toBeGreaterThan(5);
    expect(production.map(({ state }) => state)).toEqual(production.map(() => 'running'));
    const calls = sample.calls.filter(({ call }) => /^EC2:(Stop|Start)/.test(call));
    expect(calls.map(({ account }) => account)).not.toContain('345678901234');
    expect(planned.get('rag-api')?.decision.code).toBe('protected-environment');
  });

  it('never writes a tag, nor anything but stops', () => {
    const changing = sample.calls.filter(
      ({ call }) => call.startsWith('EC2:') && !reading.test(call.slice(4)),
    );
    expect(new Set(changing.map(({ call }) => call))).toEqual(new Set(['EC2:StopInstances']));
  });

  it('leaves alone what did not opt in, though it idles', () => {
    const isOnItsOwn = (tags: Readonly<Record<string, string>>) =>
      tags['auto-stop'] === undefined &&
      tags['aws:autoscaling:groupName'] === undefined &&
      tags['eks:nodegroup-name'] === undefined;
    const untagged = sample.instances().filter(({ tags }) => isOnItsOwn(tags));
    expect(untagged.map(({ name }) => name)).toEqual(expect.arrayContaining(['reranker-train', 'tmp-eval']));
    expect(down.filter((name) => untagged.some((instance) => instance.name === name))).toEqual([]);
  });

  it('has a reason for every decision, to keep included', () => {
    expect(planned.size).toBeGreaterThan(25);
    for (const { decision } of planned.values()) {
      expect(decision.reason).toMatch(/\w+ \w+/);
      expect(decision.code).toMatch(/^[a-z-]+$/);
    }
    expect(runs.flatMap(({ kept }) => Object.keys(kept))).toEqual(expect.arrayContaining(['busy']));
  });

  it.each([
    ['no metric of its GPU', 'tts-notebook'],
    ['a GPU that does not report', 'multi-gpu-lab'],
    ['an agent that died during the window', 'embedding-lab'],
    ['MIG devices', 'notebooks-mig'],
  ])('never takes unknown for idle: %s', (_, name) => {
    expect(planned.get(name)?.decision).toMatchObject({ action: 'keep', code: 'utilization-unknown' });
    expect(planned.get(name)?.decision.reason).toContain('unknown is never idle');
  });

  it.each([
    ['a member of an Auto Scaling group', 'ci-runner', 'auto-scaling'],
    ['one that EC2 protects from stops', 'experiment-tracker', 'stop-protection'],
    ['one that another service manages', 'batch-scoring', 'managed'],
    ['a one-time spot instance', 'sweep-spot', 'spot-one-time'],
    ['a member of a fleet', 'fleet-worker', 'fleet'],
    ['one with its root on an instance store', 'legacy-hpc', 'instance-store-root'],
    ['one with data on an instance store', 'embedding-cache', 'instance-store-data'],
    ['one that has just started', 'quick-test', 'recently-started'],
    ['one that somebody wants to keep', 'paper-repro', 'keep-until'],
    ['one whose keep-until can not be read', 'diffusion-lab', 'invalid-keep-until'],
    ['one whose schedule can not be read', 'ocr-dev', 'invalid-schedule'],
    ['one that says off', 'license-server', 'off'],
    ['one that holds a loaded model', 'retrieval-notebook', 'busy'],
    ['one at work', 'support-chat-train', 'busy'],
    ['one whose NeuronCores are at work', 'neuron-port', 'busy'],
    ['one within its own hours', 'forecast-lab', 'in-hours'],
  ])('keeps %s', (_, name, code) => {
    expect(planned.get(name)?.decision).toMatchObject({ action: 'keep', code });
    expect(down).not.toContain(name);
  });
});

describe('before a stop', () => {
  let world: Evening;
  afterEach(() => world.sample.close());
  const untouched = () => {
    expect(world.power()).toEqual([]);
    expect(world.stateOf(1)).toBe('running');
  };

  it('somebody must have switched enforcement on', async () => {
    expect(parseConfig({}).enforce).toBe(false);
    world = await openEvening([machine(1)]);
    const config = parseConfig({});
    await world.run(evening, { config });
    await world.deliver();
    expect(await world.run(afterGrace, { config })).toMatchObject({ mode: 'observe', due: [idOf(1)] });
    untouched();
  });

  it('its owner must have been warned', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    await world.run(afterGrace);
    untouched();
  });

  it('its metrics must have been read: a query that failed says nothing', async () => {
    world = await openEvening([machine(1)]);
    world.fail(/GetMetricData/, 'Throttling', { times: 2 });
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'utilization-unknown': 1 } });
    untouched();
  });

  it('it must not be a capacity block, which is paid for anyway', async () => {
    world = await openEvening([machine(1, { lifecycle: 'capacity-block' })]);
    expect(await world.run(evening)).toMatchObject({ warned: [], kept: { 'capacity-block': 1 } });
    untouched();
  });

  it('its tags are read again', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    await world.deliver();
    world.clients.cloudWatch.middlewareStack.add(
      (next) => async (args) => {
        await world.untag(1, 'auto-stop');
        return next(args);
      },
      { step: 'initialize' },
    );
    expect(await world.run(afterGrace)).toMatchObject({ due: [idOf(1)], stopped: [] });
    untouched();
  });

  it('the run must not be about to stop more than it may', async () => {
    world = await openEvening([machine(1), machine(2)], { stop: { maxStops: 1 } });
    await world.run(evening);
    await world.deliver();
    await world.run(afterGrace);
    untouched();
    expect(await world.deliver()).toHaveLength(1);
  });

  it('the run must not be about to stop nearly everything that runs', async () => {
    const fleet = Array.from({ length: 20 }, (_, index) => machine(index + 1));
    world = await openEvening(fleet);
    await world.run(evening);
    await world.deliver();
    expect((await world.run(afterGrace)).blocked).toContain('20 stops are 100 % of the 20 running');
    untouched();
  });

  it('the decision must be fresh', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    await world.deliver();
    await world.run(afterGrace, { arrivedAt: '2026-11-16T19:25:00Z' });
    untouched();
  });

  it('the bill must be believable', async () => {
    world = await openEvening([machine(1)]);
    await world.run(evening);
    await world.deliver();
    const until = '2026-11-17T06:00:00Z';
    await putStopBlock(world.table, { reason: '240 times the usual bill', since: evening, until });
    await world.run(afterGrace);
    untouched();
    expect(await world.deliver()).toHaveLength(1);
  });
});
