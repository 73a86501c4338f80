import { describe, expect, it } from 'vitest';
import budgetActual from '../../events/budget-actual-sns.json' with { type: 'json' };
import budgetForecast from '../../events/budget-forecast-sns.json' with { type: 'json' };
import anomalyEvent from '../../events/cost-anomaly-eventbridge.json' with { type: 'json' };
import anomalySns from '../../events/cost-anomaly-sns.json' with { type: 'json' };
import anomalySparse from '../../events/cost-anomaly-sns-sparse.json' with { type: 'json' };
import exposed from '../../events/health-credentials-exposed.json' with { type: 'json' };
import type { Alert } from '../../shared/alert/alert.ts';
import { relayedEvent, toAwsAlerts } from '../../shared/alert/aws-alert.ts';

const alertsOf = (event: unknown): Alert[] =>
  toAwsAlerts(relayedEvent.parse(event)).map(({ alert }) => alert);

const alertFrom = (event: unknown): Alert => {
  const [alert, ...others] = alertsOf(event);
  expect(others).toEqual([]);
  if (!alert) throw new Error('no alert');
  return alert;
};

/** The same event with another text. */
const published = (Message: string, Sns: object = {}) => ({
  Records: budgetActual.Records.map((record) => ({ ...record, Sns: { ...record.Sns, Message, ...Sns } })),
});

const budgetText = budgetActual.Records[0]?.Sns.Message ?? '';

describe('an anomaly that AWS found', () => {
  it('says what, how much, since when, where and what to do', () => {
    expect(alertFrom(anomalyEvent)).toEqual({
      id: 'aws-cost-anomaly/8f4b5c1e-27b3-4d7e-9f6f-0e6f3a1d8b11/over-1024',
      subject: 'aws-cost-anomaly/8f4b5c1e-27b3-4d7e-9f6f-0e6f3a1d8b11',
      kind: 'aws-cost-anomaly',
      severity: 'critical',
      at: '2026-11-16T06:05:00Z',
      title: 'Amazon EC2 in ml-dev costs $1,423.60 more than expected since 13 Nov, says AWS',
      summary:
        'Cost Anomaly Detection found it from 2026-11-13 on. It is told again when the amount has doubled.',
      facts: [
        { label: 'Actual', value: '$1,834.20' },
        { label: 'Expected', value: '$410.60' },
        { label: 'Increase', value: '347 %' },
        { label: 'Days', value: '2026-11-13 to 2026-11-15' },
        { label: 'Account', value: '210987654321' },
      ],
      items: [
        'Amazon Elastic Compute Cloud - Compute, EUW1-BoxUsage:p4d.24xlarge, eu-west-1, ml-dev (210987654321)',
      ],
      action:
        'Find out who started it, and stop it where it is not meant to be. Where it is, say so in the AWS console: it then learns.',
      links: [
        {
          label: 'Anomaly in the AWS console',
          url: 'https://console.aws.amazon.com/cost-management/home#/anomaly-detection/monitors/1c5b6d1a/anomalies/8f4b5c1e',
        },
      ],
      account: '210987654321',
      region: 'eu-west-1',
      costPerDay: 1423.6 / 3,
      anomalyId: '8f4b5c1e-27b3-4d7e-9f6f-0e6f3a1d8b11',
    });
  });

  it('is the same alert from SNS as from EventBridge', () => {
    expect(alertFrom(anomalySns)).toEqual({ ...alertFrom(anomalyEvent), at: '2026-11-16T06:10:00Z' });
  });

  it('is told from the little that a sparse message says', () => {
    expect(alertFrom(anomalySparse)).toEqual({
      ...alertFrom(anomalyEvent),
      id: 'aws-cost-anomaly/b1/over-512',
      subject: 'aws-cost-anomaly/b1',
      at: '2026-11-16T06:10:00Z',
      title: 'Amazon Bedrock costs $1,001.00 more than expected, says AWS',
      summary: 'Cost Anomaly Detection found it. It is told again when the amount has doubled.',
      facts: [],
      items: ['Amazon Bedrock'],
      links: [],
      account: undefined,
      region: undefined,
      costPerDay: undefined,
      anomalyId: 'b1',
    });
  });

  it.each([
    [0, 'over-0'],
    [0.5, 'over-0'],
    [1.5, 'over-1'],
    [1024, 'over-1024'],
    [2047.99, 'over-1024'],
    [2048, 'over-2048'],
  ])('of $%d is another change for each doubling: %s', (totalImpact, step) => {
    const text = JSON.stringify({ anomalyId: 'b1', impact: { totalImpact }, rootCauses: null });
    expect(alertFrom(published(text)).id).toBe(`aws-cost-anomaly/b1/${step}`);
  });
});

