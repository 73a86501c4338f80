import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import budget from '../../events/budget-actual-sns.json' with { type: 'json' };
import forecast from '../../events/budget-forecast-sns.json' with { type: 'json' };
import anomalyEvent from '../../events/cost-anomaly-eventbridge.json' with { type: 'json' };
import anomalySns from '../../events/cost-anomaly-sns.json' with { type: 'json' };
import anomalySparse from '../../events/cost-anomaly-sns-sparse.json' with { type: 'json' };
import exposed from '../../events/health-credentials-exposed.json' with { type: 'json' };
import type { Alert } from '../../shared/alert/alert.ts';
import { relayedEvent } from '../../shared/alert/aws-alert.ts';
import { markTold } from '../../shared/anomaly/incident.ts';
import { parseConfig } from '../../shared/config.ts';
import { getAwsAnomalies } from '../../shared/store/aws-anomalies.ts';
import { openFinding } from '../../shared/store/findings.ts';
import { putIncident } from '../../shared/store/incidents.ts';
import { recordLaunch } from '../../shared/store/launches.ts';
import { putJudgedThrough } from '../../shared/store/spend-state.ts';
import { getSpendWatches } from '../../shared/store/spend-watches.ts';
import type { Table } from '../../shared/store/table.ts';
import { relayAwsAlerts } from '../../shared/watch/relay.ts';
import { instance } from '../support/compute.ts';
import { findingOf } from '../support/finding.ts';
import { incidentOf } from '../support/incident.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
beforeEach(async () => {
  ({ table, stop } = await startTable());
});
afterEach(() => stop());

const config = parseConfig({ targets: { accounts: [{ id: '210987654321', name: 'ml-dev' }] } });
const relay = (event: unknown) => relayAwsAlerts({ table, config }, relayedEvent.parse(event));

const anomaly = 'aws-cost-anomaly/8f4b5c1e-27b3-4d7e-9f6f-0e6f3a1d8b11';
const withImpact = (totalImpact: number) => ({
  ...anomalyEvent,
  detail: { ...anomalyEvent.detail, impact: { ...anomalyEvent.detail.impact, totalImpact } },
});

const waiting = async () => {
  const { Items = [] } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    }),
  );
  return Items.map(({ sk }) => sk as string);
};

const told = async (): Promise<Alert[]> => {
  const { Items = [] } = await table.client.send(
    new QueryCommand({
      TableName: table.name,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'OUTBOX' },
    }),
  );
  return Items.map(({ alert }) => alert as Alert);
};

const factsOf = ({ facts }: Alert | { facts: Alert['facts'] }) =>
  Object.fromEntries(facts.map(({ label, value }) => [label, value]));

describe('what AWS tells', () => {
  it('is one alert, by SNS and by EventBridge, in either order', async () => {
    expect(await relay(anomalySns)).toEqual({ recorded: [`${anomaly}/over-1024`], known: [], covered: [] });
    expect(await relay(anomalyEvent)).toEqual({ recorded: [], known: [`${anomaly}/over-1024`], covered: [] });
    expect(await waiting()).toEqual([`${anomaly}/over-1024`]);
  });

  it('is told again when the amount has doubled, and not before', async () => {
    await relay(withImpact(1000));
    expect((await relay(withImpact(1100))).recorded).toEqual([]); // over 1024, but no news
    expect((await relay(withImpact(2000))).recorded).toEqual([`${anomaly}/over-1024`]);
    expect((await relay(withImpact(2100))).recorded).toEqual([]);
  });

  it('is not told of an amount that is overtaken already', async () => {
    await relay(withImpact(4000));
    expect((await relay(withImpact(1000))).recorded).toEqual([]);
    expect(await waiting()).toEqual([`${anomaly}/over-2048`]);
  });

  it('is told for each record of an event', async () => {
    const Records = [...anomalySns.Records, ...budget.Records, ...anomalySparse.Records];
    const { recorded } = await relay({ Records });
    expect(recorded).toHaveLength(3);
    expect(await waiting()).toHaveLength(3);
  });

  it('is told by one of two runs at the same time', async () => {
    const [one, other] = await Promise.all([relay(budget), relay(budget)]);
    expect([...(one?.recorded ?? []), ...(other?.recorded ?? [])]).toHaveLength(1);
  });
});

