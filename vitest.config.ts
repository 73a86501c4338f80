import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/emulator/**'],
    env: {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      ACCOUNT_ID: '123456789012',
      TABLE_NAME: 'watchdog',
      LEDGER_BUCKET: 'watchdog-ledger',
      ALERT_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/watchdog-alerts',
      SWEEP_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/watchdog-sweep',
      ALERT_TOPIC_ARN: 'arn:aws:sns:eu-west-1:123456789012:watchdog-alerts',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    },
    setupFiles: ['test/support/setup.ts'],
    expect: { requireAssertions: true },
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
