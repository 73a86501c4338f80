import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  costOf,
  fingerprintOf,
  hourlyRateOf,
  instancesText,
  type Job,
  type Recipe,
  toResource,
} from '../../../shared/compute/sagemaker/job.ts';
import { ended, job, jobRates } from '../../support/jobs.ts';

const now = '2026-11-16T06:00:00Z';
const place = { account: '210987654321', region: 'eu-west-1' };

describe('what a job costs', () => {
  it('is the rate of all its instances, of every type', () => {
    const clusters = [
      { type: 'ml.g5.12xlarge', count: 2 },
      { type: 'ml.m5.xlarge', count: 3 },
    ];
    expect(hourlyRateOf(job({ clusters }), jobRates)).toBeCloseTo(14.6);
  });

  it.each([
    ['a type has no known price', { clusters: [{ type: 'ml.p9.48xlarge', count: 1 }] }],
    [
      'one of its types has no known price',
      {
        clusters: [
          { type: 'ml.g5.xlarge', count: 1 },
          { type: 'ml.p9.48xlarge', count: 1 },
        ],
      },
    ],
    ['it names no instances', { clusters: [] }],
    ['it runs on spot capacity, whose discount is told at its end', { payment: 'spot' as const }],
    ['it runs on a training plan, whose hours are bought in advance', { payment: 'plan' as const }],
  ])('is unknown an hour where %s', (_, given) => {
    expect(hourlyRateOf(job(given), jobRates)).toBeUndefined();
  });

  it('is its billable time, and not the time from start to end, of each instance', () => {
    expect(costOf(ended({ billableSeconds: 1800 }), jobRates, now)).toBeCloseTo(1.4);
  });

  it('is what lies between start and end where nothing else is told, up to now while it runs', () => {
    expect(costOf(ended({ billableSeconds: undefined }), jobRates, now)).toBeCloseTo(28);
    expect(costOf(job(), jobRates, now)).toBeCloseTo(33.6);
  });

  it('is nothing before its instances run', () => {
    expect(costOf(job({ startedAt: undefined }), jobRates, now)).toBe(0);
  });

  it('is unknown where the end is not told, of a plan, and of spot capacity until it is billed', () => {
    expect(costOf(ended({ endedAt: undefined, billableSeconds: undefined }), jobRates, now)).toBeUndefined();
    expect(costOf(ended({ payment: 'plan' }), jobRates, now)).toBeUndefined();
    expect(costOf(job({ payment: 'spot' }), jobRates, now)).toBeUndefined();
    expect(costOf(ended({ payment: 'spot', billableSeconds: 3600 }), jobRates, now)).toBeCloseTo(2.8);
  });
});

describe('a job as a resource', () => {
  it('is of the type that costs most, and counts the instances of all', () => {
    const clusters = [
      { type: 'ml.m5.xlarge', count: 3 },
      { type: 'ml.g5.12xlarge', count: 1 },
    ];
    expect(toResource(job({ clusters, kind: 'processing' }), place, { team: 'search' }, jobRates)).toEqual({
      kind: 'sagemaker-processing-job',
      ...place,
      id: 'reranker-2026-11-15',
      name: 'reranker-2026-11-15',
      type: 'ml.g5.12xlarge',
      count: 4,
      startedAt: '2026-11-15T18:00:00Z',
      runningSince: '2026-11-15T18:00:00Z',
      tags: { team: 'search' },
    });
    expect(instancesText(job({ clusters }))).toBe('3 instances of ml.m5.xlarge and 1 of ml.g5.12xlarge');
  });

  const told = (given: Job) => {
    const { startedAt, runningSince, ran } = toResource(given, place, {}, jobRates);
    return { startedAt, runningSince, ran };
  };
  const [createdAt, startedAt] = ['2026-11-15T17:55:00Z', '2026-11-15T18:00:00Z'];

  it.each<[string, Job, Partial<ReturnType<typeof told>>]>([
    ['works', job(), { startedAt, runningSince: startedAt }],
    ['waits', job({ startedAt: undefined, waitingSince: createdAt }), { startedAt: createdAt }],
    ['was interrupted, and waits again', job({ waitingSince: '2026-11-15T22:00:00Z' }), { startedAt }],
    ['is over', ended(), { startedAt, ran: { length: 36_000_000, times: 1 } }],
    ['ended before it started', ended({ startedAt: undefined }), { startedAt: createdAt, ran: { times: 1 } }],
  ])(
    'begins where it costs something, and runs from its start until its end: one that %s',
    (_, given, expected) => {
      expect(told(given)).toEqual(expected);
    },
  );

  it('is serverless where it names no instances', () => {
    expect(toResource(job({ clusters: [] }), place, {}, jobRates)).toMatchObject({
      type: 'serverless',
      count: 0,
    });
  });
});