describe('the text of AWS Budgets', () => {
  it('becomes an alert, with a colon in the name and commas in the amounts', () => {
    expect(alertFrom(budgetActual)).toMatchObject({
      id: 'aws-budget/210987654321/team: search (GPU)/ACTUAL/$8,000.00/2026-11',
      kind: 'aws-budget',
      severity: 'warning',
      at: '2026-11-16T06:10:00Z',
      title: 'Budget "team: search (GPU)": $8,412.77 spent, over the threshold of $8,000.00',
      facts: [
        { label: 'Budget', value: 'team: search (GPU)' },
        { label: 'Limit', value: '$10,000.00' },
        { label: 'Threshold', value: '$8,000.00' },
        { label: 'Actual', value: '$8,412.77' },
        { label: 'Share of the limit', value: '84 %' },
        { label: 'Account', value: '210987654321' },
      ],
      account: '210987654321',
    });
  });

  it('tells a forecast from what is spent', () => {
    expect(alertFrom(budgetForecast)).toMatchObject({
      id: 'aws-budget/210987654321/ml-platform/FORECASTED/$25,000.00/2026-11',
      severity: 'warning',
      title: 'Budget "ml-platform": $31,940.10 forecast, over the threshold of $25,000.00',
    });
  });

  it('is critical once the whole budget is spent', () => {
    const text = budgetText.replaceAll('$8,412.77', '$10,000.00');
    expect(alertFrom(published(text)).severity).toBe('critical');
  });

  it('is another alert in another month, and for another threshold, but not for another amount', () => {
    const { id } = alertFrom(budgetActual);
    const idOf = (from: string, to: string) => alertFrom(published(budgetText.replaceAll(from, to))).id;
    expect(idOf('November 16', 'December 1')).toContain('/2026-12');
    expect(idOf('$8,000.00', '$9,000.00')).not.toBe(id);
    expect(idOf('$8,412.77', '$8,500.01')).toBe(id);
  });

  it('is told daily for a daily budget', () => {
    const text = budgetText.replace('for the current month', 'for the current day');
    expect(alertFrom(published(text)).id).toMatch(/\/2026-11-16$/);
  });

  it('claims nothing about amounts that are no dollars', () => {
    const text = budgetText.replaceAll('$8,412.77', '812 Hrs').replaceAll('$10,000.00', '500 Hrs');
    const { severity, facts, title } = alertFrom(published(text));
    expect(title).toContain('812 Hrs spent');
    expect(severity).toBe('warning');
    expect(facts.map(({ label }) => label)).not.toContain('Share of the limit');
  });

  it('does not let a name pass for another line', () => {
    const text = budgetText.replaceAll('team: search (GPU)', 'Alert Type: FORECASTED');
    expect(alertFrom(published(text)).id).toContain('/Alert Type: FORECASTED/ACTUAL/');
  });
});

describe('a text that is not known', () => {
  it.each([
    ['The quick brown fox\njumps', 'from SNS'],
    ['Budget Name: half a message', 'without the other lines'],
    ['{"anomalyId": "b1"}', 'as JSON without an impact'],
    ['{"broken', 'as half JSON'],
  ])('goes on as it is: %j %s', (text) => {
    expect(alertFrom(published(text))).toMatchObject({
      id: 'aws-notice/95df01b4-ee98-5cb9-9903-4c221d41eb5e',
      kind: 'aws-notice',
      severity: 'info',
      title: 'AWS Budgets: team: search (GPU) has exceeded your alert threshold',
      summary: text,
      facts: [{ label: 'From', value: 'arn:aws:sns:us-east-1:210987654321:aws-cost-alerts' }],
    });
  });

  it('has its first line for a title where there is no subject', () => {
    expect(alertFrom(published('one\ntwo', { Subject: null })).title).toBe('one');
  });

  it('goes on also where it came as an event', () => {
    const event = { ...anomalyEvent, source: 'aws.new', 'detail-type': 'Something New', detail: { a: 1 } };
    expect(alertFrom(event)).toMatchObject({
      id: 'aws-notice/7bf73129-1428-4cd3-a780-95db273d1602',
      title: 'Something New from aws.new',
      summary: '{\n  "a": 1\n}',
      account: '210987654321',
    });
  });
});

describe('an event of AWS Health', () => {
  it('that credentials are exposed is critical, and says what to do now', () => {
    expect(alertFrom(exposed)).toMatchObject({
      id: 'aws-health/210987654321/0f1e2d3c4b',
      kind: 'aws-health',
      severity: 'critical',
      title: 'The access key AKIAEXAMPLE of 210987654321 may be in the wrong hands',
      summary:
        'An access key may be exposed.\n\nFor 14 days every launch there is told, and unusual spend from $1 a day on.',
      items: ['AKIAEXAMPLE'],
      action: expect.stringMatching(/^Deactivate the key now/),
      account: '210987654321',
      region: 'us-east-1', // the region it is about, not the one it was delivered to
    });
  });

  it.each([
    ['issue', 'open', 'warning'],
    ['issue', 'closed', 'info'],
    ['scheduledChange', 'upcoming', 'info'],
  ])('of the category %s that is %s is of severity %s', (eventTypeCategory, statusCode, severity) => {
    const detail = {
      ...exposed.detail,
      service: 'EC2',
      eventTypeCode: 'AWS_EC2_OPERATIONAL_ISSUE',
      eventTypeCategory,
      statusCode,
    };
    const alert = alertFrom({ ...exposed, detail });
    expect(alert.severity).toBe(severity);
    expect(alert.title).toBe('AWS Health in 210987654321: AWS_EC2_OPERATIONAL_ISSUE');
  });

  it('is the same alert when a second region delivers it, and another one for its second page', () => {
    const { id } = alertFrom(exposed);
    expect(alertFrom({ ...exposed, id: 'other', region: 'us-west-2', time: '2026-11-16T06:06:00Z' }).id).toBe(
      id,
    );
    expect(alertFrom({ ...exposed, detail: { ...exposed.detail, page: '2' } }).id).toBe(`${id}/page-2`);
  });

  it('of a member account is about that account', () => {
    const detail = { ...exposed.detail, affectedAccount: '345678901234' };
    expect(alertFrom({ ...exposed, detail }).account).toBe('345678901234');
  });

  it('is understood also where a rule sends it through a topic', () => {
    expect(alertFrom(published(JSON.stringify(exposed)))).toEqual(alertFrom(exposed));
  });
});

describe('an event with several records', () => {
  it('makes an alert of each', () => {
    const Records = [...anomalySns.Records, ...budgetActual.Records, ...anomalySparse.Records];
    expect(alertsOf({ Records }).map(({ kind }) => kind)).toEqual([
      'aws-cost-anomaly',
      'aws-budget',
      'aws-cost-anomaly',
    ]);
  });
});
