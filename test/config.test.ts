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

const planned = (given: object) => ({
  spend: { planned: [{ name: 'migration', from: '2026-12-03', to: '2026-12-09', upTo: '40%', ...given }] },
});

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
        '  timeZone: "Mars/Olympus" is not a time zone such as Europe/Berlin',
        '  stop.grace: Too small: expected number to be >=0',
      ].join('\n'),
    );
  });

  it('knows seasons, plans nothing, and buys no further data unless it is told to', () => {
    expect(parseConfig({}).spend).toMatchObject({
      seasons: ['black-friday', 'christmas'],
      planned: [],
      floors: [],
      tags: [],
      usageTypes: false,
      resources: false,
    });
  });

  it('takes plans and floors for any dimension the spend is read by', () => {
    const spend = {
      seasons: [],
      planned: [{ name: 'training', from: '2026-12-03', to: '2026-12-09', upTo: '+40 %', team: 'research' }],
      floors: [{ service: 'Amazon Bedrock', floor: 5 }],
    };
    expect(parseConfig({ spend }).spend).toMatchObject(spend);
  });

  it('stops a hundred a call, at the rates that AWS publishes, and what cannot hibernate too', () => {
    const { stop } = parseConfig({});
    expect(stop).toMatchObject({ chunkSize: 100, hibernateFallback: true });
    expect([stop.callsPerSecond, stop.burst]).toEqual([undefined, undefined]);
  });

  it.each([
    [{ chunkSize: 0 }, 'stop.chunkSize'],
    [{ chunkSize: 1001 }, 'stop.chunkSize'],
    [{ chunkSize: 12.5 }, 'stop.chunkSize'],
    [{ callsPerSecond: 0 }, 'stop.callsPerSecond'],
    [{ burst: 0.5 }, 'stop.burst'],
  ])('refuses a pace of %j', (stop, path) => {
    expect(() => parseConfig({ stop })).toThrow(path);
  });

  it('reads back what it has read, as a function does that was packaged with it', () => {
    const config = parseConfig(planned({ upTo: '2500%' }));
    expect(parseConfig(JSON.parse(JSON.stringify(config)))).toEqual(config);
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
    [
      { spend: { seasons: ['xmas'] } },
      'spend.seasons.0: Invalid option: expected one of "black-friday"|"christmas"',
    ],
    [planned({ upTo: 'much' }), 'spend.planned.0.upTo: expected a percentage such as "40%"'],
    [planned({ upTo: '40' }), 'spend.planned.0.upTo: expected a percentage such as "40%"'],
    [planned({ upTo: 40 }), 'spend.planned.0.upTo: expected a percentage such as "40%"'],
    [planned({ upTo: -0.1 }), 'spend.planned.0.upTo: expected a percentage such as "40%"'],
    [planned({ to: '2026-12-02' }), 'spend.planned.0.to: is before "from"'],
    [planned({ to: '2026-02-29' }), 'spend.planned.0.to: Invalid ISO date'],
    [planned({ acount: '210987654321' }), 'spend.planned.0.acount: unknown key, did you mean "account"?'],
    [planned({ upTo: undefined, upto: 4 }), 'spend.planned.0.upto: unknown key, did you mean "upTo"?'],
    [
      planned({ account: 210987654321 }),
      'spend.planned.0.account: expected a 12-digit account id, in quotes',
    ],
    [planned({ team: 7 }), 'spend.planned.0.team: expected the value of a dimension, in quotes'],
    [{ spend: { planned: [null] } }, 'spend.planned.0: Invalid input: expected object, received null'],
    [
      { spend: { floors: [{ floor: 5 }] } },
      'spend.floors.0: names no part of the spend; spend.floor is for all of it',
    ],
    [{ spend: { floors: [{ servise: 'Amazon EC2', floor: 5 }] } }, 'did you mean "service"?'],
    [{ spend: { floors: [{ account: '210987654321', floor: -5 }] } }, 'spend.floors.0.floor: Too small'],
    [{ spend: { floor: 5, planed: [] } }, 'spend.planed: unknown key, did you mean "planned"?'],
    [
      { alerts: { digests: { to: ['finopps'] }, destinations: { finops: { webhook: 'ssm:/finops' } } } },
      'alerts.digests.to: unknown destination "finopps", did you mean "finops"?',
    ],
    [{ alerts: { digests: { hour: 24 } } }, 'alerts.digests.hour: Too big'],
    [{ alerts: { digests: { weekday: 'Monday' } } }, 'alerts.digests.weekday: Invalid option'],
    [
      { alerts: { digests: { html: { from: 'watchdog', to: ['finops@example.com'] } } } },
      'alerts.digests.html.from: expected an address such as watchdog@example.com',
    ],
    [
      { alerts: { digests: { html: { from: 'a@example.com', to: [] } } } },
      'alerts.digests.html.to: Too small',
    ],
    [{ alerts: { selfTest: 'daily' } }, 'alerts.selfTest: Invalid option'],
    [{ budgets: [{ name: 'all', monthly: 0 }] }, 'budgets.0.monthly: Too small'],
    [{ budgets: [{ name: 'all', monthly: 9, servise: 'x' }] }, 'did you mean "service"?'],
    [
      {
        budgets: [
          { name: 'all', monthly: 9 },
          { name: 'all', monthly: 8 },
        ],
      },
      'budgets.1.name: "all" is there twice',
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
