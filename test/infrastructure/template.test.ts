import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { parquetMetadata } from 'hyparquet';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bundleOptions, functionNames } from '../../build.ts';
import { emptyLedger } from '../../shared/spend/ledger.ts';
import { toParquet } from '../../shared/store/ledger-parquet.ts';
import { buildCommand, packageStack, type Resource, type Template } from './template.ts';

type Statement = {
  Sid: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: Record<string, unknown>;
  'Fn::If'?: [string, Statement, unknown];
};

type AthenaTable = {
  PartitionKeys: unknown[];
  StorageDescriptor: { Location: unknown; Columns: { Name: string }[] };
};

const names = functionNames();
let template: Template;

beforeAll(async () => {
  template = await packageStack();
}, 120_000);

const ofType = (type: string): [string, Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

const named = (id: string): Resource => {
  const resource = template.Resources[id];
  if (!resource) throw new Error(`No ${id} in the template`);
  return resource;
};

/** The function deployed under that name, and the id of its role. */
function deployed(name: string): { properties: Record<string, unknown>; roleId: string } {
  const found = ofType('AWS::Lambda::Function').find(([, { Properties }]) =>
    String(Properties['FunctionName']).endsWith(`-dev-${name}`),
  );
  if (!found) throw new Error(`${name} is not deployed`);
  const properties = found[1].Properties;
  const [roleId] = (properties['Role'] as { 'Fn::GetAtt': [string, string] })['Fn::GetAtt'];
  return { properties, roleId };
}

/** A role's statements, those under a condition of the stack included. */
function statementsOf(roleId: string): Statement[] {
  const policies = named(roleId).Properties['Policies'] as { PolicyDocument: { Statement: Statement[] } }[];
  return policies
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .map((statement) => statement['Fn::If']?.[1] ?? statement)
    .filter((statement) => !('Ref' in statement)); // nothing, in a stack that reads no other scheduler's tags
}

const actionsOf = (statement: Statement): string[] => [statement.Action].flat();

const reached = new Map<string, Promise<string>>();

/** What of our own code a function reaches: bundled with the names we gave, and without the libraries. */
function reachedCode(name: string): Promise<string> {
  const code = reached.get(name) ?? bundleReadably(name);
  reached.set(name, code);
  return code;
}

async function bundleReadably(name: string): Promise<string> {
  const { outputFiles } = await build({ ...bundleOptions(name), minify: false, write: false });
  const modules = (outputFiles[0]?.text ?? '').split(/^ *(?=\/\/ [\w@./-]+\.\w+$)/m);
  return modules.filter((module) => /^\/\/ (shared|functions)\//.test(module)).join('\n');
}

/** The IAM actions of an SDK command where their names differ. */
const actionsByCommand: Record<string, string[]> = {
  // Who may not list is told "access denied" of an object that is not there.
  GetObject: ['s3:GetObject', 's3:ListBucket'],
  ListObjectsV2: ['s3:ListBucket'],
  HeadObject: ['s3:GetObject'],
  SendMessageBatch: ['sqs:SendMessage'],
  Invoke: ['lambda:InvokeFunction'],
  TagResource: ['ecs:TagResource', 'eks:TagResource'], // both services have one of that name, and one adapter calls both
  // Its tags are a call of their own to IAM.
  CreateEndpoint: ['sagemaker:AddTags', 'sagemaker:CreateEndpoint'],
  Get: ['dynamodb:GetItem'],
  Put: ['dynamodb:PutItem'],
  Update: ['dynamodb:UpdateItem'],
  Delete: ['dynamodb:DeleteItem'],
  BatchGet: ['dynamodb:BatchGetItem'],
  BatchWrite: ['dynamodb:BatchWriteItem'],
};

const servicePrefix: Record<string, string> = {
  'client-application-auto-scaling': 'application-autoscaling',
  'client-ec2': 'ec2',
  'client-ecs': 'ecs',
  'client-eks': 'eks',
  'client-lambda': 'lambda',
  'client-cloudwatch': 'cloudwatch',
  'client-cost-explorer': 'ce',
  'client-auto-scaling': 'autoscaling',
  'client-rds': 'rds',
  'client-pricing': 'pricing',
  'client-sagemaker': 'sagemaker',
  'client-bedrock': 'bedrock',
  'client-resource-groups-tagging-api': 'tag',
  'client-s3': 's3',
  'client-sesv2': 'ses',
  'client-sns': 'sns',
  'client-sqs': 'sqs',
  'client-ssm': 'ssm',
  'client-sts': 'sts',
  'lib-dynamodb': 'dynamodb',
};

/** The service of every command that our sources import. */
function commandServices(): Map<string, string> {
  const sources = ['shared', 'functions'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(folder, file), 'utf8')),
  );
  const imports = sources.flatMap((source) => [
    ...source.matchAll(/import \{([^}]*)\} from '@aws-sdk\/([\w-]+)'/g),
  ]);
  return new Map(
    imports.flatMap(([, list = '', service = '']) =>
      [...list.matchAll(/\b(\w+)Command\b/g)].map(([, command = '']) => [command, service] as const),
    ),
  );
}

