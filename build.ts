import { createWriteStream, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { parse } from 'yaml';
import { ZipFile } from 'yazl';
import { readConfigFile } from './cli/config-file.ts';
import { InputError } from './cli/input-error.ts';
import type { Config } from './shared/config.ts';
import { drawingFiles } from './shared/outlet/png.ts';
import { runOut, toHolidays } from './shared/schedule/holidays.ts';
import { instanceSchedulerNotes } from './shared/schedule/instance-scheduler.ts';

const out = '.build';

/** The functions that serverless.yml deploys; each is a file of that name in functions/. */
export function functionNames(): string[] {
  const { functions } = parse(readFileSync('serverless.yml', 'utf8'), { logLevel: 'silent' });
  return Object.keys(functions);
}

/**
 * One file with everything a function needs, and nothing else. CommonJS loads as fast as the same bundle as a module,
 * and needs no stand-in for `require`. The SDK is inside: Lambda's own is of whatever version it pleases.
 */
export const bundleOptions = (name: string) =>
  ({
    entryPoints: [`functions/${name}.ts`],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
    // CommonJS has its own words for where a file lies.
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
    plugins: [onlyUsedZod, onlyUsedSchemas, onlyLambdaCredentials],
  }) satisfies BuildOptions;

/** `import { z }` holds on to all of zod, every language included; the same import as a namespace can be shaken. */
const onlyUsedZod: Plugin = {
  name: 'only-used-zod',
  setup({ onLoad }) {
    onLoad({ filter: /\/(functions|shared)\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace("import { z } from 'zod';", "import * as z from 'zod';"),
      loader: 'ts',
    }));
  },
};

/**
 * The SDK describes each structure of a service by a literal with keys such as `[_xN]`, named by a constant of the
 * same file. A computed key might have an effect, so esbuild keeps them all: of EC2 half a megabyte, of which we
 * use a tenth. With the constants in place the unused ones fall away.
 */
const onlyUsedSchemas: Plugin = {
  name: 'only-used-schemas',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist-es\/schemas\/schemas_\d+\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const constants = new Map(
        [...source.matchAll(/^const (\w+) = (".*");$/gm)].map(([, name, value]) => [name, value]),
      );
      return { contents: source.replace(/\[(_\w+)\]:/g, (key, name) => `${constants.get(name) ?? key}:`) };
    });
  },
};

/** Lambda hands its credentials over in the environment: profiles, SSO and instance metadata are never asked there. */
const onlyLambdaCredentials: Plugin = {
  name: 'only-lambda-credentials',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, ({ path, resolveDir }) => ({
      path,
      namespace: 'lambda-credentials',
      pluginData: resolveDir,
    }));
    onLoad({ filter: /.*/, namespace: 'lambda-credentials' }, ({ pluginData: resolveDir }) => ({
      contents: "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
      resolveDir,
    }));
  },
};

/** What the stack itself takes from the configuration: what isn't enforced isn't permitted either. */
function stackSettings({ enforce, tags, targets, alerts, compatibility }: Config) {
  const roles = targets.accounts.flatMap(({ id, role }) => (role === undefined ? [] : [roleArn(role, id)]));
  return {
    enforce: String(enforce),
    countingTags: [tags.schedule, tags.keepUntil, tags.instanceStore, ...tags.environment],
    ifTagged: ifTagged(tags.schedule),
    // What is made carries no tag yet but those that it is made with.
    ifMadeWithTag: { StringLike: { [`aws:RequestTag/${tags.schedule}`]: '*' } },
    ifTaggedAtCreation: {
      StringLike: { [`aws:RequestTag/${tags.schedule}`]: '*' },
      StringEquals: { 'sagemaker:TaggingAction': 'CreateEndpoint' },
    },
    powerElsewhere: {
      instanceScheduler: powerElsewhere('InstanceScheduler', compatibility.instanceScheduler?.tag),
      custodian: powerElsewhere('Custodian', compatibility.custodian?.tag),
    },
    ifTaggedToKeep: ifTaggedToKeep(tags.schedule, tags.keepUntil),
    keepElsewhere: {
      instanceScheduler: keepElsewhere(
        'InstanceScheduler',
        compatibility.instanceScheduler?.tag,
        tags.keepUntil,
      ),
      custodian: keepElsewhere('Custodian', compatibility.custodian?.tag, tags.keepUntil),
    },
    // IAM takes no empty list of resources: what isn't configured becomes a name that nobody has to create.
    targetRoles: roles.length > 0 ? roles : [roleArn('ai-cost-watchdog-target', `\${AWS::AccountId}`)],
    topics: [
      { Ref: 'AlertTopic' },
      ...Object.values(alerts.destinations).flatMap(({ topic }) => (topic === undefined ? [] : [topic])),
    ],
    digestMail: mailAccess(alerts.digests.html?.from),
    // Without a signing secret nobody can be told from Slack: no address is opened that would answer to everybody.
    hasButtons: String(alerts.slack?.signingSecret !== undefined),
    secrets: secretsOf(alerts),
  };
}

