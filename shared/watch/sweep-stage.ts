import { SQSClient } from '@aws-sdk/client-sqs';
import { createClient } from '../aws/client.ts';
import { type Config, loadConfig } from '../config.ts';
import { requireEnv } from '../env.ts';
import type { IsoTime } from '../period.ts';
import { thenFlush } from '../store/outbox.ts';
import { openTable, type Table } from '../store/table.ts';
import { homeOf, type Target, targetsOf } from '../target.ts';
import { type SweepPass, sweep, type ToVisit } from './sweep.ts';

/** What a scheduled function needs to visit every target with one pass. */
export type SweepStage = {
  config: Config;
  table: Table;
  /**
   * Visits every target, or those that `select` names, and sends the alerts of the visits made here and now.
   */
  overTargets: <Result>(
    time: IsoTime,
    visit: (visit: ToVisit) => Promise<Result>,
    select?: (table: Table, targets: readonly Target[], time: IsoTime) => Promise<readonly ToVisit[]>,
  ) => Promise<object>;
};

/** Reads the configuration and the environment of a function; throws where either lacks something. */
export function openSweep(env: NodeJS.ProcessEnv, pass: SweepPass): SweepStage {
  const config = loadConfig(env);
  const targets = targetsOf(config, homeOf(env));
  const names = requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL', 'SWEEP_QUEUE_URL');
  const table = openTable(names.TABLE_NAME);
  const client = createClient(SQSClient);
  const queue = { client, url: names.SWEEP_QUEUE_URL };
  return {
    config,
    table,
    overTargets: async (time, visit, select = async () => targets.map((target) => ({ target }))) => {
      const toVisit = await select(table, targets, time);
      const swept = sweep({ pass, targets: targets.length, toVisit, time, queue, visit });
      const { result, alerts } = await thenFlush(swept, table, client, names.ALERT_QUEUE_URL);
      return { ...result, alerts };
    },
  };
}
