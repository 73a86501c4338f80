import { type AnomalyFeedbackType, ProvideAnomalyFeedbackCommand } from '@aws-sdk/client-cost-explorer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert, News } from '../../shared/alert/alert.ts';
import type { Press } from '../../shared/alert/press.ts';
import { getConversation, noteNews } from '../../shared/store/conversations.ts';
import { getFeedback, putFeedback } from '../../shared/store/feedback.ts';
import { putIncident } from '../../shared/store/incidents.ts';
import { getMute } from '../../shared/store/mutes.ts';
import { getAlert, recordAlert } from '../../shared/store/outbox.ts';
import { getPress } from '../../shared/store/presses.ts';
import type { Table } from '../../shared/store/table.ts';
import { crashPoints } from '../support/crash.ts';
import { incidentOf } from '../support/incident.ts';
import { pressDesk, problemOf, tellProblem } from '../support/presses.ts';
import { startSlackApi } from '../support/slack-api.ts';
import { startTable } from '../support/table.ts';

let table: Table;
let stop: () => Promise<void>;
let slack: Awaited<ReturnType<typeof startSlackApi>>;
let desk: ReturnType<typeof pressDesk>;

beforeEach(async () => {
  ({ table, stop } = await startTable());
  slack = await startSlackApi();
  desk = pressDesk({ table, slack });
});
afterEach(async () => {
  await slack.stop();
  await stop();
});

const at = '2026-11-16T18:06:00Z';
const by = 'U0MEI';

/** A problem that was told; presses are on it. */
async function told(given: Partial<News> = {}): Promise<News> {
  const problem = problemOf(given);
  await tellProblem(table, problem);
  return problem;
}

async function answered(problem: News, button: Press['button'], given: Partial<Press> = {}): Promise<Alert> {
  const outcome = await desk.press(problem, button, given).carryOut();
  if (!('alertId' in outcome)) throw new Error(JSON.stringify(outcome));
  const alert = await getAlert(table, outcome.alertId);
  if (!alert) throw new Error('not recorded');
  return alert;
}

const conversation = ({ subject }: Pick<Alert, 'subject'>) => getConversation(table, subject);

