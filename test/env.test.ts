import { afterEach, expect, it, vi } from 'vitest';
import { requireEnv } from '../shared/env.ts';

afterEach(() => vi.unstubAllEnvs());

it('gives the variables that a function needs', () => {
  vi.stubEnv('TABLE_NAME', 'watchdog');
  vi.stubEnv('ALERT_QUEUE_URL', 'https://sqs/alerts');
  expect(requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL')).toEqual({
    TABLE_NAME: 'watchdog',
    ALERT_QUEUE_URL: 'https://sqs/alerts',
  });
});

it('names all that are missing at once, an empty one too', () => {
  vi.stubEnv('TABLE_NAME', 'watchdog');
  vi.stubEnv('ALERT_QUEUE_URL', '');
  vi.stubEnv('SWEEP_QUEUE_URL', undefined);
  expect(() => requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL', 'SWEEP_QUEUE_URL')).toThrow(
    'Not set in the environment: ALERT_QUEUE_URL, SWEEP_QUEUE_URL',
  );
});
