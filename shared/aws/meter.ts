import type { Pluggable } from '@smithy/types';
import type { Usd } from '../money.ts';
import type { IsoTime } from '../period.ts';

/** US dollars by call, us-east-1, for what AWS charges by the call. Others are free, or counted by what they carry. */
const prices: Readonly<Record<string, number>> = {
  'CostExplorer:GetCostAndUsage': 0.01,
  'CostExplorer:GetCostAndUsageWithResources': 0.01,
  'CostExplorer:GetDimensionValues': 0.01,
  'CostExplorer:GetTags': 0.01,
  'CostExplorer:ProvideAnomalyFeedback': 0.01,
  'SQS:SendMessage': 0.4e-6,
  'SQS:SendMessageBatch': 0.4e-6,
  'DynamoDB:PutItem': 0.625e-6,
  'DynamoDB:UpdateItem': 0.625e-6,
  'DynamoDB:DeleteItem': 0.625e-6,
  'DynamoDB:TransactWriteItems': 1.25e-6,
  'DynamoDB:GetItem': 0.125e-6,
  'DynamoDB:BatchGetItem': 0.125e-6,
  'DynamoDB:Query': 0.125e-6,
  'S3:PutObject': 0.005e-3,
  'S3:GetObject': 0.0004e-3,
  'S3:ListObjectsV2': 0.005e-3,
  'SNS:Publish': 20e-6,
};

/** Dollars for a gigabyte-second of Lambda on arm64, and for a run (AWS Lambda pricing). */
const perGbSecond = 0.0000133334;
const perRun = 0.2e-6;

/** What Lambda charges for a run with so much memory, without what the first one takes to load. */
export const lambdaCost = (durationMs: number, memoryMb: number): Usd =>
  (durationMs / 1000) * (memoryMb / 1024) * perGbSecond + perRun;

/** What a run has cost, its AWS calls and its own time, and when it was; of an event the time that it names. */
export type RunCost = { at: IsoTime; cost: Usd };

/** Dollars: GetMetricData is charged by the metric asked for, not by the call. */
export const perMetric = 0.01e-3;

const counts = new Map<string, number>();
let metricQueries = 0;

/** AWS calls since the last `resetMeter`, by `Service:Operation`, and what AWS charges for them in dollars. */
export function readMeter(): { calls: Record<string, number>; metricQueries: number; cost: number } {
  const perCall = [...counts].reduce((sum, [call, count]) => sum + count * (prices[call] ?? 0), 0);
  return { calls: Object.fromEntries(counts), metricQueries, cost: perCall + metricQueries * perMetric };
}

export function resetMeter(): void {
  counts.clear();
  metricQueries = 0;
}

/** Counts each attempt, so that retries count as what they are: calls. */
export const meterCalls: Pluggable<object, object> = {
  applyToStack: (stack) =>
    stack.add(
      (next, context) => async (args) => {
        const { MetricDataQueries: queries = [] } = args.input as { MetricDataQueries?: readonly unknown[] };
        const count = (answer: unknown) => {
          const attempts = attemptsOf(answer);
          const call = callName(context);
          counts.set(call, (counts.get(call) ?? 0) + attempts);
          metricQueries += queries.length * attempts;
        };
        try {
          const answer = await next(args);
          count(answer.output);
          return answer;
        } catch (error) {
          count(error);
          throw error;
        }
      },
      { step: 'initialize', name: 'meterCalls', priority: 'low' },
    ),
};

/** How often the SDK asked, as it notes on an answer and on an error alike. */
const attemptsOf = (answer: unknown): number =>
  (answer as { $metadata?: { attempts?: number } } | undefined)?.$metadata?.attempts ?? 1;

/** `EC2:DescribeInstances`, from the SDK's own names. */
export const callName = (context: { clientName?: unknown; commandName?: unknown }): string =>
  `${String(context.clientName).replace(/Client$/, '')}:${String(context.commandName).replace(/Command$/, '')}`;