/** Who reads which secrets of the alerts. */
function secretsOf({ slack, destinations }: Config['alerts']) {
  const webhooks = Object.values(destinations).flatMap(({ webhook }) => webhook ?? []);
  return {
    notify: secretAccess([slack?.token, slack?.webhook, ...webhooks]),
    slackActions: secretAccess([slack?.signingSecret, slack?.token]),
    presses: secretAccess([slack?.token]),
  };
}

const ifTagged = (key: string) => ({ StringLike: { [`aws:ResourceTag/${key}`]: '*' } });

/** Of what is opted in, and no tag but the one that protects it. */
const ifTaggedToKeep = (key: string, keepUntil: string) => ({
  ...ifTagged(key),
  'ForAllValues:StringEquals': { 'aws:TagKeys': [keepUntil] },
});

/**
 * The same power over what carries another scheduler's tag; none where that isn't read. The keys of one condition must
 * all be there, so that each key has a statement of its own.
 */
const powerElsewhere = (name: string, key: string | undefined) =>
  elsewhere(key, (tag) => ({
    Sid: `StopAndStartWhatHasTheTagOf${name}`,
    Action: ['ec2:StopInstances', 'ec2:StartInstances'],
    Condition: ifTagged(tag),
  }));

const keepElsewhere = (name: string, key: string | undefined, keepUntil: string) =>
  elsewhere(key, (tag) => ({
    Sid: `KeepWhatHasTheTagOf${name}`,
    Action: ['ec2:CreateTags'],
    Condition: ifTaggedToKeep(tag, keepUntil),
  }));

const elsewhere = (key: string | undefined, statementFor: (key: string) => object) =>
  key === undefined
    ? noValue
    : {
        'Fn::If': [
          'Enforces',
          {
            ...statementFor(key),
            Effect: 'Allow',
            Resource: { 'Fn::Sub': `arn:\${AWS::Partition}:ec2:*:\${AWS::AccountId}:instance/*` },
          },
          noValue,
        ],
      };

/**
 * By whatever identity the sender is verified, its own or one of its domains: the address is what it is held to. SES takes
 * the condition for SendEmail (service authorization reference).
 */
const mailAccess = (from: string | undefined) =>
  from === undefined
    ? noValue
    : {
        Sid: 'MailDigests',
        Effect: 'Allow',
        Action: 'ses:SendEmail',
        Resource: { 'Fn::Sub': `arn:\${AWS::Partition}:ses:\${AWS::Region}:\${AWS::AccountId}:identity/*` },
        Condition: { StringEquals: { 'ses:FromAddress': from } },
      };

const noValue = { Ref: 'AWS::NoValue' };

type Access = { actions: string[]; resources: object[] };

/** Of those secrets that are configured, each once. */
function secretAccess(references: readonly (string | undefined)[]): Access {
  const named = [...new Set(references)].filter((reference) => reference !== undefined);
  // IAM takes no empty list: what isn't configured becomes a name that nobody has to create.
  const each = (named.length > 0 ? named : ['ssm:/ai-cost-watchdog/none']).map(accessTo);
  return {
    actions: [...new Set(each.flatMap(({ actions }) => actions))],
    resources: each.flatMap(({ resources }) => resources),
  };
}