describe('a problem that somebody', () => {
  it('acknowledges has somebody who looks after it, and the thread says who', async () => {
    const problem = await told();
    expect(await answered(problem, 'acknowledge')).toMatchObject({
      id: expect.stringMatching(/^incident\/p4d\/acknowledged\//),
      subject: problem.subject,
      kind: 'spend-anomaly',
      severity: 'info',
      step: 'acknowledged',
      at,
      by,
      title: 'Acknowledged: EC2 in ml-dev costs $786 a day more than expected',
      facts: [{ label: 'Answered by', value: 'mei (U0MEI)' }],
      account: '210987654321',
      team: 'search',
      owner: 'mei',
    });
    expect(await conversation(problem)).toMatchObject({ version: 2, acknowledged: { at, by } });
    expect(slack.told).toEqual([]);
  });

  it.each([
    ['1d', '2026-11-17T18:06:00Z', '1 day'],
    ['7d', '2026-11-23T18:06:00Z', '7 days'],
  ])('snoozes for %s is told again then, or when it has doubled', async (choice, until, days) => {
    const problem = await told();
    const alert = await answered(problem, 'snooze', { choice });
    expect(alert).toMatchObject({
      step: 'snoozed',
      title: expect.stringMatching(`^Snoozed for ${days}: `),
      summary: `It is told again on ${until.slice(0, 10)} 18:06 UTC, or when it costs $1,572.00 a day, twice as much.`,
    });
    expect(await conversation(problem)).toMatchObject({ snoozed: { at, by, until, costPerDay: 786 } });
  });

  it('snoozes by what it costs by now, not by what the pressed message said', async () => {
    const problem = await told();
    await noteNews(table, {
      ...problem,
      id: 'incident/p4d/grown-1',
      step: 'grown',
      at: '2026-11-16T12:00:00Z',
      costPerDay: 1600,
    });
    await answered(problem, 'snooze', { choice: '1d' });
    expect(await conversation(problem)).toMatchObject({ snoozed: { costPerDay: 1600 } });
  });

  it('snoozes twice is snoozed as the last press says', async () => {
    const problem = await told({});
    await answered(problem, 'snooze', { choice: '7d' });
    await answered(problem, 'snooze', { choice: '1d', at: '2026-11-16T19:00:00Z' });
    expect(await conversation(problem)).toMatchObject({ snoozed: { until: '2026-11-17T19:00:00Z' } });
  });

  it('expects is muted like its like, with the reason, until its days are over', async () => {
    const problem = await told({ kind: 'utilization', pattern: 'idle/mei' });
    const alert = await answered(problem, 'expected', { reason: 'A planned run.', days: 90 });
    expect(alert).toMatchObject({
      step: 'expected',
      summary: 'Alerts like this one are muted until 2027-02-14 18:06 UTC.',
      facts: [{ label: 'Answered by' }, { label: 'Reason', value: 'A planned run.' }],
    });
    expect(await getMute(table, 'idle/mei', at)).toMatchObject({ reason: 'A planned run.', by });
    expect(await getMute(table, 'idle/mei', '2027-02-14T18:06:00Z')).toBeUndefined();
    expect(await conversation(problem)).toMatchObject({
      answered: { answer: 'expected', until: '2027-02-14T18:06:00Z', reason: 'A planned run.', by },
    });
  });
});

describe('an incident of the spend', () => {
  const incident = incidentOf();
  const incidentTold = async (given: Partial<News> = {}) => {
    await putIncident(table, incident);
    return told({ incidentId: incident.id, ...given });
  };

  it('that is expected is muted by what was said of it, like on the command line', async () => {
    const problem = await incidentTold();
    const alert = await answered(problem, 'expected', { reason: 'A planned run.', days: 90 });
    expect(await getFeedback(table)).toEqual([
      {
        incidentId: incident.id,
        answer: 'expected',
        scope: incident.scope,
        at,
        until: '2027-02-14',
        excess: 812,
        by: 'mei',
        reason: 'A planned run.',
      },
    ]);
    expect(alert.summary).toBe(
      'It is muted while it lasts, through 2027-02-13 at the longest. What exceeds $1,015.00 a day above the expected is told all the same.',
    );
    expect(alert.action).toContain('planned until today');
  });

  it('that is no anomaly spares people its like for 90 days', async () => {
    const problem = await incidentTold();
    const alert = await answered(problem, 'not-an-anomaly');
    expect(await getFeedback(table)).toMatchObject([{ answer: 'not-an-anomaly', until: '2027-02-14' }]);
    expect(alert.summary).toContain('Nothing of this size is told there through 2027-02-13.');
    expect(await conversation(problem)).toMatchObject({ answered: { answer: 'not-an-anomaly' } });
    expect(desk.costExplorer).not.toHaveReceivedCommand(ProvideAnomalyFeedbackCommand);
  });

  it('that AWS has found too tells AWS as well', async () => {
    const problem = await incidentTold({ anomalyId: 'a-1' });
    const alert = await answered(problem, 'not-an-anomaly');
    expect(desk.costExplorer).toHaveReceivedCommandOnce(ProvideAnomalyFeedbackCommand);
    expect(desk.costExplorer).toHaveReceivedCommandWith(ProvideAnomalyFeedbackCommand, {
      AnomalyId: 'a-1',
      Feedback: 'NO',
    });
    expect(alert.summary).toContain('Cost Anomaly Detection was told that it is no anomaly');
    expect(await getFeedback(table)).toHaveLength(1);
  });

  it('counts though AWS does not take it, and says so', async () => {
    desk.costExplorer
      .on(ProvideAnomalyFeedbackCommand)
      .rejects(
        Object.assign(new Error('unknown anomaly'), { name: 'ValidationException', $fault: 'client' }),
      );
    const problem = await incidentTold({ anomalyId: 'a-1' });
    expect((await answered(problem, 'not-an-anomaly')).summary).toContain('was not told: unknown anomaly');
    expect(await getFeedback(table)).toHaveLength(1);
  });

  it('of which something later was said keeps that', async () => {
    const problem = await incidentTold();
    const later = { answer: 'planned', at: '2026-11-16T19:00:00Z', until: '2026-12-01' } as const;
    await putFeedback(table, { incidentId: incident.id, scope: incident.scope, excess: 1, ...later });
    expect(await desk.press(problem, 'not-an-anomaly').carryOut()).toMatchObject({
      refusal: 'A later answer to it is kept already.',
    });
    expect(await getFeedback(table)).toMatchObject([{ answer: 'planned' }]);
    expect(await conversation(problem)).not.toHaveProperty('answered');
  });

  it('that is over already can not be expected', async () => {
    await putIncident(table, { ...incident, status: 'recovered', end: '2026-11-16' });
    const problem = await told({ incidentId: incident.id });
    expect(await desk.press(problem, 'expected').carryOut()).toMatchObject({
      refusal: expect.stringContaining('over since 2026-11-16'),
    });
  });
});

describe('an anomaly of AWS alone', () => {
  it.each<[Press['button'], AnomalyFeedbackType, string]>([
    ['expected', 'PLANNED_ACTIVITY', 'was told that it was planned'],
    ['not-an-anomaly', 'NO', 'was told that it is no anomaly'],
  ])('that is %s is told to AWS', async (button, Feedback, text) => {
    const problem = await told({ kind: 'aws-cost-anomaly', anomalyId: 'a-1' });
    const alert = await answered(problem, button, { reason: 'A planned run.', days: 30 });
    expect(desk.costExplorer).toHaveReceivedCommandWith(ProvideAnomalyFeedbackCommand, {
      AnomalyId: 'a-1',
      Feedback,
    });
    expect(alert.summary).toContain(text);
    expect(await conversation(problem)).toMatchObject({ answered: { answer: button } });
  });

  it('is not answered where AWS does not take it: there is nothing else that it would mean', async () => {
    desk.costExplorer
      .on(ProvideAnomalyFeedbackCommand)
      .rejects(Object.assign(new Error('not yours'), { name: 'AccessDeniedException', $fault: 'client' }));
    const problem = await told({ kind: 'aws-cost-anomaly', anomalyId: 'a-1' });
    expect(await desk.press(problem, 'not-an-anomaly').carryOut()).toMatchObject({
      refusal: expect.stringMatching(/^Cost Anomaly Detection did not take it: .*not yours/),
    });
    expect(await conversation(problem)).not.toHaveProperty('answered');
  });

  it('is tried again where there were too many calls, of which the user is told', async () => {
    desk.costExplorer
      .on(ProvideAnomalyFeedbackCommand)
      .rejectsOnce(
        Object.assign(new Error('too many'), { name: 'LimitExceededException', $fault: 'client' }),
      );
    const problem = await told({ kind: 'aws-cost-anomaly', anomalyId: 'a-1' });
    const { carryOut } = desk.press(problem, 'not-an-anomaly');
    await expect(carryOut()).rejects.toThrow('too many');
    expect(desk.told()).toEqual([
      'That did not work: too many. It is tried three times in all, within minutes.',
    ]);
    desk.costExplorer.on(ProvideAnomalyFeedbackCommand).resolves({ AnomalyId: 'a-1' });
    expect(await carryOut()).toHaveProperty('alertId');
  });
});

describe('a press that can not be carried out changes nothing, and the user alone is told why', () => {
  const refused = async (problem: Pick<Alert, 'id'>, button: Press['button'], given: Partial<Press> = {}) => {
    const { press, carryOut } = desk.press(problem, button, given);
    const outcome = await carryOut();
    if (!('refusal' in outcome)) throw new Error(JSON.stringify(outcome));
    expect(desk.told()).toEqual([outcome.refusal]);
    expect(await getPress(table, press.id)).toEqual({ state: 'refused', why: outcome.refusal });
    return outcome.refusal;
  };

  it('on an alert that nobody knows any more', async () => {
    expect(await refused({ id: 'long/gone' }, 'acknowledge')).toContain('is forgotten');
  });

  it('on a problem of which nothing is known any more', async () => {
    const problem = problemOf();
    await recordAlert(table, problem);
    expect(await refused(problem, 'acknowledge')).toContain('told too long ago');
  });

  it('on one that is over', async () => {
    const problem = await told();
    await noteNews(table, {
      ...problem,
      id: 'incident/p4d/recovered',
      step: 'recovered',
      at: '2026-11-16T12:00:00Z',
    });
    expect(await refused(problem, 'snooze', { choice: '1d' })).toBe('This was over on 2026-11-16 12:00 UTC.');
    expect(await conversation(problem)).not.toHaveProperty('snoozed');
  });

  it('on one that somebody has acknowledged before', async () => {
    const problem = await told();
    await answered(problem, 'acknowledge', { user: { id: 'U0JONAS', name: 'jonas' } });
    expect(await refused(problem, 'acknowledge')).toBe(
      '<@U0JONAS> has acknowledged it already, on 2026-11-16 18:06 UTC.',
    );
  });

  it('on one that somebody expects already', async () => {
    const problem = await told({ pattern: 'idle/mei' });
    await answered(problem, 'expected', { days: 30 });
    expect(await refused(problem, 'snooze', { choice: '1d' })).toBe(
      '<@U0MEI> has said that it is expected; that holds until 2026-12-16 18:06 UTC.',
    );
  });

  it.each<[Press['button'], Partial<Press>, RegExp]>([
    ['not-an-anomaly', {}, /Nothing of the kind/],
    ['stop-now', {}, /Nothing of the kind/],
    ['snooze', { choice: '365d' }, /1 or 7 days/],
    ['snooze', {}, /1 or 7 days/],
    ['snooze', { choice: 'constructor' }, /1 or 7 days/],
  ])('where the alert has no such button or choice: %s %j', async (button, given, why) => {
    const problem = await told();
    expect(await refused(problem, button, given)).toMatch(why);
  });

  it('and it is not told a second time', async () => {
    const { carryOut } = desk.press({ id: 'long/gone' }, 'acknowledge');
    await carryOut();
    expect(await carryOut()).toMatchObject({ known: true });
    expect(slack.told).toHaveLength(1);
  });

  it('and is recorded though Slack takes no answer any more', async () => {
    slack.failResponses(404);
    const { press, carryOut } = desk.press({ id: 'long/gone' }, 'acknowledge');
    await carryOut();
    expect(await getPress(table, press.id)).toMatchObject({ state: 'refused' });
  });

  it('and is told later where Slack is not there just now', async () => {
    slack.failResponses(503);
    const { press, carryOut } = desk.press({ id: 'long/gone' }, 'acknowledge');
    await expect(carryOut()).rejects.toThrow('Slack answered 503');
    expect(await getPress(table, press.id)).toBeUndefined();
    slack.failResponses(200);
    await carryOut();
    expect(slack.told).toHaveLength(1);
  });

  it('and nothing is posted where the address is none of Slack', async () => {
    const { carryOut } = desk.press({ id: 'long/gone' }, 'acknowledge', {
      responseUrl: 'http://169.254.169.254/',
    });
    expect(await carryOut()).toHaveProperty('refusal');
    expect(slack.told).toEqual([]);
  });
});

describe('who may press', () => {
  const allow = (given: object) => {
    const app = { token: 'ssm:/t', channel: '#ml-cost', signingSecret: 'ssm:/s', allow: given };
    desk = pressDesk({ table, slack, config: { alerts: { slack: app } } });
  };
  const press = async (given: Partial<Press> = {}) =>
    desk.press(await told(), 'acknowledge', given).carryOut();

  it('is whoever reads it, where nobody is named', async () => {
    allow({ 'stop-now': ['U0OPS0'] });
    expect(await press()).toHaveProperty('alertId');
    expect(slack.calls).toEqual([]);
  });

  it('is whom the configuration names, and others are told whom to ask', async () => {
    allow({ acknowledge: ['U0OPS0', 'U0MEI0'] });
    expect(await press()).toMatchObject({ refusal: 'You may not do that here: ask <@U0OPS0>, <@U0MEI0>' });
    expect(await press({ user: { id: 'U0OPS0', name: 'ops' } })).toHaveProperty('alertId');
  });

  it('is nobody where the list is empty', async () => {
    allow({ acknowledge: [] });
    expect(await press()).toMatchObject({ refusal: 'You may not do that here: nobody may' });
  });

  it('is who is in a group, which is asked for once in five minutes', async () => {
    allow({ acknowledge: ['S0ONCALL'] });
    slack.answer('usergroups.users.list', { ok: true, users: ['U0MEI'] });
    expect(await press()).toHaveProperty('alertId');
    expect(await press({ user: { id: 'U0JONAS', name: 'jonas' } })).toMatchObject({
      refusal: 'You may not do that here: ask <!subteam^S0ONCALL>',
    });
    expect(slack.calls).toMatchObject([{ method: 'usergroups.users.list', args: { usergroup: 'S0ONCALL' } }]);
    slack.answer('usergroups.users.list', { ok: true, users: ['U0JONAS'] });
    const later = { at: '2026-11-16T18:11:00Z' };
    expect(await press({ ...later })).toHaveProperty('refusal');
    expect(slack.calls).toHaveLength(2);
  });

  it.each(['missing_scope', 'no_such_subteam', 'token_revoked'])(
    'can not be told where Slack says %s: nobody may, and it is said why',
    async (error) => {
      allow({ acknowledge: ['S0ONCALL'] });
      slack.answer('usergroups.users.list', { ok: false, error });
      expect(await press()).toMatchObject({ refusal: expect.stringContaining(`can't be told (${error})`) });
      expect(await conversation(problemOf())).not.toHaveProperty('acknowledged');
    },
  );

  it('is asked again where Slack has too much to do', async () => {
    allow({ acknowledge: ['S0ONCALL'] });
    slack.answer('usergroups.users.list', { ok: false, error: 'ratelimited' });
    await expect(press()).rejects.toThrow('ratelimited');
    expect(await conversation(problemOf())).not.toHaveProperty('acknowledged');
  });
});

describe('a press that comes twice', () => {
  it('is carried out once', async () => {
    const problem = await told();
    const { carryOut } = desk.press(problem, 'snooze', { choice: '7d' });
    expect(await carryOut()).toHaveProperty('alertId');
    expect(await carryOut()).toMatchObject({ known: true });
    expect(await conversation(problem)).toMatchObject({ version: 2 });
  });

  it('at the same time is carried out once, and is no refusal', async () => {
    const problem = await told();
    const { carryOut } = desk.press(problem, 'acknowledge');
    const outcomes = await Promise.all([carryOut(), carryOut(), carryOut()]);
    expect(outcomes.filter((outcome) => 'alertId' in outcome)).toHaveLength(1);
    expect(outcomes.filter((outcome) => 'refusal' in outcome)).toEqual([]);
    expect(await conversation(problem)).toMatchObject({ version: 2 });
  });
});

describe('killed at any step, and repeated', () => {
  it.each<[Press['button'], Partial<Press>]>([
    ['acknowledge', {}],
    ['snooze', { choice: '7d' }],
    ['expected', { reason: 'A planned run.', days: 30 }],
    ['not-an-anomaly', {}],
  ])('%s is answered by one alert', async (button, given) => {
    const crash = crashPoints();
    crash.watch(table.client);
    desk = pressDesk({ table, slack, around: crash.around });
    for (let steps = 0; ; steps += 1) {
      const id = `incident/${button}/${steps}`;
      const incident = incidentOf({ id });
      await putIncident(table, incident);
      const problem = await told({ id: `${id}/opened`, subject: id, incidentId: id, anomalyId: 'a-1' });
      const { carryOut } = desk.press(problem, button, { ...given, id: `press-${button}-${steps}` });
      crash.killAt(steps);
      const first = await carryOut().catch(() => undefined);
      const isThrough = !crash.wasKilled();
      crash.restart();
      const second = await carryOut();
      expect([first, second].filter((outcome) => outcome && 'refusal' in outcome)).toEqual([]);
      const step = { acknowledge: 'acknowledged', snooze: 'snoozed' }[button as string] ?? button;
      expect(await getAlert(table, `${id}/${step}/press-${button}-${steps}`)).toMatchObject({ step, by });
      expect(await conversation(problem)).toMatchObject({ version: 2 });
      if (isThrough) {
        expect(steps).toBeGreaterThan(6);
        return;
      }
    }
  });
});
