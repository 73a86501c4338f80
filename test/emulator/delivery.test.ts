import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
import { claimStop, getInstanceRecords, recordWrite } from '../../shared/store/instance-records.ts';
import { flushOutbox, recordAlert } from '../../shared/store/outbox.ts';
import type { Table } from '../../shared/store/table.ts';
import { createQueue, createTable, emptyEmulator, evening, mlDevIreland, takeAll } from './emulator.ts';

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
    expect((await getInstanceRecords(table, mlDevIreland)).get('i-1')?.stoppedAt).toBe(evening);
  });

  it('claim the stop of an instance once', async () => {
    const claims = await Promise.all(
      Array.from({ length: 8 }, () => claimStop(table, mlDevIreland, 'i-1', evening)),
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
