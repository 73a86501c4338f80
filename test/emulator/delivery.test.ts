import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { ReceiveMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { moveDeadLetters } from '../../cli/redrive.ts';
import type { Alert } from '../../shared/alert/alert.ts';
import { createClient } from '../../shared/aws/client.ts';
import { parseConfig } from '../../shared/config.ts';
import { flushOutbox, recordAlert } from '../../shared/store/outbox.ts';
import {
  applyWrite,
  claimStop,
  getScheduleRecords,
  recordWrite,
  warningWrite,
} from '../../shared/store/schedule-records.ts';
import type { Table } from '../../shared/store/table.ts';
import { notify, type Teller } from '../../shared/watch/notify.ts';
import { openTeller } from '../../shared/watch/teller.ts';
import {
  createQueue,
  createTable,
  createTopic,
  emptyEmulator,
  evening,
  mlDevIreland,
  takeAll,
} from './emulator.ts';

const alert: Alert = {
  id: 'spend#ml-dev#p4d#opened',
  subject: 'spend#ml-dev#p4d',
  kind: 'spend-anomaly',
  severity: 'critical',
  at: evening,
  title: 'Compute in ml-dev costs $786 a day more than expected',
  summary: 'Since Friday.',
  facts: [],
  items: [],
  action: 'Stop it.',
  links: [],
};

let table: Table;
let queue: Awaited<ReturnType<typeof createQueue>>;

beforeAll(emptyEmulator);

let count = 0;
beforeEach(async () => {
  count += 1;
  table = await createTable(`watchdog-${count}`);
  queue = await createQueue(`alerts-${count}`);
});

describe('two runs at the same time', () => {
  it('record a change once, with what it tells of, and hand its alert over once', async () => {
    const write = () =>
      recordAlert(table, alert, [
        recordWrite(table, mlDevIreland, 'i-1', evening, { set: { stoppedAt: evening } }),
      ]);
    const recorded = await Promise.all(Array.from({ length: 8 }, write));
    expect(recorded.filter(Boolean)).toHaveLength(1);
    expect(await flushOutbox(table, queue.client, queue.url)).toBe(1);
    expect((await takeAll(queue)).map((body) => JSON.parse(body).id)).toEqual([alert.id]);
    expect((await getScheduleRecords(table, mlDevIreland)).get('i-1')?.stoppedAt).toBe(evening);
  });

  it('claim the stop of an instance once', async () => {
    const warning = { alertId: 'warned', at: evening };
    await applyWrite(table, warningWrite(table, mlDevIreland, 'i-1', warning, undefined));
    const claims = await Promise.all(
      Array.from({ length: 8 }, () => claimStop(table, mlDevIreland, 'i-1', evening, { warning })),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });
});

describe('a run that comes again', () => {
  it('records and hands over nothing that went out before', async () => {
    await recordAlert(table, alert);
    await flushOutbox(table, queue.client, queue.url);
    expect(await recordAlert(table, alert)).toBe(false);
    expect(await flushOutbox(table, queue.client, queue.url)).toBe(0);
    expect(await takeAll(queue)).toHaveLength(1);
  });

  it('hands over what an earlier one recorded and did not live to send', async () => {
    await recordAlert(table, alert);
    await recordAlert(table, { ...alert, id: 'spend#ml-dev#p4d#doubled' });
    expect(await flushOutbox(table, queue.client, queue.url)).toBe(2);
    expect((await takeAll(queue)).map((body) => JSON.parse(body).id).toSorted()).toEqual([
      'spend#ml-dev#p4d#doubled',
      'spend#ml-dev#p4d#opened',
    ]);
  });

  it('records nothing of a change whose condition no longer holds', async () => {
    const once = () => ({
      ...recordWrite(table, mlDevIreland, 'i-1', evening, {
        set: { stoppedAt: evening },
        when: { expression: 'attribute_not_exists(stoppedAt)' },
      }),
    });
    await recordAlert(table, alert, [once()]);
    expect(await recordAlert(table, { ...alert, id: 'another' }, [once()])).toBe(false);
    expect(await flushOutbox(table, queue.client, queue.url)).toBe(1);
  });
});

describe('an alert on its way to people', () => {
  const config = parseConfig({ alerts: { slack: { webhook: 'ssm:/watchdog/webhook' } } });
  const message = { body: alert, messageId: 'm-1', receiveCount: 1 };
  const statuses: number[] = [];
  const posts: string[] = [];
  const slack = createServer(async (request, response) => {
    posts.push(await text(request));
    response.writeHead(statuses.shift() ?? 200).end('ok');
  });

  let topic: Awaited<ReturnType<typeof createTopic>>;
  let teller: Teller;
  const tell = (told = message) => notify(teller, told, evening);

  beforeAll(async () => {
    slack.listen(0, '127.0.0.1');
    await once(slack, 'listening');
    const { port } = z.object({ port: z.number() }).parse(slack.address());
    const ssm = createClient(SSMClient);
    const secret = {
      Name: '/watchdog/webhook',
      Value: `http://127.0.0.1:${port}`,
      Type: 'SecureString',
    } as const;
    await ssm.send(new PutParameterCommand(secret));
    topic = await createTopic('watchdog');
  });

  afterAll(() => void slack.close());

  beforeEach(() => {
    posts.length = 0;
    statuses.length = 0;
    const services = { ssm: createClient(SSMClient), sns: topic.client, topicArn: topic.arn };
    teller = openTeller(table, config, services);
  });

  it('arrives through the topic as a mail that says what and how much', async () => {
    await tell();
    const mails = (await takeAll(topic.inbox)).map((body) => JSON.parse(body));
    expect(mails).toHaveLength(1);
    expect(mails[0].Subject).toContain('Compute in ml-dev costs $786 a day more than expected');
    expect(mails[0].Message).toContain('Stop it.');
    expect(mails[0].MessageAttributes).toMatchObject({
      alertId: { Type: 'String', Value: alert.id },
      subject: { Type: 'String', Value: alert.subject },
      severity: { Type: 'String', Value: 'critical' },
    });
    expect(posts).toHaveLength(1);
  });

  it('arrives once though its message is delivered to two functions at a time, and again later', async () => {
    await Promise.allSettled([tell(), tell()]);
    await tell({ ...message, messageId: 'm-2', receiveCount: 2 });
    expect(await takeAll(topic.inbox)).toHaveLength(1);
    expect(posts).toHaveLength(1);
  });

  it('waits for Slack while it is down, and is mailed meanwhile, once', async () => {
    statuses.push(500);
    await expect(tell()).rejects.toThrow('Slack answered 500');
    await tell({ ...message, receiveCount: 2 });
    expect(await takeAll(topic.inbox)).toHaveLength(1);
    expect(posts).toHaveLength(2);
  });
});

describe('what could not be delivered', () => {
  it('goes back into the queue when it is redriven, and is told where it is missing', async () => {
    const dead = await createQueue(`dead-${count}`);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 });
    const Attributes = { RedrivePolicy, VisibilityTimeout: '0' };
    await queue.client.send(new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes }));
    await recordAlert(table, alert);
    await flushOutbox(table, queue.client, queue.url);
    for (let failed = 0; failed < 2; failed += 1) {
      await queue.client.send(new ReceiveMessageCommand({ QueueUrl: queue.url }));
    }
    expect(await takeAll(queue)).toEqual([]);
    expect(await moveDeadLetters(queue.client, queue.url)).toMatchObject([
      { alertId: alert.id, title: alert.title },
    ]);
    expect((await takeAll(queue)).map((body) => JSON.parse(body).id)).toEqual([alert.id]);
    expect(await moveDeadLetters(queue.client, queue.url)).toEqual([]);
  });
});
