/** What can be wrong with how something is used: each has a page in docs/checks. */
export const checks = [
  'idle-accelerator',
  'loaded-not-computing',
  'not-distributed',
  'data-starved',
  'oversized',
  'small-batch',
  'underused-accelerator',
  'idle-endpoint',
  'underused-endpoint',
  'idle-notebook',
  'idle-studio-app',
  'idle-warm-pool',
  'job-stuck-starting',
  'job-over-limit',
  'job-idle',
  'job-failed-late',
  'job-duplicate',
  'gpu-requested-unused',
  'idle-throughput',
  'underused-throughput',
  'uncached-prompts',
] as const;

export type Check = (typeof checks)[number];
