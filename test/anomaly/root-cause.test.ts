import { describe, expect, it } from 'vitest';
import {
  type Answered,
  findRootCause,
  nextQuestion,
  questionsPerIncident,
} from '../../shared/anomaly/root-cause.ts';
import type { BreakdownDimension, PartLine } from '../../shared/spend/breakdown.ts';
import type { Scope } from '../../shared/spend/scope.ts';
import { answered, partLines } from '../support/breakdown.ts';

const p4d = 'EUW1-BoxUsage:p4d.24xlarge';
const ec2 = 'Amazon Elastic Compute Cloud - Compute';
const account = '210987654321';
const region = 'eu-west-1';

const steady = partLines(
  { region, usageType: 'EUW1-EBS:VolumeUsage.gp3' },
  { amount: 50, quantity: 600 },
  { amount: 52, quantity: 624 },
  'GB-Mo',
);
const forgotten = partLines({ region, usageType: p4d }, undefined, { amount: 786.96, quantity: 24 });
const place = answered(['region', 'usageType'], [...steady, ...forgotten]);
const cause = (...answers: Answered[]) => findRootCause(answers, { excessPerDay: 788 });

describe('the cause of an incident', () => {
  it('is the kind of usage that rose most, where it is, and what it makes up of the rise', () => {
    expect(cause(place)).toMatchObject({
      levels: [
        { dimension: 'region', parts: [{ value: 'eu-west-1' }] },
        { dimension: 'usageType', parts: [{ value: p4d }] },
      ],
      cost: { before: 0, after: expect.closeTo(786.96) },
      share: expect.closeTo(786.96 / 788.96),
      driver: 'usage',
      split: { quantity: { before: 0, after: 24, unit: 'Hrs' } },
      excessPerDay: 788,
    });
  });

  it('goes down to the operation, the owner and the resource', () => {
    const whose = answered(
      ['team', 'owner'],
      partLines({ team: 'search', owner: 'jonas' }, undefined, { amount: 786.96 }),
    );
    const what = answered(
      ['resource', 'operation'],
      partLines({ resource: 'i-0d4e7b1c93fa26501', operation: 'RunInstances' }, undefined, {
        amount: 786.96,
      }),
    );
    const found = cause(place, whose, what);
    expect(found.levels.map(({ dimension, parts }) => [dimension, parts[0]?.value])).toEqual([
      ['region', region],
      ['usageType', p4d],
      ['team', 'search'],
      ['owner', 'jonas'],
      ['resource', 'i-0d4e7b1c93fa26501'],
      ['operation', 'RunInstances'],
    ]);
    expect(found).toMatchObject({ team: 'search', owner: 'jonas' });
  });

  const usageOf = (before: [number, number], after: [number, number]) =>
    answered(
      ['region', 'usageType'],
      partLines(
        { region, usageType: 'EUW1-BoxUsage:c6i.4xlarge' },
        { amount: before[0], quantity: before[1] },
        { amount: after[0], quantity: after[1] },
      ),
    );

  it.each([
    ['usage, where more is used', usageOf([100, 10], [200, 20]), 'usage'],
    ['the price, where the same costs more', usageOf([96, 180], [192, 180]), 'rate'],
    ['both, where neither makes up four fifths', usageOf([100, 10], [225, 15]), 'mix'],
    [
      'not known, where the bill has no quantity',
      answered(
        ['region', 'usageType'],
        partLines({ region, usageType: 'Dollar' }, { amount: 10 }, { amount: 90 }),
      ),
      'unknown',
    ],
  ])('is driven by %s', (_, answer, driver) => {
    expect(cause(answer).driver).toBe(driver);
  });

  it('is a commitment that ended, where the same usage is no longer covered', () => {
    const rate = usageOf([96, 180], [192, 180]);
    const covered = answered(
      ['recordType', 'operation'],
      [
        ...partLines(
          { recordType: 'SavingsPlanCoveredUsage', operation: 'RunInstances' },
          { amount: 96, quantity: 180 },
          undefined,
        ),
        ...partLines({ recordType: 'Usage', operation: 'RunInstances' }, undefined, {
          amount: 192,
          quantity: 180,
        }),
      ],
    );
    expect(cause(rate, covered)).toMatchObject({
      driver: 'rate',
      commitment: { kind: 'savings-plan', endedOn: '2026-11-14' },
    });
  });

  it('is no commitment where more is used, whatever is no longer covered', () => {
    const more = usageOf([96, 180], [900, 1700]);
    const covered = answered(
      ['recordType', 'operation'],
      [
        ...partLines({ recordType: 'DiscountedUsage' }, { amount: 96, quantity: 180 }, undefined),
        ...partLines({ recordType: 'Usage' }, undefined, { amount: 900, quantity: 1700 }),
      ],
    );
    expect(cause(more, covered)).not.toHaveProperty('commitment');
  });

  it('has no level where nothing rose', () => {
    expect(cause(answered(['region'], partLines({ region }, { amount: 96 }, { amount: 20 })))).toMatchObject({
      levels: [],
      driver: 'unknown',
    });
    expect(cause().levels).toEqual([]);
  });
});

