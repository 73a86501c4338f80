import type { AwsCredentialIdentityProvider, Pluggable, Provider } from '@smithy/types';
import { callName } from '../../../shared/aws/meter.ts';
import { uuidOf } from '../noise.ts';
import { awsError, type Caller, type Sample } from '../sample.ts';
import { applicationAutoScaling } from './application-auto-scaling.ts';
import { autoScaling } from './auto-scaling.ts';
import { bedrock } from './bedrock.ts';
import { cloudWatch } from './cloudwatch.ts';
import { costExplorer } from './cost-explorer.ts';
import { ec2 } from './ec2.ts';
import { ecs } from './ecs.ts';
import { eks } from './eks.ts';
import { lambda } from './lambda.ts';
import { pricing } from './pricing.ts';
import { rds } from './rds.ts';
import { s3 } from './s3.ts';
import { sageMaker } from './sagemaker.ts';
import { sageMakerPower } from './sagemaker-power.ts';
import { sns } from './sns.ts';
import { sqs } from './sqs.ts';
import { ssm } from './ssm.ts';
import { accountOf, sts } from './sts.ts';
import { tagging } from './tagging.ts';

/** A call that the sample account was asked to answer. */
export type SampleCall = { call: string; account: string; region: string };

/** What answers: the sample, where its DynamoDB listens, and the record of what was asked. */
export type Stage = { sample: Sample; dynamoDb: URL; calls: SampleCall[] };

type Answer = (input: never, caller: Caller) => object | Promise<object>;

const services: Readonly<Record<string, Readonly<Record<string, Answer>>>> = {
  EC2: ec2,
  AutoScaling: autoScaling,
  RDS: rds,
  CloudWatch: cloudWatch,
  CostExplorer: costExplorer,
  STS: sts,
  SSM: ssm,
  SNS: sns,
  SQS: sqs,
  S3: s3,
  Pricing: pricing,
  SageMaker: { ...sageMaker, ...sageMakerPower },
  Bedrock: bedrock,
  ECS: ecs,
  EKS: eks,
  Lambda: lambda,
  ApplicationAutoScaling: applicationAutoScaling,
  ResourceGroupsTaggingAPI: tagging,
};

type ClientConfig = { region: Provider<string>; credentials: AwsCredentialIdentityProvider };

/**
 * Makes a client's calls end here instead of on the network, as long as a sample account is open: `stage` says which.
 * DynamoDB's calls go on, to the sample's own DynamoDB. It comes last of the plugins, so that calls are still counted
 * and errors still explained.
 */
export const answerFrom =
  (stage: () => Stage | undefined) =>
  (client: unknown): Pluggable<object, object> => ({
    applyToStack: (stack) => {
      const { config } = client as { config: ClientConfig };
      stack.add(
        (next, context) => async (args) => {
          const open = stage();
          const call = callName(context);
          if (!open || call.startsWith('DynamoDB:')) return next(args);
          const { sample, calls } = open;
          const caller = await callerOf(config, sample);
          calls.push({ call, account: caller.account, region: caller.region });
          const output = await answerTo(call)(args.input as never, caller);
          return { response: {}, output: { $metadata: metadata(call, calls.length), ...output } };
        },
        { step: 'initialize', name: 'answerFromSample', priority: 'low' },
      );
      stack.add(
        (next, context) => (args) => {
          const open = stage();
          if (open && callName(context).startsWith('DynamoDB:')) redirect(args.request, open.dynamoDb);
          return next(args);
        },
        { step: 'build', name: 'useSampleDynamoDb', priority: 'low' },
      );
    },
  });

async function callerOf({ region, credentials }: ClientConfig, sample: Sample): Promise<Caller> {
  const { accessKeyId } = await credentials();
  return { sample, account: accountOf(accessKeyId) ?? sample.home.account, region: await region() };
}

function answerTo(call: string): Answer {
  const [service = '', operation = ''] = call.split(':');
  const answer = services[service]?.[operation];
  if (!answer) throw awsError('UnknownOperationException', `The sample account has no answer to ${call}`);
  return answer;
}

const metadata = (call: string, count: number) => ({
  httpStatusCode: 200,
  requestId: uuidOf(`${call} ${count}`),
  attempts: 1,
  totalRetryDelay: 0,
});

function redirect(request: unknown, { protocol, hostname, port }: URL): void {
  Object.assign(request as object, { protocol, hostname, port: Number(port) });
  Object.assign((request as { headers: object }).headers, { host: `${hostname}:${port}` });
}
