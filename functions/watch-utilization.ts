import { createHandler, scheduledEvent } from '../shared/lambda.ts';
import { heartbeat } from '../shared/store/heartbeats.ts';
import { openSweep } from '../shared/watch/sweep-stage.ts';
import { targetClients } from '../shared/watch/target-clients.ts';
import { toSummary, watchUtilization } from '../shared/watch/utilization.ts';

const { config, table, overTargets } = openSweep(process.env, 'utilization');

export const handler = createHandler(
  scheduledEvent,
  ({ time }) =>
    overTargets(time, async ({ target }) =>
      toSummary(await watchUtilization({ ...targetClients(target), table }, target, config, time)),
    ),
  heartbeat(table, 'watch-utilization'),
);
