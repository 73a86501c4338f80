import { describe, expect, it } from 'vitest';
import { launchAlert } from '../../shared/alert/launch-alert.ts';
import type { LaunchConcern, LaunchedInstance } from '../../shared/compute/launch.ts';
import { instance } from '../support/compute.ts';

const launched = (given: Partial<LaunchedInstance> = {}): LaunchedInstance => ({
  instance: instance({ instanceId: 'i-1', instanceType: 'g5.12xlarge', tags: { Name: 'sweep-1' } }),
  attribution: { owner: 'dana', team: 'vision' },
  hasAccelerators: true,
  hourlyRate: 6.331,
  ...given,
});

const alert = (instances: LaunchedInstance[], startedBy?: string, concern: LaunchConcern = 'burn-rate') =>
  launchAlert({
    launch: {
      reservationId: 'r-0aa11bb2',
      launchTime: '2026-11-16T06:04:40Z',
      isAutoScaling: false,
      startedBy,
      instances,
    },
    concern,
    target: { account: '210987654321', accountName: 'ml-dev', region: 'eu-west-1' },
    ownerTag: 'owner',
    at: '2026-11-16T06:05:00Z',
  });

describe('the alert of a launch', () => {
  it('says what was started, by whom, and what it burns', () => {
    expect(alert([launched(), launched()], 'ml-engineer/dana')).toMatchObject({
      id: 'launch/r-0aa11bb2/2026-11-16T06:04:40Z',
      title: '2 g5.12xlarge started in ml-dev: $12.66 an hour, $9,243.26 a month',
      summary: 'Started 2026-11-16 06:04 UTC by ml-engineer/dana. If it runs on, this is what it costs.',
      items: [
        'sweep-1 (i-1) g5.12xlarge, $6.33 an hour, dana',
        'sweep-1 (i-1) g5.12xlarge, $6.33 an hour, dana',
      ],
      owner: 'dana',
      team: 'vision',
    });
  });

  it('is alike for whoever starts the same types in an account', () => {
    const ofTypes = (...types: string[]) =>
      types.map((instanceType) => launched({ instance: instance({ instanceType }) }));
    expect(alert(ofTypes('p4d.24xlarge', 'g5.xlarge', 'g5.xlarge')).pattern).toBe(
      'launch/210987654321/dana/g5.xlarge,p4d.24xlarge',
    );
    const nobodys = launched({ attribution: {} });
    expect(alert([nobodys], 'ml-engineer/dana').pattern).toBe(
      'launch/210987654321/ml-engineer/dana/g5.12xlarge',
    );
    expect(alert([nobodys]).pattern).toBe('launch/210987654321/nobody/g5.12xlarge');
  });

  it('names no owner where the instances have several, and says how many have none', () => {
    const told = alert([launched({ attribution: {} }), launched()]);
    expect(told.owner).toBeUndefined();
    expect(told.summary).toBe('Started 2026-11-16 06:04 UTC. 1 of 2 have no tag "owner".');
  });

  it('asks for the tag where that is all that is missing', () => {
    const told = alert([launched({ attribution: {}, hourlyRate: 2 })], undefined, 'no-owner');
    expect(told).toMatchObject({
      severity: 'info',
      summary: 'Started 2026-11-16 06:04 UTC. No tag "owner" says whose it is.',
      action: 'Tag them owner, so that whoever uses them hears of them.',
    });
  });

  it.each([
    ['no price is known', [launched({ hourlyRate: undefined })], 'price unknown'],
    [
      'one price of two is known',
      [launched({ hourlyRate: undefined }), launched()],
      '$6.33 an hour, $4,621.63 a month, and 1 of unknown price',
    ],
  ])('adds nothing up to 0 where %s', (_, instances, cost) => {
    expect(alert(instances).title).toContain(`started in ml-dev: ${cost}`);
  });
});
