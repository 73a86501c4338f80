import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Alert } from '../../shared/alert/alert.ts';
import { buttonsOf } from '../../shared/alert/button.ts';
import type { Press } from '../../shared/alert/press.ts';
import { parseConfig } from '../../shared/config.ts';
import { getAlert } from '../../shared/store/outbox.ts';
import { getPress } from '../../shared/store/presses.ts';
import { getScheduleRecords } from '../../shared/store/schedule-records.ts';
import { instanceClients } from '../../shared/watch/instance-clients.ts';
import { findScheduled, keepRunning } from '../../shared/watch/keep.ts';
import { crashPoints } from '../support/crash.ts';
import { afterGrace, type Evening, evening, idOf, machine, openEvening, target } from '../support/evening.ts';
import { pressDesk } from '../support/presses.ts';
import { startSlackApi } from '../support/slack-api.ts';

const config = { enforce: true };
const pressedAt = '2026-11-16T18:08:00Z';
const soon = '2026-11-16T18:10:00Z';

let world: Evening;
let slack: Awaited<ReturnType<typeof startSlackApi>>;
let desk: ReturnType<typeof pressDesk>;
let warning: Alert;

/** The owner of so many machines has just been warned. */
async function warn(count: number, settings: Parameters<typeof machine>[1] = {}): Promise<void> {
  world = await openEvening(
    Array.from({ length: count }, (_, index) =>
      machine(index + 1, { name: `trainer-${index + 1}`, ...settings }),
    ),
  );
  world.watchClient(instanceClients(target).ec2);
  slack = await startSlackApi();
  desk = pressDesk({ table: world.table, slack, config, targets: [target] });
  await world.run(evening);
  await world.deliver();
  const record = (await getScheduleRecords(world.table, target)).get(idOf(1));
  const alert = await getAlert(world.table, record?.warning?.alertId ?? '');
  if (!alert) throw new Error('nobody was warned');
  warning = alert;
}

afterEach(async () => {
  await slack.stop();
  await world.sample.close();
});

const press = (button: Press['button'], given: Partial<Press> = {}) =>
  desk.press(warning, button, { at: pressedAt, ...given });

async function answered(button: Press['button'], given: Partial<Press> = {}): Promise<Alert> {
  const outcome = await press(button, given).carryOut();
  if (!('alertId' in outcome)) throw new Error(JSON.stringify(outcome));
  const alert = await getAlert(world.table, outcome.alertId);
  if (!alert) throw new Error('not recorded');
  return alert;
}

const tagOf = (number: number) =>
  world.sample.instances().find(({ instanceId }) => instanceId === idOf(number))?.tags[
    'auto-stop:keep-until'
  ];
const tagChanges = () => world.sample.calls.filter(({ call }) => call === 'EC2:CreateTags');

describe('a warning', () => {
  beforeEach(() => warn(2));

  it('lists what its buttons are about', () => {
    expect(warning.schedulables).toEqual([
      { key: idOf(1), id: idOf(1), name: 'trainer-1' },
      { key: idOf(2), id: idOf(2), name: 'trainer-2' },
    ]);
  });
});

