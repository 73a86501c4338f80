import { afterEach, describe, expect, it } from 'vitest';
import { openSession, type Session } from '../../cli/session.ts';
import { lookAtAll } from '../../cli/utilization.ts';
import { readMeter, resetMeter } from '../../shared/aws/meter.ts';
import { watchdog } from '../support/run.ts';

type Entry = {
  name: string;
  state: string;
  check?: string;
  hourlyRate?: number;
  wastedHourlyRate?: number;
  wastedThisMonth?: number;
};

describe('utilization', () => {
  let session: Session | undefined;
  afterEach(async () => {
    await session?.close();
    session = undefined;
  });

  it('tells a program what each resource does, and what that wastes', async () => {
    const { code, stdout, stderr } = await watchdog(['utilization', '--sample', '--format', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { resources, waste, gaps }: { resources: Entry[]; waste: object[]; gaps: object[] } =
      JSON.parse(stdout);
    expect(resources.find(({ name }) => name === 'reranker-train')).toMatchObject({
      accountName: 'ml-dev',
      kind: 'ec2-instance',
      owner: 'jonas',
      state: 'idle',
      check: 'idle-accelerator',
      confidence: 'high',
      hourlyRate: expect.closeTo(32.77, 2),
      wastedHourlyRate: expect.closeTo(32.77, 2),
    });
    // An unknown price is unknown, never 0.
    const unpriced = resources.find(({ name }) => name === 'fleet-worker');
    expect(unpriced).not.toHaveProperty('hourlyRate');
    expect(unpriced).not.toHaveProperty('wastedThisMonth');
    expect(waste).toContainEqual(expect.objectContaining({ owner: 'jonas', findings: expect.any(Number) }));
    expect(gaps).toEqual([]);
  });

  it('shows people the dearest waste first, drawn by device, and whose it is', async () => {
    const { code, stdout } = await watchdog(['utilization', '--sample']);
    expect(code).toBe(0);
    const [heading, first, devices, evidence] = stdout.split('\n');
    expect(heading).toMatch(/^ {2}state +name +type +owner +rate +wasted +this month +since$/);
    expect(first).toMatch(/^ {2}idle +reranker-train +p4d\.24xlarge +jonas +\$32\.77\/h +\$32\.77\/h/);
    expect(devices).toMatch(/^ {3}( ▁{8}){8}$/);
    expect(evidence).toMatch(/^ {4}ml-dev eu-west-1: 8 of 8 GPUs .*\(idle-accelerator\)$/);
    expect(stdout).toMatch(/\n {2}wasted by +this month +now +a month +findings\n {2}sofia /);
  });

  it('shows the evidence of one resource, by the beginning of its name', async () => {
    const { code, stdout } = await watchdog(['utilization', 'reranker-tr', '--sample']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}reranker-train \(p4d\.24xlarge\), i-/);
    expect(stdout.match(/^ {2}GPU \d +▁+ {2}max 0 % {2}100 % covered {2}0\.2 GiB held/gm)).toHaveLength(8);
    expect(stdout).toMatch(/ price \$32\.77 an hour, as the bill says\n/);
    expect(stdout).toContain('╵18:00');
  });

  it.each([
    ['a spot instance', 'sweep-spot', /price \$0\.45 an hour, as the bill says/],
    ['provisioned throughput', 'invoice-tagger', /price \$7\.10 an hour, as the bill says/],
    ['an endpoint', 'asr-4-live', /price \$3\.79 an hour, as the bill says/],
    ['a type that the bill has not seen yet', 'fleet-worker', /price unknown/],
  ])('knows the price that is paid for %s', async (_, name, price) => {
    const { stdout } = await watchdog(['utilization', name, '--sample']);
    expect(stdout).toMatch(price);
  });

  it('is no wider than the screen, whatever that is', async () => {
    const widths = [80, 100, 120, 160];
    const runs = widths.map((width) =>
      watchdog(['utilization', '--sample'], { env: { COLUMNS: String(width) } }),
    );
    const texts = (await Promise.all(runs)).map(({ stdout }) => stdout.split('\n'));
    const tooWide = texts.map((lines, index) => lines.filter((line) => line.length > (widths[index] ?? 0)));
    expect(tooWide).toEqual([[], [], [], []]);
    expect(texts.every((lines) => lines.length > 100)).toBe(true);
  });

  it('tells a program of the evidence what people see drawn, each point with its time', async () => {
    const { stdout } = await watchdog(['utilization', 'forecast-lab', '--sample', '--format', 'json']);
    const { resources, rateSource, evidence } = JSON.parse(stdout);
    expect(resources).toMatchObject([{ name: 'forecast-lab', accountName: 'ml-dev' }]);
    expect(rateSource).toBe('bill');
    expect(evidence).toMatchObject({
      periodSeconds: 300,
      window: { start: '2026-11-15T18:20:00Z', end: '2026-11-16T18:20:00Z' },
      devices: [{ index: '0' }],
    });
    const [device] = evidence.devices;
    expect(device.utilization.points.at(-1)).toEqual({ at: '2026-11-16T18:15:00Z', value: 0 });
    expect(device.utilization.points.length).toBeLessThanOrEqual(288);
  });

  it('asks which one is meant, in a line that names each', async () => {
    const { code, stdout, stderr } = await watchdog(['utilization', 'reranker', '--sample']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      /^"reranker" may be any of .*reranker-train \(i-[0-9a-f]+\), ec2-instance in .*\n$/,
    );
  });

  it('says that nothing is called so', async () => {
    const { code, stderr } = await watchdog(['utilization', 'nobody', '--sample']);
    expect(code).toBe(2);
    expect(stderr).toBe('no resource is called "nobody": "watchdog utilization" lists them all\n');
  });

  it('only reads, and keeps nothing', async () => {
    session = await openSession({ sample: true, format: 'json' });
    resetMeter();
    await lookAtAll(session);
    const changing = Object.keys(readMeter().calls).filter(
      (call) => !/:(Describe|Get|List|Query|Assume)/.test(call),
    );
    expect(changing).toEqual([]);
  });
});
