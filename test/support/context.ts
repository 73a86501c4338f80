import type { Context } from 'aws-lambda';

/** What Lambda tells a function of its run, with five minutes left. */
export const context: Context = {
  functionName: 'watchdog',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:watchdog',
  memoryLimitInMB: '256',
  awsRequestId: '7d5e1b0a-6f7c-4c57-8f0e-5f1f0b0e2a11',
  logGroupName: '/aws/lambda/watchdog',
  logStreamName: '2026/11/16/[$LATEST]0',
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => 300_000,
  done: () => undefined,
  fail: () => undefined,
  succeed: () => undefined,
};