describe('keeping what was warned', () => {
  it('for two hours sets the tag of each, holds their stops, and says so in the thread of the warning', async () => {
    await warn(2);
    expect(await answered('keep-2h')).toMatchObject({
      subject: warning.subject,
      kind: 'stop-warning',
      severity: 'info',
      inThreadOf: warning.id,
      by: 'U0MEI',
      title: 'Kept for 2 h by mei: all 2',
      facts: [{ label: 'Pressed by', value: 'mei (U0MEI)' }],
      items: [
        `trainer-1 (${idOf(1)}) is kept until 21:08 Europe/Berlin`,
        `trainer-2 (${idOf(2)}) is kept until 21:08 Europe/Berlin`,
      ],
      account: target.account,
      region: target.region,
      owner: 'mei',
    });
    expect([tagOf(1), tagOf(2)]).toEqual(['2026-11-16T20:08:00Z', '2026-11-16T20:08:00Z']);
    expect(await world.run(afterGrace)).toMatchObject({ kept: { 'keep-until': 2 }, stopped: [] });
    expect(slack.told).toEqual([]);
  });

  it('has no buttons of its own in what it says', async () => {
    await warn(1);
    const answer = await answered('keep-2h');
    expect(answer).not.toHaveProperty('step');
    expect(buttonsOf(answer)).toEqual([]);
  });

  it('until tomorrow is until 08:00 in the zone of its schedule', async () => {
    await warn(1);
    expect((await answered('keep-until-tomorrow')).items).toEqual([
      `trainer-1 (${idOf(1)}) is kept until Tue 08:00 Europe/Berlin`,
    ]);
    expect(tagOf(1)).toBe('2026-11-17T07:00:00Z');
  });

  it('of one alone lets the other be stopped', async () => {
    await warn(2);
    const menu = buttonsOf(warning).find(({ name }) => name === 'keep-one');
    const choice = menu?.choices?.find(({ label }) => label === 'trainer-2')?.value ?? '';
    expect(await answered('keep-one', { choice })).toMatchObject({ title: 'Kept for 2 h by mei: trainer-2' });
    expect(await world.run(afterGrace)).toMatchObject({
      stopped: [{ id: idOf(1) }],
      kept: { 'keep-until': 1 },
    });
  });

  it('never shortens a protection, and says until when it is protected already', async () => {
    await warn(2);
    await world.tag(1, 'auto-stop:keep-until', '2026-11-20T00:00:00Z');
    expect((await answered('keep-2h')).items).toEqual([
      `trainer-1 (${idOf(1)}) is kept until Fri 01:00 Europe/Berlin already`,
      `trainer-2 (${idOf(2)}) is kept until 21:08 Europe/Berlin`,
    ]);
    expect(tagOf(1)).toBe('2026-11-20T00:00:00Z');
  });

  it('tells what could not be kept, and why, and keeps the others', async () => {
    await warn(3);
    await world.untag(3, 'auto-stop');
    world.fail(/CreateTags/, 'UnauthorizedOperation', { message: 'You are not authorized.' });
    const answer = await answered('keep-2h');
    expect(answer).toMatchObject({
      severity: 'warning',
      title: 'Kept for 2 h by mei: 1 of 3',
      items: [
        expect.stringMatching(/^trainer-1 .*could not be kept: .*ec2:CreateTags/),
        expect.stringMatching(/^trainer-2 .*is kept until 21:08/),
        expect.stringMatching(/^trainer-3 .*is not there any more, or has lost its schedule tag/),
      ],
    });
    expect(buttonsOf(answer)).toEqual([]);
    expect([tagOf(1), tagOf(2), tagOf(3)]).toEqual([undefined, '2026-11-16T20:08:00Z', undefined]);
  });

  it('tells that nothing could be kept, and that the warning stands', async () => {
    await warn(1);
    world.fail(/CreateTags/, 'UnauthorizedOperation', { message: 'You are not authorized.' });
    expect(await answered('keep-2h')).toMatchObject({
      severity: 'warning',
      title: 'Nothing is done, though mei pressed it: kept for 2 h',
      summary: 'The warning stands as it was.',
    });
    expect(await world.run(afterGrace)).toMatchObject({ stopped: [{ id: idOf(1) }] });
  });

  it('does not keep what only has the name of what was warned', async () => {
    await warn(1);
    await world.tag(1, 'Name', 'renamed');
    const [found] = await findScheduled(
      world.clients,
      target,
      parseConfig(config),
      pressedAt,
      new Set(['renamed']),
    );
    expect(found?.subject.id).toBe(idOf(1));
    expect((await answered('keep-2h')).items[0]).toContain(idOf(1));
  });

  it('is tried again where the machines can not be listed, of which the user is told', async () => {
    await warn(1);
    world.fail(/^DescribeInstances$/, 'InternalError', { message: 'EC2 is not there' });
    const { carryOut } = press('keep-2h');
    await expect(carryOut()).rejects.toThrow('EC2 is not there');
    expect(desk.told()).toEqual([expect.stringContaining('did not work: EC2 is not there')]);
    expect(await carryOut()).toHaveProperty('alertId');
    expect(tagOf(1)).toBe('2026-11-16T20:08:00Z');
  });
});

describe('stopping what was warned now', () => {
  it('waits for no grace period, and says who asked', async () => {
    await warn(2);
    expect(await answered('stop-now')).toMatchObject({
      title: 'To be stopped now by mei: all 2',
      severity: 'info',
      inThreadOf: warning.id,
      items: [expect.stringContaining('is stopped with the next run'), expect.any(String)],
      action: expect.stringContaining(`watchdog -- keep ${idOf(1)} ${idOf(2)} --for 2h`),
    });
    expect(await world.run(soon)).toMatchObject({ stopped: [{ id: idOf(1) }, { id: idOf(2) }] });
    expect(world.power().map(({ command }) => command)).toEqual(['StopInstances']);
  });

  it('stops nothing by itself: the run passes every gate', async () => {
    await warn(1);
    await answered('stop-now');
    await world.tag(1, 'environment', 'production');
    expect(await world.run(soon)).toMatchObject({ stopped: [], kept: { 'protected-environment': 1 } });
  });
});

