import { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { press } from '../shared/alert/press.ts';
import { createClient } from '../shared/aws/client.ts';
import { costExplorerRegion } from '../shared/aws/cost-explorer.ts';
import { getSecret } from '../shared/aws/ssm.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler } from '../shared/lambda.ts';
import { openSlackApi } from '../shared/outlet/slack-api.ts';
import { answerUser } from '../shared/outlet/slack-response.ts';
import { thenFlush } from '../shared/store/outbox.ts';
import { openTable } from '../shared/store/table.ts';
import { homeOf, targetsOf } from '../shared/target.ts';
import { carryOutPress } from '../shared/watch/carry-out-press.ts';
import { openMayPress } from '../shared/watch/may-press.ts';
import { slackAppOf } from '../shared/watch/slack-app.ts';

const config = loadConfig(process.env);
const home = homeOf(process.env);
const app = slackAppOf(config);
const { TABLE_NAME, ALERT_QUEUE_URL } = requireEnv('TABLE_NAME', 'ALERT_QUEUE_URL');
const table = openTable(TABLE_NAME);
const sqs = createClient(SQSClient);
const ssm = createClient(SSMClient);
const slack = openSlackApi({ token: () => getSecret(ssm, app.token) });
const services = {
  table,
  config,
  targets: targetsOf(config, home),
  costExplorer: createClient(CostExplorerClient, { region: costExplorerRegion(home.region) }),
  mayPress: openMayPress(slack, config),
  tellUser: answerUser,
};

/** Carries out what was pressed in Slack, and has the thread show it at once. */
export const handler = createHandler(press, async (given) => {
  const { result, alerts } = await thenFlush(carryOutPress(services, given), table, sqs, ALERT_QUEUE_URL);
  return { ...result, alerts };
});
