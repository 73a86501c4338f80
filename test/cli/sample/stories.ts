import type { Check } from '../../../shared/compute/check.ts';
import type { IsoTime } from '../../../shared/period.ts';

/** When the stories are told: Monday noon, before anybody has looked. */
export const storyTime: IsoTime = '2026-11-16T12:00:00Z';

/**
 * What is to be said of each accelerator, endpoint, job and model of the sample account at `storyTime`, by resource id.
 * `idle` without a check: it does nothing, and costs nothing.
 */
export const expectedChecks: Readonly<Record<string, Check | 'busy' | 'idle' | 'unknown'>> = {
  // ml-platform, eu-west-1
  'i-0b7d2f90c3e14a601': 'data-starved', // tile-segmenter-train
  'i-0b7d2f90c3e14a602': 'small-batch', // intent-tuner
  'i-0b7d2f90c3e14a603': 'oversized', // embedding-batcher: a g5.2xlarge would do
  'i-0b7d2f90c3e14a60f': 'underused-accelerator', // speech-eval
  'i-0b7d2f90c3e14a605': 'loaded-not-computing', // summarizer-notebook, silent for 30 hours
  'i-0b7d2f90c3e14a606': 'busy', // topic-notebook, loaded and silent for 5 hours
  'i-0b7d2f90c3e14a607': 'busy', // asr-standby: a warm standby is never told
  'i-0b7d2f90c3e14a608': 'busy', // whisper-finetune: crashes every 20 minutes
  'i-0b7d2f90c3e14a609': 'busy', // ocr-pretrain: checkpoints of 10 minutes
  'i-0b7d2f90c3e14a60a': 'busy', // catalog-tagger: batches every 30 minutes
  'i-0b7d2f90c3e14a60b': 'idle-accelerator', // ticket-router-lab: known by its host alone
  'i-0b7d2f90c3e14a60c': 'unknown', // churn-lab: another has the same host name
  'i-0b7d2f90c3e14a60d': 'busy', // demand-lab: the other one
  'i-0b7d2f90c3e14a60e': 'busy', // price-model-train, through gpumon

  // ml-platform, us-east-1
  'i-0a1c0de5b7e2f4b01': 'unknown', // notebooks-mig
  'i-0a1c0de5b7e2f4b02': 'idle-accelerator', // batch-scoring
  'i-0b7d2f90c3e14a701': 'not-distributed', // simulation
  'i-0b7d2f90c3e14a702': 'busy', // ml-cluster-gpu-node: 6 of 8 GPUs
  'ml-cluster/search/reranker-eval': 'busy',
  'ml-cluster/vision/annotation-ui': 'gpu-requested-unused',
  'i-0b7d2f90c3e14a703': 'idle-accelerator', // neuron-sandbox
  'i-06c3b1f4a9d72e801': 'busy', // HyperPod
  'i-06c3b1f4a9d72e802': 'idle-accelerator', // HyperPod
  'invoice-tagger': 'idle-throughput',
  'ticket-summaries': 'underused-throughput',
  'search-embeddings': 'busy',

  // ml-dev, eu-west-1
  'i-0d4e7b1c93fa26501': 'idle-accelerator', // reranker-train, the forgotten one
  'i-0f31c4a7d1b2e9a05': 'busy', // sweep-1
  'i-0f31c4a7d1b2e9a06': 'busy', // sweep-2
  'i-0d4e7b1c93fa26502': 'busy', // vision-notebook
  'i-0d4e7b1c93fa26503': 'busy', // asr-bench
  'i-0d4e7b1c93fa26506': 'busy', // render-preview
  'i-0d4e7b1c93fa26507': 'busy', // support-chat-train
  'i-0d4e7b1c93fa26508': 'busy', // retrieval-notebook: loaded, for some hours
  'i-0d4e7b1c93fa2650a': 'unknown', // distill-spot: not up through the whole window, and so not asked
  'i-0d4e7b1c93fa2650b': 'unknown', // sweep-spot: the same
  'i-0d4e7b1c93fa2650c': 'unknown', // fleet-worker: the same
  'i-0d4e7b1c93fa2650d': 'busy', // paper-repro
  'i-0d4e7b1c93fa2650e': 'idle-accelerator', // diffusion-lab
  'i-0d4e7b1c93fa2650f': 'idle-accelerator', // ocr-dev
  'i-0d4e7b1c93fa26513': 'unknown', // tts-notebook: no agent
  'i-0d4e7b1c93fa26514': 'idle-accelerator', // embedding-lab: its agent is still alive
  'i-0d4e7b1c93fa26517': 'idle-accelerator', // tmp-eval
  'i-0d4e7b1c93fa2651a': 'unknown', // label-qa: not up for long enough either
  'asr-notebook': 'idle-notebook',
  'annotation-notebook': 'unknown',
  'd-7h2kq9xw4m1c/space/layout-study/JupyterLab/default': 'idle-studio-app',
  'd-7h2kq9xw4m1c/space/prompt-desk/JupyterLab/default': 'busy',
  'd-7h2kq9xw4m1c/space/survey-desk/CodeEditor/default': 'busy',
  'captions-dev': 'busy',
  'router-dev': 'busy',
  'reranker-v4-long-20261113': 'job-over-limit',
  'support-chat-13b-20261116': 'job-stuck-starting',
  'tile-pretrain-20261116': 'job-idle',
  'defect-det-12-20261116': 'busy',
  'ranker-hpo-20261113': 'job-failed-late', // three nights: told as the first of them

  // ml-dev, us-east-1
  'i-0d4e7b1c93fa26601': 'busy', // ablation-us
  'i-0d4e7b1c93fa26603': 'busy', // neuron-port
  'support-chat-7b-20261115': 'job-failed-late',
  'support-ablation-20261115': 'job-duplicate',
  'support-eval-20261116': 'idle-warm-pool',
  'amazon.nova-lite-v1:0': 'busy', // most of it comes from the cache

  // ml-prod
  'i-0c9f2a6e4b8d13701': 'busy', // reranker-serving
  'i-0c9f2a6e4b8d13702': 'busy', // reranker-serving
  'i-0c9f2a6e4b8d13801': 'busy', // vision-serving
  'asr-4-live': 'idle-endpoint',
  'vision-api-live': 'underused-endpoint',
  'assist-shared-live': 'busy', // inference components
  'invoice-fields-live': 'idle', // serverless
  'demand-9-live': 'busy',
  'catalog-embeddings-20261116': 'busy',
  'demand-features-20261116': 'busy',
  'amazon.nova-pro-v1:0': 'uncached-prompts',
  'arn:aws:bedrock:us-east-1:345678901234:application-inference-profile/support-copilot': 'busy',
  'amazon.titan-embed-text-v2:0': 'busy',
};
