import { describe, expect, it } from 'vitest';
import { causeText } from '../../shared/alert/cause-text.ts';
import type { RootCause } from '../../shared/anomaly/root-cause.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import { causeOf, expired, explainedLevel } from '../support/cause.ts';

const scope = { account: '210987654321', service: 'Amazon Elastic Compute Cloud - Compute' };
const say = (cause: RootCause, about: Scope = scope) =>
  causeText(cause, { currency: 'USD', scope: about, names: { '210987654321': 'ml-dev' } });

describe('the cause in words', () => {
  it('says what, where, how much of it, and what drives it', () => {
    expect(say(causeOf())).toBe(
      'EUW1-BoxUsage:p4d.24xlarge (RunInstances) on i-0d4e7b1c93fa26501 in eu-west-1 makes up 97 % of the rise: $786.96 a day after $0.00. Driven by usage: 24 hours a day after 0.',
    );
  });

  it('names account and service, where the incident is of a whole team', () => {
    const levels = [
      explainedLevel('account', '210987654321'),
      explainedLevel('service', 'Amazon Elastic Compute Cloud - Compute'),
    ];
    expect(say(causeOf({ levels }), { team: 'search' })).toMatch(
      /^Amazon EC2 of ml-dev makes up 97 % of the rise/,
    );
  });

  it('says over how many it is spread, and loses none of it', () => {
    const spread = {
      dimension: 'region' as const,
      parts: [
        { value: 'eu-west-1', before: 10, after: 50 },
        { value: 'us-east-1', before: 10, after: 48 },
        { value: 'ap-south-1', before: 10, after: 40 },
      ],
      other: { count: 5, before: 50, after: 111 },
      risen: 7,
      share: 40 / 169,
    };
    const cause = causeOf({ levels: [spread], share: 1, cost: { before: 80, after: 249 } });
    expect(say(cause)).toBe(
      'No single part explains it: $249.00 a day after $80.00. It is spread over 7 regions: eu-west-1 +$40.00, us-east-1 +$38.00, ap-south-1 +$30.00, 5 others +$61.00 a day. Driven by usage: 24 hours a day after 0.',
    );
  });

  it('says that a Savings Plan ended: driven by its price, not by usage', () => {
    expect(say(expired)).toContain(
      'Driven by its price, not by usage: 1.07 per hour after 0.533; $0.00 a day is usage, $96.00 a day is price. A Savings Plan that ended on 14 Nov: it covers nothing of the 180 a day that it did, the same usage is billed on demand.',
    );
  });

  it('gives both parts of a mix in dollars', () => {
    const cause = causeOf({ driver: 'mix', split: { usage: 60, rate: 40, unknown: 0 } });
    expect(say(cause)).toContain('Driven by both: $60.00 a day is usage, $40.00 a day is price.');
  });

  it('says nothing of what drives it where the bill has no quantity', () => {
    const cause = causeOf({ driver: 'unknown', split: { usage: 0, rate: 0, unknown: 787 } });
    expect(say(cause)).not.toContain('Driven');
  });

  const p4d = {
    instanceId: 'i-0d4e7b1c93fa26501',
    instanceType: 'p4d.24xlarge',
    launchTime: '2026-11-13T16:20:00Z',
  };

  it.each([
    [[{ ...p4d, startedBy: 'ml-engineer/dana' }], 'launched Fri 13 Nov 16:20 UTC by ml-engineer/dana.'],
    [[{ ...p4d, startedBy: 'ci', owner: 'jonas' }], 'launched Fri 13 Nov 16:20 UTC by ci (owner jonas).'],
    [[{ ...p4d, startedBy: 'dev/jonas', owner: 'jonas' }], 'launched Fri 13 Nov 16:20 UTC by dev/jonas.'],
    [[p4d, p4d, p4d, p4d, p4d], '; and 2 more.'],
  ])('ends in who may have caused it: %#', (suspects, ending) => {
    const text = say(causeOf({ suspects }));
    expect(text.endsWith(ending)).toBe(true);
    expect(text).toContain(suspects.length === 1 ? ' Suspect: p4d.24xlarge i-0d4e' : ' Suspects: ');
  });

  it('says so where no part of the bill rose', () => {
    expect(say(causeOf({ levels: [] }))).toMatch(/^No part of the bill rose/);
  });

  it('calls a resource by its name, and none where the bill has none', () => {
    const on = (resource: string) => say(causeOf({ levels: [explainedLevel('resource', resource)] }));
    expect(on('arn:aws:bedrock:us-east-1:345678901234:application-inference-profile/support')).toContain(
      'on application-inference-profile/support makes up',
    );
    expect(on('NoResourceId')).not.toContain('NoResourceId');
  });

  it('tells units that are numbers from the number before them', () => {
    const split = {
      usage: 1,
      rate: 0,
      unknown: 0,
      quantity: { before: 10_246.8, after: 317_934.5, unit: '1K tokens' },
    };
    expect(say(causeOf({ split }))).toContain('317,935 x 1K tokens a day after 10,247.');
  });
});
