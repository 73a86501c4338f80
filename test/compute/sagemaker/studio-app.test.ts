import { describe, expect, it } from 'vitest';
import {
  judgeStudioApp,
  judgeStudioApps,
  type StudioApp,
} from '../../../shared/compute/sagemaker/studio-app.ts';

const now = '2026-11-16T06:05:00Z';

const app = (given: Partial<StudioApp> = {}): StudioApp => ({
  id: 'd-1/space/recsys/JupyterLab/default',
  domainId: 'd-1',
  ownerKind: 'space',
  owner: 'recsys',
  appType: 'JupyterLab',
  instanceType: 'ml.g5.xlarge',
  createdAt: '2026-11-06T06:05:00Z',
  checkedAt: '2026-11-16T06:04:00Z',
  activeAt: '2026-11-13T02:05:00Z',
  ...given,
});

const judge = (given: Partial<StudioApp> = {}) => judgeStudioApp(app(given), 720, now);

describe('a Studio app', () => {
  it('is idle where its user did nothing through the window, though a kernel may compute', () => {
    expect(judge()).toEqual({
      since: '2026-11-13T02:05:00Z',
      utilization: {
        state: 'idle',
        check: 'idle-studio-app',
        reason: 'no user activity for 3 days 4 h, in service for 10 days, though a kernel may still compute',
        windowStart: '2026-11-15T18:05:00Z',
        windowEnd: now,
        coverage: 1,
        confidence: 'medium',
        wastedShare: 1,
      },
    });
  });

  it('is idle with little confidence where no health check tells the activity from its own', () => {
    expect(judge({ checkedAt: undefined }).utilization).toMatchObject({ state: 'idle', confidence: 'low' });
  });

  it('is idle since it was made where its user did nothing since, whatever the one before it tells', () => {
    const { since, utilization } = judge({
      createdAt: '2026-11-15T06:05:00Z',
      activeAt: '2026-11-13T22:05:00Z',
    });
    expect(since).toBe('2026-11-15T06:05:00Z');
    expect(utilization.reason).toBe(
      'no user activity for 24 h, in service for 24 h, though a kernel may still compute',
    );
  });

  it('is idle since its last activity where nobody knows when it was made', () => {
    expect(judge({ createdAt: undefined })).toMatchObject({
      since: '2026-11-13T02:05:00Z',
      utilization: { state: 'idle' },
    });
  });

  it('is busy where its user was active within the window', () => {
    expect(judge({ activeAt: '2026-11-16T03:05:00Z' }).utilization).toMatchObject({
      state: 'busy',
      reason: 'its user was active 3 h ago',
      lastBusy: '2026-11-16T03:05:00Z',
    });
  });

  it('is busy where its user is active in this moment, by a clock that is ahead', () => {
    expect(judge({ activeAt: '2026-11-16T06:05:30Z' }).utilization).toMatchObject({
      state: 'busy',
      reason: 'its user was active 0 min ago',
      lastBusy: now,
    });
  });

  it.each<[string, Partial<StudioApp>, RegExp]>([
    [
      'SageMaker tells no activity',
      { activeAt: undefined },
      /SageMaker doesn't tell when its user was active$/,
    ],
    [
      'the last activity is a health check',
      { activeAt: '2026-11-16T06:04:00Z' },
      /its last activity is that of a health check/,
    ],
    [
      'the last activity is an old health check',
      { activeAt: '2026-11-13T02:05:00Z', checkedAt: '2026-11-13T02:05:00Z' },
      /its last activity is that of a health check/,
    ],
    [
      'nobody has looked after it since',
      { checkedAt: '2026-11-14T00:00:00Z' },
      /SageMaker has not looked after it since 2026-11-14T00:00:00Z$/,
    ],
    [
      'it was started within the window, after its last activity',
      { createdAt: '2026-11-16T01:05:00Z' },
      /^in service for 5 h: not up through the whole window of 12 h$/,
    ],
    ['it could not be described', { fault: 'Rate exceeded' }, /it could not be described: Rate exceeded$/],
    ['its time is none', { activeAt: 'yesterday' }, /SageMaker doesn't tell/],
  ])('is unknown where %s', (_, given, reason) => {
    const { utilization } = judge(given);
    expect(utilization).toMatchObject({ state: 'unknown', confidence: 'low' });
    expect(utilization.check).toBeUndefined();
    expect(utilization.reason).toMatch(reason);
  });
});

describe('an instance of Studio', () => {
  const kernel = (id: string, given: Partial<StudioApp> = {}) =>
    app({ id, appType: 'KernelGateway', ownerKind: 'user', owner: 'ana', ...given });
  const used: Partial<StudioApp> = { activeAt: '2026-11-16T03:05:00Z' };
  const saidOf = (...apps: StudioApp[]) =>
    judgeStudioApps(apps, 720, now).map(({ utilization }) => utilization.check ?? utilization.state);

  it('is shared by the kernels of one user on one type, and by no others', () => {
    const apps = [
      kernel('one'),
      kernel('two'),
      kernel('other type', { instanceType: 'ml.m5.large' }),
      kernel('other user', { owner: 'ben' }),
      app({ id: 'lab' }),
      app({ id: 'editor', appType: 'CodeEditor' }),
    ];
    const shares = judgeStudioApps(apps, 720, now).map(({ app: { id }, sharedBy }) => [id, sharedBy]);
    expect(Object.fromEntries(shares)).toEqual({
      one: 2,
      two: 2,
      'other type': 1,
      'other user': 1,
      lab: 1,
      editor: 1,
    });
  });

  it('is idle where all on it are, since the last of them was used', () => {
    const apps = [kernel('one'), kernel('two', { activeAt: '2026-11-14T02:05:00Z' })];
    const judged = judgeStudioApps(apps, 720, now);
    expect(judged.map(({ since }) => since)).toEqual(['2026-11-14T02:05:00Z', '2026-11-14T02:05:00Z']);
    expect(saidOf(...apps)).toEqual(['idle-studio-app', 'idle-studio-app']);
  });

  it('is used while one of them is, and wastes nothing for the others', () => {
    const [idle] = judgeStudioApps([kernel('one'), kernel('two', used)], 720, now);
    expect(idle?.utilization).toMatchObject({
      state: 'busy',
      reason:
        'no user activity for 3 days 4 h, in service for 10 days, though a kernel may still compute, beside another on its instance that is used',
      lastBusy: '2026-11-16T03:05:00Z',
    });
    expect(idle?.utilization.wastedShare).toBeUndefined();
    expect(idle?.since).toBeUndefined();
  });

  it('is unknown where nobody knows of one of them', () => {
    expect(saidOf(kernel('one'), kernel('two', { fault: 'Rate exceeded' }))).toEqual(['unknown', 'unknown']);
  });

  it('of another user or type is another matter', () => {
    expect(saidOf(kernel('one'), kernel('two', { ...used, owner: 'ben' }), app({ id: 'lab' }))).toEqual([
      'idle-studio-app',
      'busy',
      'idle-studio-app',
    ]);
  });
});
