import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../shared/config.ts';

const faultsOf = (document: unknown): string => {
  try {
    parseConfig(document);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('the configuration', () => {
  it('is safe where nothing is said: it observes, and protects production', () => {
    expect(parseConfig({})).toMatchObject({
      enforce: false,
      protect: { environments: ['production', 'prod', 'prd', 'live'] },
      stop: { grace: 15, idle: 45, maxStops: 50 },
    });
  });

  it('has every fault told at once, each with its path', () => {
    expect(faultsOf({ enforce: 'yes', stop: { grace: -1 }, timeZone: 'Mars/Olympus' })).toBe(
      [
        'Invalid configuration',
        '  enforce: Invalid input: expected boolean, received string',
        '  timeZone: expected an IANA time zone such as Europe/Berlin',
        '  stop.grace: Too small: expected number to be >=0',
      ].join('\n'),
    );
  });

  it.each([
    [{ enforced: true }, 'enforced: unknown key, did you mean "enforce"?'],
    [{ stop: { idel: 45 } }, 'stop.idel: unknown key, did you mean "idle"?'],
    [
      { targets: { accounts: [{ id: '123456789012', rol: 'x' }] } },
      'targets.accounts.0.rol: unknown key, did you mean "role"?',
    ],
    [
      { alerts: { slack: { webhook: 'https://hooks.slack.com/x' } } },
      'expected ssm:/path or secretsmanager:name',
    ],
    [null, 'the file: Invalid input: expected object, received null'],
    [[], 'the file: Invalid input: expected object, received array'],
  ])('refuses %j', (document, fault) => {
    expect(faultsOf(document)).toContain(fault);
  });
});

describe('the configuration of a function', () => {
  const file = (text: string): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'watchdog-')), 'watchdog.json');
    writeFileSync(path, text);
    return path;
  };

  it('is the default where none was packaged', () => {
    expect(loadConfig({})).toEqual(parseConfig({}));
  });

  it('is read from the variable itself, or from the file it names', () => {
    expect(loadConfig({ WATCHDOG_CONFIG: ' {"enforce": true}' }).enforce).toBe(true);
    expect(loadConfig({ WATCHDOG_CONFIG: file('{"enforce": true}') }).enforce).toBe(true);
  });

  it.each(['', '{', 'enforce: true'])('fails at the start where the file is no JSON: %j', (text) => {
    expect(() => loadConfig({ WATCHDOG_CONFIG: file(text) })).toThrow(
      /^Invalid configuration\n {2}the file: not JSON: /,
    );
  });

  it('fails at the start where the file is not there', () => {
    expect(() => loadConfig({ WATCHDOG_CONFIG: '/nowhere/watchdog.json' })).toThrow('/nowhere/watchdog.json');
  });
});