describe('a press on a warning that is over is refused, and changes nothing', () => {
  const refused = async (button: Press['button'], given: Partial<Press> = {}) => {
    const before = world.power().length;
    const { press: made, carryOut } = press(button, given);
    const outcome = await carryOut();
    if (!('refusal' in outcome)) throw new Error(JSON.stringify(outcome));
    expect(desk.told()).toEqual([outcome.refusal]);
    expect(world.power()).toHaveLength(before);
    expect(await getPress(world.table, made.id)).toMatchObject({ state: 'refused' });
    return outcome.refusal;
  };

  it.each<[Press['button']]>([['keep-2h'], ['keep-until-tomorrow'], ['stop-now']])(
    'where they were stopped: %s',
    async (button) => {
      await warn(1);
      await world.run(afterGrace);
      expect(await refused(button, { at: '2026-11-16T18:30:00Z' })).toContain('This warning is over');
    },
  );

  it('where they were kept, and another warning has followed', async () => {
    await warn(1);
    const [found] = await findScheduled(
      world.clients,
      target,
      parseConfig(config),
      evening,
      new Set([idOf(1)]),
    );
    if (!found) throw new Error('not found');
    await keepRunning(found, '2026-11-16T19:00:00Z');
    await world.run(afterGrace);
    await world.run('2026-11-16T19:05:00Z');
    expect(await refused('stop-now', { at: '2026-11-16T19:06:00Z' })).toContain('another one has followed');
  });

  it('where what was chosen is not in its list', async () => {
    await warn(2);
    expect(await refused('keep-one', { choice: 'nonsense' })).toContain('not in the list');
  });

  it('where nobody watches that account any more', async () => {
    await warn(1);
    desk = pressDesk({ table: world.table, slack, config, targets: [] });
    expect(await refused('keep-2h')).toContain('not watched any more');
  });

  it('where it only said what would be stopped', async () => {
    await warn(1);
    const observing = await openObserving();
    warning = observing;
    expect(await refused('stop-now')).toContain('Nothing of the kind');
  });

  async function openObserving(): Promise<Alert> {
    await slack.stop();
    await world.sample.close();
    world = await openEvening([machine(1)]);
    slack = await startSlackApi();
    desk = pressDesk({ table: world.table, slack, config, targets: [target] });
    await world.run(evening, { config: parseConfig({}) });
    const record = (await getScheduleRecords(world.table, target)).get(idOf(1));
    const alert = await getAlert(world.table, record?.warning?.alertId ?? '');
    if (!alert) throw new Error('nobody was told');
    return alert;
  }
});

describe('killed at any step, and repeated', () => {
  it('keeps once, and tells it once, though the next run has made the warning void meanwhile', async () => {
    const crash = crashPoints();
    crash.watch(instanceClients(target).ec2); // lives as long as the process
    for (let steps = 0; ; steps += 1) {
      await warn(1);
      crash.watch(world.table.client);
      desk = pressDesk({ table: world.table, slack, config, targets: [target], around: crash.around });
      const { press: made, carryOut } = press('keep-2h', { id: 'the-press' });
      crash.killAt(steps);
      await carryOut().catch(() => undefined);
      const isThrough = !crash.wasKilled();
      crash.restart();
      await world.run(soon); // sees the tag where it was set, and makes the warning void
      const again = await carryOut();
      expect(again, `killed at ${steps}`).not.toHaveProperty('refusal');
      expect(tagOf(1)).toBe('2026-11-16T20:08:00Z');
      expect(tagChanges(), `killed at ${steps}`).toHaveLength(1);
      expect(await getAlert(world.table, `${warning.subject}/keep-2h/the-press`)).toMatchObject({
        items: [`trainer-1 (${idOf(1)}) is kept until 21:08 Europe/Berlin`],
      });
      expect(await getPress(world.table, made.id)).toMatchObject({ state: 'done' });
      if (isThrough) {
        expect(steps).toBeGreaterThan(15);
        return;
      }
      await slack.stop();
      await world.sample.close();
    }
  }, 60_000);

  it('asks for the stop once, and tells it once, though the next run has made it meanwhile', async () => {
    for (let steps = 0; ; steps += 1) {
      await warn(1);
      const crash = crashPoints();
      crash.watch(world.table.client);
      desk = pressDesk({ table: world.table, slack, config, targets: [target], around: crash.around });
      const { carryOut } = press('stop-now', { id: 'the-press' });
      crash.killAt(steps);
      await carryOut().catch(() => undefined);
      const isThrough = !crash.wasKilled();
      crash.restart();
      await world.run(soon);
      expect(await carryOut(), `killed at ${steps}`).not.toHaveProperty('refusal');
      await world.run('2026-11-16T18:12:00Z');
      expect(world.power().map(({ command }) => command)).toEqual(['StopInstances']);
      expect(await getAlert(world.table, `${warning.subject}/stop-now/the-press`)).toMatchObject({
        title: 'To be stopped now by mei: trainer-1',
      });
      if (isThrough) {
        expect(steps).toBeGreaterThan(8);
        return;
      }
      await slack.stop();
      await world.sample.close();
    }
  }, 60_000);
});