describe('the fingerprint of a job', () => {
  const recipe = (given: Partial<Recipe> = {}): Recipe => ({
    image: '763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.5-gpu',
    settings: { epochs: '10', 'learning-rate': '0.0001', seed: '17' },
    inputs: ['train s3://corpus/reranker/train/', 'eval s3://corpus/reranker/eval/'],
    ...given,
  });
  const of = (given: Partial<Recipe> = {}, name = 'reranker-a') => fingerprintOf(recipe(given), name);

  it('is the same in whatever order hyper-parameters and inputs come', () => {
    const settings = { seed: '17', 'learning-rate': '0.0001', epochs: '10' };
    const inputs = ['eval s3://corpus/reranker/eval/', 'train s3://corpus/reranker/train/'];
    expect(of({ settings, inputs }, 'reranker-b')).toEqual(of());
  });

  it.each([
    ['seed', { settings: { ...recipe().settings, seed: '18' } }],
    ['hyper-parameter more', { settings: { ...recipe().settings, warmup: '100' } }],
    ['entry point', { settings: { ...recipe().settings, sagemaker_program: 'train.py' } }],
    ['input', { inputs: ['train s3://corpus/reranker/train-2/', 'eval s3://corpus/reranker/eval/'] }],
    ['channel', { inputs: ['eval s3://corpus/reranker/train/', 'train s3://corpus/reranker/eval/'] }],
    ['image', { image: 'pytorch-training:2.6-gpu' }],
  ])('is another with another %s', (_, given) => {
    expect(of(given).fingerprint).not.toBe(of().fingerprint);
  });

  it.each([
    'sagemaker_job_name',
    'sagemaker_container_log_level',
    'sagemaker_enable_cloudwatch_metrics',
    'sagemaker_region',
  ])('leaves out %s, which SageMaker adds by itself', (name) => {
    expect(of({ settings: { ...recipe().settings, [name]: '"x"' } })).toEqual(of());
  });

  it('takes places under the name of the job for the same, and says that there are some', () => {
    const settingsOf = (name: string) => ({
      ...recipe().settings,
      sagemaker_submit_directory: `"s3://jobs/${name}/source/sourcedir.tar.gz"`,
      model_dir: `"s3://jobs/${name}"`,
    });
    const [one, other] = ['reranker-a', 'reranker-b'].map((name) => of({ settings: settingsOf(name) }, name));
    expect(one).toEqual(other);
    expect(one).toMatchObject({ hasOwnPlaces: true });
    expect(of()).not.toHaveProperty('hasOwnPlaces');
  });

  it('does not take a value for a place because it is called as the job is', () => {
    expect(of({ settings: { ...recipe().settings, epochs: '20' } }, '20').fingerprint).not.toBe(
      of({ settings: { ...recipe().settings, epochs: '30' } }, '30').fingerprint,
    );
  });

  it('is absent where no image is known: then nothing tells what was done', () => {
    expect(of({ image: undefined })).toEqual({});
  });

  it('never depends on the order of anything', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), { selector: ([key]) => key });
    const shuffled = entries.chain((found) =>
      fc.tuple(fc.constant(found), fc.shuffledSubarray(found, { minLength: found.length })),
    );
    fc.assert(
      fc.property(shuffled, fc.string(), ([one, other], name) => {
        const toRecipe = (found: [string, string][]): Recipe => ({
          image: 'image',
          settings: Object.fromEntries(found),
          inputs: found.map(([, value]) => value),
        });
        expect(fingerprintOf(toRecipe(one), name)).toEqual(fingerprintOf(toRecipe(other), name));
      }),
    );
  });
});