/** Parameter Store reads the secrets of Secrets Manager too, with the permission of whoever asks it. */
function accessTo(reference: string): Access {
  const [, kind, name] = /^(ssm|secretsmanager):\/?(.+)$/.exec(reference) ?? [];
  const arn = (service: string, resource: string) => ({
    'Fn::Sub': `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`,
  });
  if (kind === 'ssm') return { actions: ['ssm:GetParameter'], resources: [arn('ssm', `parameter/${name}`)] };
  return {
    actions: ['ssm:GetParameter', 'secretsmanager:GetSecretValue'],
    resources: [
      arn('ssm', `parameter/aws/reference/secretsmanager/${name}`),
      arn('secretsmanager', `secret:${name}-??????`), // Secrets Manager ends each ARN with six characters of its own
    ],
  };
}

const roleArn = (role: string, account: string) => ({
  'Fn::Sub': role.startsWith('arn:') ? role : `arn:\${AWS::Partition}:iam::${account}:role/${role}`,
});

/** What a bundle reads beside itself, by name: what draws needs its renderer and its letters. */
export function filesBeside({ inputs }: Metafile): Record<string, string> {
  if (!Object.keys(inputs).includes('shared/outlet/png.ts')) return {};
  const { resolve } = createRequire(import.meta.url);
  return Object.fromEntries(drawingFiles.map((file) => [basename(file), resolve(file)]));
}

/** The same sources make the same bytes, so that a deployment without a change changes nothing. */
export async function zip(target: string, files: Record<string, string>): Promise<void> {
  const archive = new ZipFile();
  const mtime = new Date('1980-01-01T00:00:00'); // the earliest a zip can hold, in local time as zip has it
  for (const [name, source] of Object.entries(files)) {
    archive.addFile(source, name, { mtime, mode: 0o100644, forceDosTimestamp: true });
  }
  archive.end();
  await pipeline(archive.outputStream, createWriteStream(target));
}

async function buildFunction(name: string): Promise<{ metafile: Metafile }> {
  const outfile = `${out}/${name}/index.cjs`;
  const { metafile } = await build({ ...bundleOptions(name), outfile });
  writeFileSync(`${out}/${name}.meta.json`, JSON.stringify(metafile));
  await zip(`${out}/${name}.zip`, {
    'index.cjs': outfile,
    'config.json': `${out}/config.json`,
    ...filesBeside(metafile),
  });
  return { metafile };
}

/** Holidays that are over when they are deployed would keep whatever follows them up from the first run on. */
function refuseRunOut({ holidays }: Config, now: string): void {
  for (const [name, calendar] of Object.entries(holidays)) {
    const ended = runOut(toHolidays(name, calendar), now);
    if (ended !== undefined) throw new InputError(`${calendar.file}: ${ended}`);
  }
}

/** What another scheduler's schedules ask for that is not carried out. */
const notesOf = ({ compatibility: { instanceScheduler } }: Config): string[] =>
  Object.entries(instanceScheduler?.definitions?.schedules ?? {}).flatMap(([name, schedule]) =>
    instanceSchedulerNotes(name, schedule),
  );

const kilobytes = (file: string) => `${(statSync(file).size / 1024).toFixed(0)} kB`.padStart(9);

/** `node build.ts [--config FILE]`; without it the project's watchdog.yml, or the defaults. */
async function main(): Promise<void> {
  const { values: options } = parseArgs({ options: { config: { type: 'string' } } });
  const config = await readConfigFile(options.config);
  refuseRunOut(config, new Date().toISOString());
  for (const note of notesOf(config)) console.error(`Instance Scheduler: ${note}`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  writeFileSync(`${out}/config.json`, JSON.stringify(config));
  writeFileSync(`${out}/stack.json`, JSON.stringify(stackSettings(config)));
  console.log(`${'function'.padEnd(20)}${'bundle'.padStart(9)}${'zip'.padStart(9)}`);
  for (const name of functionNames()) {
    await buildFunction(name);
    console.log(name.padEnd(20) + kilobytes(`${out}/${name}/index.cjs`) + kilobytes(`${out}/${name}.zip`));
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
