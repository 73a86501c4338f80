import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler } from '../shared/lambda.ts';
import { openTable } from '../shared/store/table.ts';
import { homeOf, targetsOf } from '../shared/target.ts';
import { changeEvent, wakeSchedules } from '../shared/watch/wake-schedules.ts';

const config = loadConfig(process.env);
const targets = targetsOf(config, homeOf(process.env));
const { TABLE_NAME } = requireEnv('TABLE_NAME');
const table = openTable(TABLE_NAME);

/** What was started, stopped or tagged is looked at with the next run, and not with the next full sweep. */
export const handler = createHandler(changeEvent, (event) => wakeSchedules(table, config, targets, event));
