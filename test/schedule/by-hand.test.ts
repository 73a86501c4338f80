import { describe, expect, it } from 'vitest';
import type { Instance } from '../../shared/compute/instance.ts';
import { stoppingByHand } from '../../shared/schedule/by-hand.ts';
import type { RefusalCode } from '../../shared/schedule/refusal.ts';
import { type Changes, machine, stoppable, tagged } from './candidate.ts';

const stopping = (instance: Instance, given: Changes = {}) =>
  stoppingByHand(stoppable({ instance, parsed: undefined, ...given }));

const spot = machine({ lifecycle: 'spot', spotInstanceRequestId: 'sir-4k7m1c9p' });

describe('stopping an instance by hand', () => {
  it('is nobody’s concern where every gate is open', () => {
    expect(stopping(machine({ tags: {} }))).toEqual({});
    expect(stopping(spot, { spot: { type: 'persistent' } })).toEqual({});
  });

  it.each<[RefusalCode, Instance, Changes]>([
    ['protected-environment', tagged({ env: 'Prod' }), {}],
    ['protected-account', machine({ account: '345678901234' }), {}],
    ['auto-scaling', tagged({ 'aws:autoscaling:groupName': 'gpu-nodes' }), {}],
    ['managed', machine({ managed: true }), {}],
    ['fleet', tagged({ 'aws:ec2:fleet-id': 'fleet-1' }), {}],
    ['fleet', spot, { spot: { type: 'persistent', fleet: 'sfr-1' } }],
    ['capacity-block', machine({ lifecycle: 'capacity-block' }), {}],
    ['spot-one-time', spot, { spot: { type: 'one-time' } }],
    ['spot-launch-group', spot, { spot: { type: 'persistent', launchGroup: 'both' } }],
    ['spot-unknown', spot, { spot: undefined }],
    ['instance-store-root', machine({ rootDeviceType: 'instance-store' }), {}],
    ['invalid-keep-until', tagged({ 'auto-stop:keep-until': 'next week' }), {}],
  ])('is refused by the gate %s, with its reason', (code, instance, given) => {
    expect(stopping(instance, given)).toEqual({
      refusal: { code, reason: expect.stringMatching(/^\S.{10,}/) },
    });
  });

  it('waits until the time of its keep-until tag, in the zone of its schedule', () => {
    const kept = tagged({ 'auto-stop:keep-until': '2026-11-20 22:00' });
    expect(stopping(kept)).toEqual({ keptUntil: '2026-11-20T21:00:00Z' });
    const { parsed } = stoppable({ instance: kept });
    const elsewhere = parsed?.kind === 'schedule' && { ...parsed.schedule, timeZone: 'Etc/UTC' };
    expect(
      stopping(kept, { parsed: elsewhere ? { kind: 'schedule', schedule: elsewhere } : undefined }),
    ).toEqual({
      keptUntil: '2026-11-20T22:00:00Z',
    });
    expect(stopping(tagged({ 'auto-stop:keep-until': '2026-11-19' }))).toEqual({});
  });

  it('names what is refused beside what is kept, and neither hides the other', () => {
    const node = tagged({ 'auto-stop:keep-until': '2026-11-21', 'aws:autoscaling:groupName': 'gpu-nodes' });
    expect(stopping(node)).toMatchObject({
      refusal: { code: 'auto-scaling' },
      keptUntil: '2026-11-21T23:00:00Z',
    });
  });

  it('loses its local disks, as far as its type is known', () => {
    const facts = { instanceType: 'p4d.24xlarge', instanceStoreGb: 8000, vcpus: 96 };
    expect(stopping(machine(), { facts })).toEqual({ lostGb: 8000 });
    expect(stopping(machine(), { facts: undefined })).toEqual({});
  });
});
