import { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSampleAccount, type SampleAccount } from '../../../cli/sample/account.ts';
import { toPolicy } from '../../../shared/anomaly/policy.ts';
import { walkForward } from '../../../shared/anomaly/walk-forward.ts';
import { createClient } from '../../../shared/aws/client.ts';
import { getCharges } from '../../../shared/aws/cost-explorer.ts';
import { loadConfig } from '../../../shared/config.ts';
import { daysBefore } from '../../../shared/period.ts';
import { emptyLedger, observe } from '../../../shared/spend/ledger.ts';
import { toSeries } from '../../../shared/spend/series.ts';
import { homeOf, targetsOf } from '../../../shared/target.ts';
import { type Planned, planSchedules } from '../../../shared/watch/plan-schedules.ts';
import { targetClients } from '../../../shared/watch/target-clients.ts';

describe('Monday evening in the sample account', () => {
  let sample: SampleAccount;
  beforeEach(async () => {
    sample = await openSampleAccount({ now: '2026-11-16T18:05:00Z' });
  });
  afterEach(() => sample.close());

  const planAll = async (): Promise<Planned[]> => {
    const config = loadConfig(process.env);
    const plans = targetsOf(config, homeOf(process.env)).map((target) =>
      planSchedules(targetClients(target), target, config, sample.now()),
    );
    return (await Promise.all(plans)).flatMap(({ planned }) => planned);
  };
  const named = (planned: readonly Planned[], action: string) =>
    planned.filter(({ decision }) => decision.action === action).map(({ subject }) => subject.name);

  it('finds what idles on in dev, instances and other things, and nothing else', async () => {
    const planned = await planAll();
    expect(named(planned, 'warn').toSorted()).toEqual([
      'ablation-us',
      'annotation-app',
      'asr-bench',
      'asr-notebook',
      'captions-dev',
      'evaluation',
      'labeling-ui',
      'labels-dev',
      'load-test',
      'notebooks',
      'render-preview',
      'simulation-lab',
      'survey-desk',
      'sweep-1',
      'sweep-2',
      'vision-notebook',
    ]);
    expect(named(planned, 'stop')).toEqual([]);
  });

  it('has a different reason to keep each of the others', async () => {
    const codes = (await planAll())
      .filter(({ decision }) => decision.action === 'keep')
      .map(({ subject, decision }) => [subject.name, decision.code]);
    expect(Object.fromEntries(codes)).toMatchObject({
      'ci-runner': 'auto-scaling',
      'annotation-notebook': 'utilization-unknown',
      'layout-study': 'instance-store-data',
      'prompt-desk': 'busy',
      'router-dev': 'delete-not-allowed',
      'ci-runners': 'busy',
      'eks-gpu-nodes-5ac1e9d2': 'managed-group',
      experiments: 'busy',
      'features-dev-replica': 'read-replica',
      prompts: 'global-database',
      'rag-metadata': 'protected-environment',
      'experiment-tracker': 'stop-protection',
      'license-server': 'off',
      'notebooks-mig': 'utilization-unknown',
      'batch-scoring': 'managed',
      'doc-builder': 'in-hours',
      'support-chat-train': 'busy',
      'retrieval-notebook': 'busy',
      'distill-spot': 'busy',
      'sweep-spot': 'spot-one-time',
      'fleet-worker': 'fleet',
      'paper-repro': 'keep-until',
      'diffusion-lab': 'invalid-keep-until',
      'ocr-dev': 'invalid-schedule',
      'legacy-hpc': 'instance-store-root',
      'embedding-cache': 'instance-store-data',
      'tts-notebook': 'utilization-unknown',
      'embedding-lab': 'utilization-unknown',
      'multi-gpu-lab': 'utilization-unknown',
      'quick-test': 'recently-started',
      'nightly-eval': 'stopped',
      'neuron-port': 'busy',
      'rag-api': 'protected-environment',
    });
  });

  it('leaves out what nobody opted in, the forgotten p4d too', async () => {
    const names = (await planAll()).map(({ subject }) => subject.name);
    for (const untagged of ['reranker-train', 'tmp-eval', 'old-demo', 'reranker-serving', 'bastion']) {
      expect(names).not.toContain(untagged);
    }
  });
});

describe('Monday morning in the sample account', () => {
  it('finds the two leaks of the weekend, two older incidents, and nothing in fees or weekly training', async () => {
    const sample = await openSampleAccount();
    const period = daysBefore(sample.now(), 180);
    const { charges } = await getCharges(createClient(CostExplorerClient), period, async () => undefined);
    const series = toSeries(observe(emptyLedger, sample.now(), charges, period), period);
    const incidents = series.flatMap(
      (each) =>
        walkForward(each, [], { policy: toPolicy('balanced', 25), from: period.start, at: sample.now() })
          .incidents,
    );
    await sample.close();
    expect(
      incidents
        .map(({ scope, start, status }) => [start, scope['account'], scope['service'], status])
        .toSorted(),
    ).toEqual([
      ['2026-08-03', '123456789012', 'Amazon OpenSearch Service', 'accepted'],
      ['2026-09-08', '123456789012', 'EC2 - Other', 'recovered'],
      ['2026-11-13', '210987654321', 'Amazon Elastic Compute Cloud - Compute', 'open'],
      ['2026-11-14', '345678901234', 'Amazon Bedrock', 'open'],
    ]);
  });
});