describe('whose it is', () => {
  const owned = (team: string, before: number, after: number) =>
    partLines({ team }, { amount: before }, { amount: after });

  it('is the team that the larger half of the rise belongs to', () => {
    const lines = [...owned('search', 100, 800), ...owned('vision', 300, 320), ...owned('', 50, 80)];
    expect(cause(place, answered(['team'], lines)).team).toBe('search');
  });

  it.each([
    ['untagged spend rose most', [...owned('search', 100, 120), ...owned('', 50, 800)]],
    ['no team has half of it', [...owned('a', 0, 40), ...owned('b', 0, 35), ...owned('c', 0, 35)]],
    ['nobody tags', []],
  ])('is nobody where %s', (_, lines) => {
    expect(cause(place, answered(['team'], lines))).not.toHaveProperty('team');
  });
});

describe('what the bill is asked', () => {
  /** What is asked in turn, where each answer is these lines. */
  const interview = (scope: Scope, lines: readonly PartLine[], resources = false) => {
    const answers: Answered[] = [];
    const asked: (readonly BreakdownDimension[])[] = [];
    for (;;) {
      const question = nextQuestion(scope, answers, { resources });
      if (question === undefined) return asked;
      asked.push(question.dimensions);
      answers.push(answered(question.dimensions, lines, question.within));
    }
  };

  it.each<[string, Scope, BreakdownDimension[][]]>([
    [
      'a service in an account',
      { account, service: ec2 },
      [
        ['region', 'usageType'],
        ['team', 'owner'],
        ['operation', 'recordType'],
      ],
    ],
    [
      'a service',
      { service: ec2 },
      [
        ['account', 'usageType'],
        ['region', 'operation'],
        ['team', 'owner'],
      ],
    ],
    [
      'an account',
      { account },
      [
        ['service', 'usageType'],
        ['region', 'operation'],
        ['team', 'owner'],
      ],
    ],
    [
      'a usage type',
      { service: ec2, usageType: p4d },
      [
        ['account', 'region'],
        ['team', 'owner'],
        ['operation', 'recordType'],
      ],
    ],
    ['a team', { team: 'search' }, [['account', 'service'], ['region', 'usageType'], ['owner']]],
    [
      'everything',
      {},
      [
        ['account', 'service'],
        ['region', 'usageType'],
        ['team', 'owner'],
      ],
    ],
  ])('of %s is at most three questions of two dimensions', (_, scope, questions) => {
    expect(interview(scope, forgotten)).toEqual(questions);
    expect(questions.length).toBeLessThanOrEqual(questionsPerIncident);
  });

  it('is which resource, where resource-level data is enabled', () => {
    expect(interview({ account, service: ec2 }, forgotten, true).at(-1)).toEqual(['resource', 'operation']);
  });

  it('is no resource of no service in particular: Cost Explorer would refuse', () => {
    expect(interview({ account }, forgotten, true).flat()).not.toContain('resource');
  });

  it('is what covered it, before whose it is, where the price rose', () => {
    const dearer = partLines(
      { region, usageType: p4d },
      { amount: 96, quantity: 180 },
      { amount: 192, quantity: 180 },
    );
    expect(interview({ account, service: ec2 }, dearer)[1]).toEqual(['recordType', 'operation']);
  });

  it('is what covered which usage type, where the price of several rose', () => {
    const dearer = ['a', 'b', 'c'].flatMap((usageType) =>
      partLines({ region, usageType }, { amount: 96, quantity: 180 }, { amount: 192, quantity: 180 }),
    );
    expect(interview({ account, service: ec2 }, dearer)[1]).toEqual(['recordType', 'usageType']);
  });

  it('is about where the last answer led', () => {
    expect(nextQuestion({ account, service: ec2 }, [place], { resources: false })?.within).toEqual({
      account,
      service: ec2,
      region,
      usageType: p4d,
    });
  });
});
