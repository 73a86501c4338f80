import { CostExplorerClient, ProvideAnomalyFeedbackCommand } from '@aws-sdk/client-cost-explorer';
import { mockClient } from 'aws-sdk-client-mock';
import type { Alert, News } from '../../shared/alert/alert.ts';
import type { Press } from '../../shared/alert/press.ts';
import { createClient } from '../../shared/aws/client.ts';
import { type Config, parseConfig } from '../../shared/config.ts';
import { openSlackApi } from '../../shared/outlet/slack-api.ts';
import { answerUser } from '../../shared/outlet/slack-response.ts';
import { noteNews } from '../../shared/store/conversations.ts';
import { recordAlert } from '../../shared/store/outbox.ts';
import type { Table } from '../../shared/store/table.ts';
import type { Target } from '../../shared/target.ts';
import { carryOutPress } from '../../shared/watch/carry-out-press.ts';
import { openMayPress } from '../../shared/watch/may-press.ts';
import { alertOf } from './alert.ts';
import type { startSlackApi } from './slack-api.ts';

export const problemOf = (given: Partial<News> = {}): News => ({
  ...alertOf({ costPerDay: 786, owner: 'mei' }),
  step: 'opened',
  ...given,
});

/** It was told, and people have read it. */
export async function tellProblem(table: Table, problem: News): Promise<void> {
  await recordAlert(table, problem);
  await noteNews(table, problem);
}

type Slack = Awaited<ReturnType<typeof startSlackApi>>;
type Around = <Result>(call: () => Promise<Result>) => Promise<Result>;
type Given = { table: Table; slack: Slack; config?: object; targets?: readonly Target[]; around?: Around };

/** What carries presses out, with Slack on this machine, and Cost Anomaly Detection that takes what it is told. */
export function pressDesk({ table, slack, config = {}, targets = [], around = (call) => call() }: Given) {
  const parsed: Config = parseConfig(config);
  const costExplorer = mockClient(CostExplorerClient);
  costExplorer
    .on(ProvideAnomalyFeedbackCommand)
    .callsFake(({ AnomalyId }) => around(async () => ({ AnomalyId })));
  const services = {
    table,
    config: parsed,
    targets,
    costExplorer: createClient(CostExplorerClient),
    mayPress: openMayPress(openSlackApi({ token: async () => 'xoxb-test' }), parsed),
    tellUser: (url: string, text: string) => around(() => answerUser(url, text)),
  };
  let serial = 0;
  return {
    costExplorer,
    /** One press, of somebody who may read the answer. */
    press: (alert: Pick<Alert, 'id'>, button: Press['button'], given: Partial<Press> = {}) => {
      serial += 1;
      const press: Press = {
        id: `1794852302.${serial}-U0MEI-${button}`,
        button,
        alertId: alert.id,
        user: { id: 'U0MEI', name: 'mei' },
        at: '2026-11-16T18:06:00Z',
        responseUrl: slack.responseUrl,
        ...given,
      };
      return { press, carryOut: () => carryOutPress(services, press) };
    },
    /** What users were told that nobody else reads. */
    told: () => slack.told.map(({ text }) => String(text)),
  };
}
