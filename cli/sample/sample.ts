import type { BedrockSpec } from './bedrock-spec.ts';
import { type BillLine, createBill } from './bill.ts';
import { createEcs, createEks, type SampleNodegroup, type SampleService } from './containers.ts';
import { createDatabases, type Databases } from './databases.ts';
import { createFleet, type Fleet, placeOf } from './fleet.ts';
import { openSageMaker, type SageMaker } from './sagemaker-spec.ts';
import { createScalingGroups, type ScalingGroup } from './scaling-groups.ts';
import { placesOf, type WorldFile } from './world.ts';

export type Publication = { topicArn: string; subject?: string; message: string };

export type QueuedMessage = {
  messageId: string;
  body: string;
  /** Times it was received, this one included. */
  receiveCount: number;
  receiptHandle: string;
  sentAt: number;
};

export type Queue = { waiting: QueuedMessage[]; inFlight: Map<string, QueuedMessage>; dead: QueuedMessage[] };

/** What runs in an account and region beside the instances. */
type Services = {
  sageMaker?: SageMaker;
  bedrock?: BedrockSpec;
  ecs?: SampleService[];
  eks?: SampleNodegroup[];
};

/** What a function was to be run with, later. */
export type Invocation = { functionName: string; payload: unknown };

export type StoredObject = { body: Uint8Array; etag: string; modified: number };

/** Everything that the sample account knows and remembers, and its point in time. */
export type Sample = {
  file: WorldFile;
  /** Epoch milliseconds. */
  now: number;
  fleet: Fleet;
  scalingGroups: readonly ScalingGroup[];
  databases: Databases;
  /** By account id and region, see `placeOf`. */
  services: ReadonlyMap<string, Services>;
  bill: readonly BillLine[];
  /** The account the watchdog runs in. */
  home: { account: string; region: string };
  /** SSM parameters by name. */
  parameters: Map<string, string>;
  topics: Set<string>;
  published: Publication[];
  queues: Map<string, Queue>;
  buckets: Map<string, Map<string, StoredObject>>;
  /** Functions that are to run, oldest first. */
  invocations: Invocation[];
  /** Messages sent so far. */
  sent: number;
  /** Groups that a page of Cost Explorer's answer holds. */
  groupsPerPage: number;
  /** Grows with every change of an instance, so that what was computed before is known to be old. */
  version: number;
};

export function createSample(file: WorldFile, home: Sample['home']): Sample {
  const fleet = createFleet(file);
  return {
    file,
    now: Date.parse(file.now),
    fleet,
    scalingGroups: createScalingGroups(file),
    databases: createDatabases(file),
    services: createServices(file, fleet),
    bill: createBill(file, fleet),
    home,
    parameters: new Map(),
    topics: new Set(),
    published: [],
    queues: new Map(),
    buckets: new Map(),
    invocations: [],
    sent: 0,
    groupsPerPage: 5000,
    version: 0,
  };
}

function createServices(
  { accounts, sageMaker, bedrock, ecs, eks }: WorldFile,
  fleet: Fleet,
): Map<string, Services> {
  const ids = new Map(accounts.map(({ name, id }) => [name, id]));
  const services = new Map<string, Services>();
  const add = (name: string, region: string, what: Services) => {
    const place = placeOf(ids.get(name) ?? name, region);
    services.set(place, { ...services.get(place), ...what });
  };
  for (const { account, region, here } of placesOf(sageMaker)) {
    add(account, region, { sageMaker: openSageMaker(here) });
  }
  for (const { account, region, here } of placesOf(bedrock)) add(account, region, { bedrock: here });
  for (const { account, region, here } of placesOf(ecs)) add(account, region, { ecs: createEcs(here) });
  for (const { account: name, region, here } of placesOf(eks)) {
    const account = ids.get(name) ?? name;
    add(name, region, { eks: createEks(here, fleet, { account, region }) });
  }
  return services;
}

/** Who calls: the account of the client's credentials and the client's region. */
export type Caller = { sample: Sample; account: string; region: string };

/** What a service answers to a command, without the metadata that every answer carries. */
export type Reply<Output> = Omit<Output, '$metadata'>;

/** An error as AWS would send it: its code is its name. */
export function awsError(code: string, message: string, status = 400): Error {
  const error = Object.assign(new Error(message), {
    $fault: status < 500 ? ('client' as const) : ('server' as const),
    $metadata: { httpStatusCode: status, attempts: 1, totalRetryDelay: 0 },
    Code: code,
  });
  error.name = code;
  return error;
}
