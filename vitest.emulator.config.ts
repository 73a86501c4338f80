import { defineConfig } from 'vitest/config';

/** Run by test/emulator/run.ts, which starts the emulator and says where it is (AWS_ENDPOINT_URL). */
export default defineConfig({
  test: {
    include: ['test/emulator/**/*.test.ts'],
    env: {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      ACCOUNT_ID: '123456789012',
      POWERTOOLS_LOG_LEVEL: 'SILENT',
    },
    expect: { requireAssertions: true },
    // One emulator, one file at a time: each begins with an empty one.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
