import { beforeAll, describe, expect, it } from 'vitest';
import { cellsOf } from '../../cli/cells.ts';
import { watchdog } from '../support/run.ts';

type Incident = {
  accountName: string;
  scope: { service: string };
  change?: string;
  cause?: { owner?: string };
  because?: string;
};

/** What a program reads of the story. */
type Story = {
  spend: { incidents: Incident[] };
  findings: { id: string; check: string; reason: string }[];
  warned: number;
  due: string[];
  stopped: string[];
  kept: { instanceId: string; code: string; reason: string }[];
};

// Names are for people; a program goes by ids.
const p4d = 'i-0d4e7b1c93fa26501';
const experimentTracker = 'i-0d4e7b1c93fa26512';
const supportChatTrain = 'i-0d4e7b1c93fa26507';
const notebooksMig = 'i-0a1c0de5b7e2f4b01';

describe('the demo, for programs', () => {
  let stdout: string;
  let stderr: string;
  let story: Story;
  beforeAll(async () => {
    ({ stdout, stderr } = await watchdog(['demo', '--format', 'json']));
    story = JSON.parse(stdout);
  });

  it('prints JSON and nothing else', () => {
    expect(stdout).toMatch(/^\{\n/);
    expect(stderr).toBe('');
  });

  it('finds the forgotten p4d in the bill, with its owner, and the runaway Bedrock job', () => {
    const opened = story.spend.incidents.filter(({ change }) => change === 'opened');
    expect(opened.map(({ accountName, scope }) => `${accountName}: ${scope.service}`).toSorted()).toEqual([
      'ml-dev: Amazon Elastic Compute Cloud - Compute',
      'ml-prod: Amazon Bedrock',
    ]);
    const compute = opened.find(({ accountName }) => accountName === 'ml-dev');
    expect(compute?.cause).toMatchObject({ driver: 'usage', team: 'search', owner: 'jonas' });
    for (const part of [
      'EUW1-BoxUsage:p4d.24xlarge (RunInstances) on i-0d4e7b1c93fa26501 in eu-west-1 makes up',
      'Driven by usage:',
      'Suspect: p4d.24xlarge i-0d4e7b1c93fa26501 launched Fri 13 Nov 16:20 UTC by ml-engineer/jonas.',
    ]) {
      expect(compute?.because).toContain(part);
    }
  });

  it('sees the p4d idle on all its GPUs', () => {
    const finding = story.findings.find(({ id }) => id === p4d);
    expect(finding?.check).toBe('idle-accelerator');
    expect(finding?.reason).toMatch(/^8 of 8 GPUs at 0 % for 3 h/);
  });

  it('stops what was warned, and warns of nothing that EC2 would refuse', () => {
    expect(story.warned).toBe(16);
    expect(story.due).toHaveLength(16);
    expect(story.due.filter((id) => !story.stopped.includes(id))).toEqual([]);
    expect(story.due).not.toContain(experimentTracker);
    expect(story.stopped).not.toContain(p4d); // nobody opted it in
  });

  it('keeps the busy training and the MIG device, and says why', () => {
    const kept = new Map(story.kept.map((one) => [one.instanceId, one]));
    expect(kept.get(supportChatTrain)).toMatchObject({
      code: 'busy',
      reason: expect.stringContaining('busy: GPU 0 up to 100 %'),
    });
    expect(kept.get(notebooksMig)).toMatchObject({
      code: 'utilization-unknown',
      reason: expect.stringContaining('unknown is never idle'),
    });
    expect(story.kept.filter(({ reason }) => reason === '')).toEqual([]);
  });
});

describe('the demo, for people', () => {
  let told: { code: number; stdout: string; stderr: string };
  beforeAll(async () => {
    told = await watchdog(['demo']);
  });

  it('ends well, and says nothing beside its story', () => {
    expect(told).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['the leak of compute', /LEAK {2}Amazon EC2 in ml-dev: \$[\d,.]+ a day above/],
    ['what is warned of', /16 resources are idle outside their hours/],
    ['those that several people own', /kept +support-chat-train \+9 +6 owners /],
    ['whose it is', /Whose: team search, owner jonas/],
    ['the leak of Bedrock', /LEAK {2}Amazon Bedrock in ml-prod: \$[\d,.]+ a day above/],
    ['the launch in Slack', /2 g5\.12xlarge started in ml-dev: \$12\.66 an hour/],
    ['the idle p4d', /idle-accelerator +reranker-train p4d\.24xlarge .* jonas .*\n +8 of 8 GPUs/],
    ['a stop', /stopped {2}ablation-us .*4 of 4 GPUs at 0 % for 45 min/],
    ['the protected one that is kept', /kept {5}experiment-tracker.* stop protection/],
    ['the busy one that is kept', /kept {5}support-chat-train.* busy: GPU 0 up to 100 %/],
    ['the MIG device that is kept', /kept {5}notebooks-mig.* unknown is never idle/],
    ['a mail', /Subject: \[WARNING\]/],
    ['where to go next', /watchdog -- plan --sample/],
  ])('tells %s', (_, part) => {
    expect(told.stdout).toMatch(part);
  });

  it('tells the same story each time, but for how long it took', async () => {
    const again = await watchdog(['demo']);
    const lines = told.stdout.trimEnd().split('\n');
    expect(again.stdout.trimEnd().split('\n').slice(0, -1)).toEqual(lines.slice(0, -1));
    expect(lines.at(-1)).toMatch(/AWS calls answered here, in \d+\.\d s\.$/);
  });

  it.each([80, 120])('fits into %i columns, and cuts no name', async (width) => {
    const { stdout } = await watchdog(['demo'], { env: { COLUMNS: String(width) } });
    expect(stdout.split('\n').filter((line) => cellsOf(line) > width)).toEqual([]);
    expect(stdout).toMatch(/^ {2}which +whose +wasted +this month +since$/m);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'p4d.24xlarge, ml-dev eu-west-1: 8 of 8 GPUs at 0 % for 3 h, 1.4 of 320 GiB of memory held, 100 % coverage (idle-accelerator)',
    );
    expect(stdout).not.toContain('…');
  });
});
