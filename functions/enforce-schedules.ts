import { createHandler, scheduledEvent } from '../shared/lambda.ts';
import { heartbeat } from '../shared/store/heartbeats.ts';
import { dueVisits } from '../shared/watch/due-visits.ts';
import { enforceSchedules } from '../shared/watch/enforce-schedules.ts';
import { instanceClients } from '../shared/watch/instance-clients.ts';
import { openSweep } from '../shared/watch/sweep-stage.ts';

const { config, table, overTargets } = openSweep(process.env, 'schedules');

export const handler = createHandler(
  scheduledEvent,
  ({ time }, run) =>
    overTargets(
      time,
      ({ target, others }) =>
        enforceSchedules({ ...instanceClients(target), table }, target, config, time, { ...run, others }),
      dueVisits,
    ),
  heartbeat(table, 'enforce-schedules'),
);