describe('an anomaly that AWS found', () => {
  it('is opened, then grown, under one subject', async () => {
    await relay(withImpact(1000));
    await relay(withImpact(2500));
    const [first, second] = (await told()).toSorted((a, b) => (a.costPerDay ?? 0) - (b.costPerDay ?? 0));
    expect(first).toMatchObject({ step: 'opened', subject: anomaly, costPerDay: 1000 / 3 });
    expect(second).toMatchObject({ step: 'grown', subject: anomaly, costPerDay: 2500 / 3 });
    expect(second?.anomalyId).toBe('8f4b5c1e-27b3-4d7e-9f6f-0e6f3a1d8b11');
  });

  it('says what was started there, by whom, what it burns, and what does nothing', async () => {
    await recordLaunch(
      table,
      {
        reservationId: 'r-1',
        launchTime: '2026-11-13T16:20:00Z',
        startedBy: 'ml-engineer/dana',
        isAutoScaling: false,
        instances: [
          { instance: instance(), attribution: { owner: 'dana', team: 'search' }, hourlyRate: 32.77 },
        ],
      },
      '2026-11-13T16:21:00Z',
    );
    await openFinding(table, findingOf());
    await putJudgedThrough(table, '2026-11-14');
    await relay(anomalyEvent);
    const [alert] = await told();
    expect(alert).toMatchObject({ owner: 'dana', team: 'search' });
    expect(alert && factsOf(alert)).toMatchObject({
      Account: 'ml-dev (210987654321)',
      Owner: 'dana',
      Rate: '$32.77 an hour, p4d.24xlarge i-0d4e1f2a3b4c5d6e7',
      Suspect: expect.stringContaining('by ml-engineer/dana'),
      'Our own series': 'no incident through 14 Nov',
      'Found there': expect.stringMatching(/^reranker-train \(p4d\.24xlarge\): 8 of 8 GPUs/),
    });
  });

  it('has the days of an incident of ours that nobody was told of yet', async () => {
    await putIncident(table, incidentOf());
    expect((await relay(anomalyEvent)).recorded).toHaveLength(1);
    const [alert] = await told();
    expect(alert?.incidentId).toBe(incidentOf().id);
    expect(alert && factsOf(alert)['Our own series']).toBe(
      `$1,792.00 on 2 days, expected $200.00 (incident ${incidentOf().id})`,
    );
  });

  it('is not told again where an incident of ours was, however much it grows, and is remembered', async () => {
    await putIncident(table, markTold(incidentOf(), 'opened', '2026-11-15T06:00:00Z'));
    const covered = [{ anomalyId: '8f4b5c1e-27b3-4d7e-9f6f-0e6f3a1d8b11', incidentId: incidentOf().id }];
    expect(await relay(anomalySns)).toEqual({ recorded: [], known: [], covered });
    expect(await relay(withImpact(9000))).toEqual({ recorded: [], known: [], covered });
    expect(await waiting()).toEqual([]);
    expect(await getAwsAnomalies(table)).toMatchObject([
      { impact: 9000, start: '2026-11-13', end: '2026-11-15' },
    ]);
    expect((await getAwsAnomalies(table))[0]).not.toHaveProperty('toldAt');
  });

  it('is told where it says too little to be compared', async () => {
    await putIncident(table, markTold(incidentOf(), 'opened', '2026-11-15T06:00:00Z'));
    expect((await relay(anomalySparse)).recorded).toEqual(['aws-cost-anomaly/b1/over-512']);
  });

  it('keeps when it was told first', async () => {
    await relay(withImpact(1000));
    await relay({ ...withImpact(4000), time: '2026-11-17T06:05:00Z' });
    expect(await getAwsAnomalies(table)).toMatchObject([{ impact: 4000, toldAt: '2026-11-16T06:05:00Z' }]);
  });
});

describe('exposed credentials', () => {
  const communication = (communicationId: string, statusCode: string, time: string) => ({
    ...exposed,
    time,
    detail: { ...exposed.detail, communicationId, statusCode },
  });
  const opened = communication('one', 'open', '2026-11-16T06:05:00Z');
  const closed = communication('two', 'closed', '2026-11-18T06:05:00Z');
  const standing = async (now: string) => [...(await getSpendWatches(table, now)).keys()];

  it('open a watch over the spend of the account with the alert, for 14 days', async () => {
    await relay(opened);
    expect(await told()).toMatchObject([
      { step: 'opened', severity: 'critical', title: expect.stringContaining('of ml-dev') },
    ]);
    expect(await standing('2026-11-30T06:04:59Z')).toEqual(['210987654321']);
    expect(await standing('2026-11-30T06:05:00Z')).toEqual([]);
    expect(await getSpendWatches(table, '2026-11-17T00:00:00Z', '345678901234')).toEqual(new Map());
  });

  it.each([
    ['in order', [opened, closed]],
    ['out of order', [closed, opened]],
    ['twice', [opened, opened, closed, opened]],
  ])('that AWS has closed end it, %s', async (_, events) => {
    for (const event of events) await relay(event);
    expect(await standing('2026-11-18T06:05:00Z')).toEqual([]);
    expect((await told()).map(({ step, severity }) => [step, severity]).toSorted()).toContainEqual([
      'recovered',
      'info',
    ]);
  });

  it('of two keys are watched until both are closed', async () => {
    const other = {
      ...opened,
      detail: { ...opened.detail, communicationId: 'three', eventArn: 'arn:other' },
    };
    for (const event of [opened, other, closed]) await relay(event);
    expect(await standing('2026-11-19T00:00:00Z')).toEqual(['210987654321']);
  });

  it('are reminded of by a second page, and opened once', async () => {
    await relay(opened);
    await relay({ ...opened, detail: { ...opened.detail, page: '2' } });
    expect((await told()).map(({ step }) => step)).toEqual(['opened', 'reminded']);
  });

  it('are no other event of Health', async () => {
    await relay({ ...exposed, detail: { ...exposed.detail, eventTypeCode: 'AWS_EC2_OPERATIONAL_ISSUE' } });
    expect(await standing('2026-11-17T00:00:00Z')).toEqual([]);
    expect((await told())[0]).not.toHaveProperty('step');
  });
});

it('tells the same of the same events, however often and in whatever order AWS delivers them', async () => {
  const events: unknown[] = [anomalyEvent, anomalySns, anomalySparse, budget, forecast, exposed];
  await Promise.all(events.map(relay));
  const expected = await waiting();
  expect(expected).toHaveLength(5);
  const deliveries = fc.shuffledSubarray([...events, ...events, ...events], {
    minLength: 3 * events.length,
    maxLength: 3 * events.length,
  });
  await fc.assert(
    fc.asyncProperty(deliveries, async (order) => {
      const own = await startTable();
      try {
        for (const event of order)
          await relayAwsAlerts({ table: own.table, config }, relayedEvent.parse(event));
        const { Items = [] } = await own.table.client.send(
          new QueryCommand({
            TableName: own.table.name,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': 'OUTBOX' },
          }),
        );
        expect(Items.map(({ sk }) => sk)).toEqual(expected);
      } finally {
        await own.stop();
      }
    }),
    { numRuns: 8 },
  );
}, 60_000);
