import { describe, expect, it } from 'vitest';
import { parseConfig } from '../shared/config.ts';
import { findTarget, homeOf, targetName, targetsOf } from '../shared/target.ts';

const home = { account: '123456789012', region: 'eu-west-1' };
const targets = (given: object) => targetsOf(parseConfig({ targets: given }), home);

describe('where the watchdog runs', () => {
  it('is in its environment', () => {
    expect(homeOf({ ACCOUNT_ID: '123456789012', AWS_REGION: 'eu-west-1' })).toEqual(home);
  });

  it.each([[{}], [{ ACCOUNT_ID: '123456789012' }], [{ AWS_REGION: 'eu-west-1', ACCOUNT_ID: '' }]])(
    'is not guessed: %s',
    (env) => {
      expect(() => homeOf(env)).toThrow('ACCOUNT_ID and AWS_REGION are not set');
    },
  );
});

describe('what is watched', () => {
  it('is the own account and region where the configuration names none', () => {
    expect(targets({})).toEqual([home]);
  });

  it('is every account in every region, each other account by its role', () => {
    expect(
      targets({
        regions: ['eu-west-1', 'us-east-1'],
        accounts: [
          { id: '123456789012', name: 'ml-platform' },
          { id: '210987654321', role: 'watchdog' },
        ],
      }),
    ).toEqual([
      { account: '123456789012', accountName: 'ml-platform', region: 'eu-west-1' },
      { account: '123456789012', accountName: 'ml-platform', region: 'us-east-1' },
      {
        account: '210987654321',
        region: 'eu-west-1',
        roleArn: 'arn:aws:iam::210987654321:role/watchdog',
      },
      {
        account: '210987654321',
        region: 'us-east-1',
        roleArn: 'arn:aws:iam::210987654321:role/watchdog',
      },
    ]);
  });

  it('is the own account without its role: nobody assumes what they are', () => {
    expect(targets({ accounts: [{ id: '123456789012', role: 'watchdog' }] })).toEqual([home]);
  });

  it.each([
    ['eu-west-1', 'watchdog', 'arn:aws:iam::210987654321:role/watchdog'],
    ['eu-west-1', 'ops/watchdog', 'arn:aws:iam::210987654321:role/ops/watchdog'],
    ['cn-north-1', 'watchdog', 'arn:aws-cn:iam::210987654321:role/watchdog'],
    ['us-gov-west-1', 'watchdog', 'arn:aws-us-gov:iam::210987654321:role/watchdog'],
    ['eu-west-1', 'arn:aws:iam::210987654321:role/given', 'arn:aws:iam::210987654321:role/given'],
  ])('reaches another account by the ARN of its role: in %s, %s', (region, role, roleArn) => {
    expect(targets({ regions: [region], accounts: [{ id: '210987654321', role }] })).toEqual([
      { account: '210987654321', region, roleArn },
    ]);
  });

  it('is refused where another account has no role, each of them named: else its name would stand over our own instances', () => {
    expect(() =>
      targets({
        accounts: [{ id: '210987654321' }, { id: '123456789012' }, { id: '345678901234', name: 'ml-prod' }],
      }),
    ).toThrow(
      [
        'Invalid configuration',
        '  targets.accounts.0.role: missing, though 210987654321 is not 123456789012, where the watchdog runs',
        '  targets.accounts.2.role: missing, though 345678901234 is not 123456789012, where the watchdog runs',
      ].join('\n'),
    );
  });
});

describe('a target', () => {
  it('is found by its account and region, and is not there where nobody asked for it', () => {
    const watched = targets({ regions: ['eu-west-1', 'us-east-1'] });
    expect(findTarget(watched, '123456789012', 'us-east-1')).toBe(watched[1]);
    expect(findTarget(watched, '123456789012', 'eu-north-1')).toBeUndefined();
    expect(findTarget(watched, '210987654321', 'us-east-1')).toBeUndefined();
  });

  it('has a name for people', () => {
    expect(targetName({ account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' })).toBe(
      'ml-dev (210987654321), eu-west-1',
    );
    expect(targetName(home)).toBe('123456789012, eu-west-1');
  });
});