/** What a transaction takes permission for: the writes in it. */
const transactionWrites = ['Put', 'Update', 'Delete', 'ConditionCheck'];

/** The IAM actions that a function's code needs for the calls it can make. */
async function neededActions(name: string): Promise<string[]> {
  const code = await reachedCode(name);
  const services = commandServices();
  const commands = [...code.matchAll(/new \w*?\.?(\w+?)Command\d?\(/g)].map(([, command = '']) => command);
  const actions = commands.flatMap((command) => {
    if (command === 'TransactWrite') {
      const writes = transactionWrites.filter((write) => new RegExp(`\\b${write}: \\{`).test(code));
      return writes.map(
        (write) => `dynamodb:${write === 'ConditionCheck' ? 'ConditionCheckItem' : `${write}Item`}`,
      );
    }
    return actionsByCommand[command] ?? [`${servicePrefix[services.get(command) ?? '']}:${command}`];
  });
  return [...new Set(actions)].toSorted();
}

/**
 * What is in a bundle and isn't called from there: carry-out-presses takes from each kind how it is listed, and has with it
 * how it is stopped, measured and priced. That it calls nothing of these is tested where it runs (test/watch).
 */
const uncalled: Readonly<Record<string, RegExp>> = {
  'carry-out-presses':
    /^(cloudwatch:|pricing:|ec2:(Start|Stop)Instances$|ec2:DescribeInstanceAttribute$|rds:(Start|Stop)|autoscaling:UpdateAutoScalingGroup$|ecs:UpdateService$|eks:UpdateNodegroupConfig$|sagemaker:(Create|Delete|Start|Stop))/,
};

const calledActions = async (name: string): Promise<string[]> =>
  (await neededActions(name)).filter((action) => !uncalled[name]?.test(action));

/** What Lambda itself does with a function's role, or Parameter Store, and no code of ours. */
const lambdasOwn = new Set([
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'secretsmanager:GetSecretValue', // by GetParameter, of a secret that is named so
]);

/** By which tag the first action of a statement is held, and whether only what is being made may be tagged. */
const conditionsOf: Record<string, [key: string, mayMake: boolean]> = {
  'sagemaker:StopNotebookInstance': ['aws:ResourceTag', false],
  'sagemaker:CreateEndpoint': ['aws:RequestTag', false],
  'sagemaker:AddTags': ['aws:RequestTag', true],
};

const isKeeping = (statement: Statement): boolean => Boolean(statement['Fn::If']?.[1].Sid.startsWith('Keep'));

describe('permissions', () => {
  it('gives each function a role of its own', () => {
    const roles = names.map((name) => deployed(name).roleId);
    expect(new Set(roles).size).toBe(names.length);
  });

  it.each(names)('lets %s make the calls in its code, and no other', async (name) => {
    const statements = statementsOf(deployed(name).roleId);
    const own = statements.filter(({ Sid }) => Sid !== 'ParkFailures').flatMap(actionsOf);
    const allowed = [...new Set(own)].filter((action) => !lambdasOwn.has(action)).toSorted();
    expect(allowed).toEqual(await calledActions(name));
  });

  it('lets stop and start only what carries the opt-in tag, and only where stops are enforced', () => {
    const roles = ofType('AWS::IAM::Role');
    const powers = roles.flatMap(([, { Properties }]) => {
      const policies = Properties['Policies'] as { PolicyDocument: { Statement: Statement[] } }[];
      return policies
        .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
        .filter((statement) => /"ec2:(Stop|Start)/.test(JSON.stringify(statement)));
    });
    for (const { 'Fn::If': [condition, power] = [] } of powers) {
      expect(condition).toBe('Enforces');
      expect(power?.Action).toEqual(['ec2:StopInstances', 'ec2:StartInstances']);
      expect(power?.Resource).not.toBe('*');
    }
    const keys = ['auto-stop', 'maid_offhours']; // the stack under test reads Custodian's tags, too
    expect(powers.map((statement) => statement['Fn::If']?.[1]?.Condition)).toEqual(
      [...keys, ...keys].map((key) => ({ StringLike: { [`aws:ResourceTag/${key}`]: '*' } })), // enforce-schedules, sweep
    );
  });

  it('lets SageMaker be changed only where it carries the opt-in tag, or is made with it, and stops are enforced', () => {
    const changing = /^sagemaker:(?!Describe|List)/;
    const powers = ofType('AWS::IAM::Role').flatMap(([, { Properties }]) => {
      const policies = Properties['Policies'] as { PolicyDocument: { Statement: Statement[] } }[];
      return policies
        .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
        .filter((one) => actionsOf(one['Fn::If']?.[1] ?? one).some((action) => changing.test(action)))
        .filter((one) => !isKeeping(one));
    });
    expect(powers).toHaveLength(6); // to stop and start, to make and to tag, for enforce-schedules and sweep
    for (const { 'Fn::If': [condition, power] = [] } of powers) {
      expect(condition).toBe('Enforces');
      expect([power?.Resource].flat()).not.toContain('*');
      const [key, mayMake] =
        power?.Action === undefined ? [] : (conditionsOf[String([power.Action].flat()[0])] ?? []);
      expect(power?.Condition).toEqual({
        StringLike: { [`${key}/auto-stop`]: '*' },
        ...(mayMake && { StringEquals: { 'sagemaker:TaggingAction': 'CreateEndpoint' } }),
      });
    }
  });

  it('lets databases and groups be changed only where they carry the opt-in tag, and stops are enforced', () => {
    const changing = /^(rds|autoscaling):(?!Describe)/;
    const powers = ofType('AWS::IAM::Role').flatMap(([, { Properties }]) => {
      const policies = Properties['Policies'] as { PolicyDocument: { Statement: Statement[] } }[];
      return policies
        .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
        .filter((statement) =>
          actionsOf(statement['Fn::If']?.[1] ?? statement).some((one) => changing.test(one)),
        )
        .filter((one) => !isKeeping(one));
    });
    expect(powers).toHaveLength(4); // of databases and of groups, for enforce-schedules and sweep
    for (const { 'Fn::If': [condition, power] = [] } of powers) {
      expect(condition).toBe('Enforces');
      expect(power?.Condition).toEqual({ StringLike: { 'aws:ResourceTag/auto-stop': '*' } });
      expect([power?.Resource].flat()).not.toContain('*');
    }
  });

  it('lets services and node groups be sized only where they carry the tag, and only where stops are enforced', () => {
    const policies = ofType('AWS::IAM::Role').flatMap(
      ([, { Properties }]) => Properties['Policies'] as { PolicyDocument: { Statement: Statement[] } }[],
    );
    const powers = policies
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .filter((statement) => /"(ecs|eks):(?!Describe)/.test(JSON.stringify(statement)))
      .filter((one) => !isKeeping(one));
    expect(powers).toHaveLength(2); // enforce-schedules and sweep
    for (const { 'Fn::If': [condition, power] = [] } of powers) {
      expect(condition).toBe('Enforces');
      expect(power?.Action).toEqual(['ecs:UpdateService', 'eks:UpdateNodegroupConfig']);
      expect(power?.Condition).toEqual({ StringLike: { 'aws:ResourceTag/auto-stop': '*' } });
      expect(JSON.stringify(power?.Resource)).toMatch(/ecs:.*:service\/\*.*eks:.*:nodegroup\/\*/);
    }
  });

  it('lets the keep-until tag alone be set, on what carries the opt-in tag, and only where stops are enforced', () => {
    const keeping = ofType('AWS::IAM::Role').flatMap(([id, { Properties }]) => {
      const policies = Properties['Policies'] as { PolicyDocument: { Statement: Statement[] } }[];
      const statements = policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
      return statements.filter(isKeeping).map((statement) => ({ id, statement }));
    });
    expect(keeping.map(({ id }) => id)).toEqual(['CarryOutPressesRole', 'CarryOutPressesRole']);
    const [own, custodians] = keeping.map(({ statement }) => statement['Fn::If']);
    expect(own?.[0]).toBe('Enforces');
    expect(custodians?.[0]).toBe('Enforces');
    const alone = { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['auto-stop:keep-until'] } };
    expect(own?.[1].Condition).toEqual({ StringLike: { 'aws:ResourceTag/auto-stop': '*' }, ...alone });
    expect(custodians?.[1]).toMatchObject({
      Action: ['ec2:CreateTags'],
      Condition: { StringLike: { 'aws:ResourceTag/maid_offhours': '*' }, ...alone },
    });
    expect(JSON.stringify(keeping)).not.toContain('"*"]');
  });

  it('opens a wildcard for those calls alone that allow nothing narrower', () => {
    const wild = names
      .flatMap((name) => statementsOf(deployed(name).roleId))
      .filter(({ Resource }) => [Resource].flat().includes('*'))
      .flatMap(actionsOf);
    expect([...new Set(wild)].toSorted()).toEqual([
      'application-autoscaling:DescribeScalableTargets',
      'autoscaling:DescribeAutoScalingGroups',
      'autoscaling:DescribeScheduledActions',
      'bedrock:ListProvisionedModelThroughputs',
      'ce:GetCostAndUsage',
      'ce:GetCostAndUsageWithResources',
      'ce:ProvideAnomalyFeedback',
      'cloudwatch:GetMetricData',
      'cloudwatch:ListMetrics',
      'ec2:DescribeAddresses',
      'ec2:DescribeInstanceTypes',
      'ec2:DescribeInstances',
      'ec2:DescribeSpotInstanceRequests',
      'ec2:DescribeVolumes',
      'ecs:DescribeTaskDefinition',
      'pricing:GetProducts',
      'sagemaker:ListApps',
      'sagemaker:ListClusters',
      'sagemaker:ListEndpoints',
      'sagemaker:ListInferenceComponents',
      'sagemaker:ListNotebookInstances',
      'sagemaker:ListProcessingJobs',
      'sagemaker:ListTrainingJobs',
      'sagemaker:ListTransformJobs',
      'tag:GetResources',
    ]);
  });

  it('says beside every wildcard which calls allow nothing narrower', () => {
    const wildcards = readdirSync('resources').flatMap((file) => {
      const lines = readFileSync(join('resources', file), 'utf8').split('\n');
      return lines.flatMap((line, index) => {
        if (!/^\s*-?\s*Resource: *\[? *['"]\*/.test(line)) return [];
        const comment = [line, lines[index - 1] ?? ''].join(' ').split('#')[1] ?? '';
        const actions = lines.slice(0, index).findLast((above) => /^\s*-? *Action:/.test(above)) ?? '';
        return [{ file, comment, calls: [...actions.matchAll(/:(\w+)/g)].map(([, call = '']) => call) }];
      });
    });
    expect(wildcards.length).toBeGreaterThan(0);
    for (const { file, comment, calls } of wildcards) {
      expect(calls, file).not.toEqual([]);
      for (const call of calls) expect(comment, `${file}: ${call}`).toContain(call);
    }
  });

  it('lets the role in a watched account do what a visit does there', async () => {
    // Without CloudFormation's tags `!If` reads as a list: the condition, what holds then, what holds otherwise.
    const role = parse(readFileSync('resources/target-role.yml', 'utf8'), { logLevel: 'silent' });
    const entries: (Statement | [string, Statement, string])[] =
      role.Resources.Role.Properties.Policies[0].PolicyDocument.Statement;
    const statements = entries.map((entry) => (Array.isArray(entry) ? entry[1] : entry));
    const needed = [...(await neededActions('sweep')), ...(await calledActions('carry-out-presses'))];
    const there = needed.filter((action) =>
      /^(ec2|ecs|eks|cloudwatch|sagemaker|application-autoscaling|bedrock|tag|rds|autoscaling):/.test(action),
    );
    const allowed = [...new Set(statements.flatMap(actionsOf))]; // AddTags has a statement for each of its reasons
    expect(allowed.toSorted()).toEqual([...new Set(there)].toSorted());
    // What exists must carry the tag; an endpoint that is made again is made with it.
    const key = expect.stringMatching(/^aws:(Resource|Request)Tag\/auto-stop$/);
    for (const entry of entries) {
      if (!Array.isArray(entry)) continue;
      expect(entry).toMatchObject(['MayStopAndStart', { Condition: {} }, 'AWS::NoValue']);
      expect(Object.keys(entry[1].Condition?.['StringLike'] ?? {})).toEqual([key]);
    }
    expect(entries.find(Array.isArray)).toMatchObject([
      'MayStopAndStart',
      { Sid: 'StopAndStartWhatIsTagged', Condition: { StringLike: { 'aws:ResourceTag/auto-stop': '*' } } },
      'AWS::NoValue',
    ]);
  });

  const resourcesOf = (action: string) =>
    new Set(
      names
        .flatMap((name) => statementsOf(deployed(name).roleId))
        .filter((statement) => actionsOf(statement).includes(action))
        .flatMap(({ Resource }) => Resource)
        .map((resource) => JSON.stringify(resource)),
    );

  it('assumes only the roles and reads only the secrets that the configuration names', () => {
    expect(resourcesOf('sts:AssumeRole')).toEqual(
      new Set([`{"Fn::Sub":"arn:\${AWS::Partition}:iam::210987654321:role/ai-cost-watchdog-target"}`]),
    );
    const parameters = (name: string) =>
      statementsOf(deployed(name).roleId)
        .filter((statement) => actionsOf(statement).includes('ssm:GetParameter'))
        .flatMap(({ Resource }) => [Resource].flat().map((resource) => JSON.stringify(resource)))
        .flatMap((resource) => /:parameter\/([^"]+)/.exec(resource)?.[1] ?? []);
    expect(parameters('notify')).toEqual(['watchdog/slack-token', 'watchdog/search-webhook']);
    expect(parameters('slack-actions')).toEqual([
      'aws/reference/secretsmanager/slack-signing-secret',
      'watchdog/slack-token',
    ]);
    expect(parameters('carry-out-presses')).toEqual(['watchdog/slack-token']);
    const readers = names.filter((name) =>
      statementsOf(deployed(name).roleId).some((one) => actionsOf(one).includes('ssm:GetParameter')),
    );
    expect(readers).toEqual(['notify', 'slack-actions', 'carry-out-presses']);
  });
});

describe('functions', () => {
  it('deploys every file in functions/, and nothing else', () => {
    const files = readdirSync('functions').map((file) => file.replace(/\.ts$/, ''));
    expect(names.toSorted()).toEqual(files.toSorted());
  });

  it.each(names)('gives %s the variables its code reads, and no others', async (name) => {
    const code = await reachedCode(name);
    const { Variables } = deployed(name).properties['Environment'] as { Variables: Record<string, unknown> };
    const known = [
      'ACCOUNT_ID',
      'TABLE_NAME',
      'LEDGER_BUCKET',
      'ALERT_QUEUE_URL',
      'SWEEP_QUEUE_URL',
      'ALERT_TOPIC_ARN',
      'PRESSES_FUNCTION',
    ];
    expect(known.filter((variable) => variable in Variables)).toEqual(
      known.filter((variable) => new RegExp(`\\b${variable}\\b`).test(code)),
    );
  });

  it.each(names)('loads %s from its bundle and its configuration alone', (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'watchdog-task-'));
    try {
      copyFileSync(`.build/${name}/index.cjs`, join(folder, 'index.cjs'));
      copyFileSync('.build/config.json', join(folder, 'config.json'));
      const { Variables } = deployed(name).properties['Environment'] as {
        Variables: Record<string, unknown>;
      };
      const env = {
        ...Object.fromEntries(Object.keys(Variables).map((variable) => [variable, 'set'])),
        ...('ACCOUNT_ID' in Variables && { ACCOUNT_ID: '123456789012' }),
        WATCHDOG_CONFIG: 'config.json',
        PATH: process.env['PATH'],
        AWS_REGION: 'eu-west-1',
      };
      const probe = "console.log(typeof require('./index.cjs').handler)";
      const printed = execFileSync(process.execPath, ['--eval', probe], {
        cwd: folder,
        env,
        encoding: 'utf8',
      });
      expect(printed.trim()).toBe('function');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each(names)('keeps the zip of %s under a megabyte, and a half more where charts are drawn', (name) => {
    const limit = name === 'notify' ? 1_500_000 : 1_000_000;
    expect(readFileSync(`.build/${name}.zip`).length).toBeLessThan(limit);
  });

  it('discards an event for a schedule before the next one comes', () => {
    const settings = ofType('AWS::Lambda::EventInvokeConfig').find(([id]) => id.startsWith('Enforce'));
    expect(settings?.[1].Properties).toMatchObject({
      MaximumEventAgeInSeconds: 300,
      MaximumRetryAttempts: 2,
    });
    expect(deployed('enforce-schedules').properties).toMatchObject({
      Timeout: 240,
      ReservedConcurrentExecutions: 1,
    });
  });

  it('parks what an asynchronous function failed on', () => {
    const asynchronous = names.filter((name) => !['sweep', 'notify', 'slack-actions'].includes(name));
    const parked = ofType('AWS::Lambda::EventInvokeConfig').map(
      ([, { Properties }]) => Properties['DestinationConfig'],
    );
    expect(parked).toEqual(
      asynchronous.map(() => ({ OnFailure: { Destination: { 'Fn::GetAtt': ['FailureQueue', 'Arn'] } } })),
    );
  });

  it('keeps no log for ever', () => {
    const retention = ofType('AWS::Logs::LogGroup').map(
      ([, { Properties }]) => Properties['RetentionInDays'],
    );
    expect(retention).toEqual(names.map(() => 30));
  });
});

describe('the address that Slack knocks at', () => {
  const url = () => {
    const [found, ...others] = ofType('AWS::Lambda::Url');
    if (!found || others.length > 0) throw new Error('There is to be one address');
    return found[1];
  };

  it('is of slack-actions alone, and is opened only where there is a secret to verify with', () => {
    expect(url()).toMatchObject({
      Condition: 'HasButtons',
      Properties: { TargetFunctionArn: { 'Fn::GetAtt': ['SlackDashactionsLambdaFunction', 'Arn'] } },
    });
    const conditional = Object.entries(template.Resources).filter(
      ([, one]) => one.Condition === 'HasButtons',
    );
    expect(conditional.map(([id]) => id)).toEqual(
      expect.arrayContaining([
        'SlackActionsRole',
        'CarryOutPressesRole',
        'CarryDashoutDashpressesLambdaFunction',
      ]),
    );
    expect(template.Conditions['HasButtons']).toEqual({ 'Fn::Equals': [{ Ref: 'Buttons' }, 'true'] });
    expect(template.Parameters['Buttons']).toMatchObject({ Default: 'true' }); // as the stack under test has it
    expect(template.Outputs['SlackActionsUrl']).toMatchObject({ Condition: 'HasButtons' });
  });

  it('leaves nothing that refers to it where there is none', () => {
    const conditional = Object.entries(template.Resources).filter(
      ([, one]) => one.Condition === 'HasButtons',
    );
    const others = [...Object.entries(template.Resources), ...Object.entries(template.Outputs)].filter(
      ([, one]) => (one as Resource).Condition !== 'HasButtons',
    );
    expect(conditional.length).toBeGreaterThan(8);
    for (const [id, one] of others) {
      for (const [gone] of conditional) expect(JSON.stringify(one), id).not.toContain(`"${gone}"`);
    }
  });

  it('takes no more than its own share of the concurrency, whoever floods it', () => {
    expect(deployed('slack-actions').properties['ReservedConcurrentExecutions']).toBe(5);
  });

  it('may be called by everybody, as AWS asks for since October 2025 by two permissions, and by that address alone', () => {
    const open = ofType('AWS::Lambda::Permission').filter(
      ([, { Properties }]) => Properties['Principal'] === '*',
    );
    expect(open.map(([, { Properties }]) => Properties)).toEqual([
      expect.objectContaining({ Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' }),
      expect.objectContaining({ Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true }),
    ]);
  });
});

describe('queues and alarms', () => {
  it.each([
    { queue: 'AlertQueue', worker: 'notify', letters: 'AlertDeadLetters' },
    { queue: 'SweepQueue', worker: 'sweep', letters: 'SweepDeadLetters' },
  ])(
    'hides a message of $queue six times as long as $worker may run, and gives up into $letters',
    ({ queue, worker, letters }) => {
      const { VisibilityTimeout, RedrivePolicy } = named(queue).Properties;
      expect(VisibilityTimeout).toBe(6 * Number(deployed(worker).properties['Timeout']));
      expect(RedrivePolicy).toMatchObject({ deadLetterTargetArn: { 'Fn::GetAtt': [letters, 'Arn'] } });
    },
  );

  it('visits a target again before its decision is too old, and for the last time', () => {
    const { VisibilityTimeout, RedrivePolicy } = named('SweepQueue').Properties;
    const config = JSON.parse(readFileSync('.build/config.json', 'utf8'));
    const { maxReceiveCount } = RedrivePolicy as { maxReceiveCount: number };
    expect((maxReceiveCount - 1) * Number(VisibilityTimeout)).toBeLessThan(config.stop.eventMaxAge * 60);
    expect(maxReceiveCount * Number(VisibilityTimeout)).toBeGreaterThan(config.stop.eventMaxAge * 60);
  });

  it('works the queues message by message', () => {
    const responses = ofType('AWS::Lambda::EventSourceMapping').map(
      ([, { Properties }]) => Properties['FunctionResponseTypes'],
    );
    expect(responses).toEqual([['ReportBatchItemFailures'], ['ReportBatchItemFailures']]);
  });

  it('watches every dead-letter queue and every schedule', () => {
    const watched = JSON.stringify(ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties));
    for (const queue of ['AlertDeadLetters', 'SweepDeadLetters', 'FailureQueue']) {
      expect(watched).toContain(`{"Fn::GetAtt":["${queue}","QueueName"]}`);
    }
    for (const [id] of ofType('AWS::Events::Rule').filter(
      ([, { Properties }]) => Properties['ScheduleExpression'],
    )) {
      expect(watched).toContain(`{"Ref":"${id.replace('EventsRuleSchedule1', 'LambdaFunction')}"}`);
    }
  });

  it('takes a silent schedule for a broken one', () => {
    const heartbeats = ofType('AWS::CloudWatch::Alarm').filter(([id]) => id.endsWith('Heartbeat'));
    expect(heartbeats.map(([, { Properties }]) => Properties['TreatMissingData'])).toEqual([
      'breaching',
      'breaching',
      'breaching',
      'breaching',
      'breaching',
    ]);
  });

  it('lets send-digests mail as the sender that the configuration names, and as nobody else', () => {
    const [mail] = statementsOf(deployed('send-digests').roleId).filter(({ Sid }) => Sid === 'MailDigests');
    expect(mail).toMatchObject({
      Action: 'ses:SendEmail',
      Condition: { StringEquals: { 'ses:FromAddress': 'watchdog@example.com' } },
    });
    expect(JSON.stringify(mail?.Resource)).toContain(':identity/*');
  });

  it('reads no more metrics in alarms than are free', () => {
    const metrics = ofType('AWS::CloudWatch::Alarm').map(([, { Properties }]) => {
      const queries = (Properties['Metrics'] ?? []) as { MetricStat?: unknown }[];
      return queries.filter(({ MetricStat }) => MetricStat).length || 1;
    });
    expect(metrics.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(10);
  });
});

describe('state', () => {
  it.each(['Table', 'LedgerBucket'])('keeps the %s when the stack goes', (id) => {
    expect(named(id).DeletionPolicy).toBe('Retain');
  });

  it('encrypts the table, can restore it, and forgets what has expired', () => {
    expect(named('Table').Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      SSESpecification: { SSEEnabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
  });

  it('keeps the ledger to itself', () => {
    expect(named('LedgerBucket').Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      VersioningConfiguration: { Status: 'Enabled' },
    });
    expect(JSON.stringify(named('LedgerBucketPolicy').Properties)).toContain('"aws:SecureTransport":"false"');
  });

  it('shows Athena the columns that the ledger has', () => {
    const written = parquetMetadata(toParquet(emptyLedger).buffer as ArrayBuffer).schema.slice(1);
    const { TableInput } = named('LedgerTable').Properties as { TableInput: AthenaTable };
    expect(TableInput.StorageDescriptor.Columns.map(({ Name }) => Name)).toEqual(
      written.map(({ name }) => name),
    );
    expect(JSON.stringify(TableInput.StorageDescriptor.Location)).toContain('LedgerBucket}/ledger/v2/"');
    expect(TableInput.PartitionKeys).toEqual([{ Name: 'month', Type: 'string' }]);
  });

  it('lets AWS publish budgets and cost anomalies of this account alone', () => {
    expect(named('InboxTopicPolicy').Properties['PolicyDocument']).toMatchObject({
      Statement: [
        {
          Principal: { Service: ['budgets.amazonaws.com', 'costalerts.amazonaws.com'] },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        },
      ],
    });
  });
});

describe('the build', () => {
  const fingerprints = () =>
    names.map((name) =>
      createHash('sha256')
        .update(readFileSync(`.build/${name}.zip`))
        .digest('hex'),
    );

  it('makes the same bytes of the same sources', () => {
    const before = fingerprints();
    execFileSync(process.execPath, buildCommand, { env: { ...process.env, TZ: 'Asia/Tokyo' } });
    expect(fingerprints()).toEqual(before);
  }, 90_000);

  it('refuses a wrong configuration, naming each fault with its line, before it builds anything', () => {
    const folder = mkdtempSync(join(tmpdir(), 'watchdog-config-'));
    try {
      writeFileSync(join(folder, 'watchdog.yml'), 'enforce: yes please\nspend:\n  flor: 3\n');
      const refused = () =>
        execFileSync(process.execPath, [resolve('build.ts')], {
          cwd: folder,
          encoding: 'utf8',
          stdio: 'pipe',
        });
      expect(refused).toThrow(
        expect.objectContaining({
          status: 2,
          stderr: expect.stringMatching(
            /^watchdog\.yml:1: enforce: .*\nwatchdog\.yml:3: spend\.flor: .*"floor"/,
          ),
        }),
      );
      expect(existsSync(join(folder, '.build'))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
