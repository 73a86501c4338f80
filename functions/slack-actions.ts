import { LambdaClient } from '@aws-sdk/client-lambda';
import { SSMClient } from '@aws-sdk/client-ssm';
import { createClient } from '../shared/aws/client.ts';
import { invokeLater } from '../shared/aws/lambda.ts';
import { forgetSecret, getSecret } from '../shared/aws/ssm.ts';
import { loadConfig } from '../shared/config.ts';
import { requireEnv } from '../shared/env.ts';
import { createHandler } from '../shared/lambda.ts';
import { logger } from '../shared/observability.ts';
import { openSlackApi } from '../shared/outlet/slack-api.ts';
import { openTable } from '../shared/store/table.ts';
import { httpRequest, openSlackDoor } from '../shared/watch/answer-slack.ts';
import { slackAppOf } from '../shared/watch/slack-app.ts';

const app = slackAppOf(loadConfig(process.env));
const { TABLE_NAME, PRESSES_FUNCTION } = requireEnv('TABLE_NAME', 'PRESSES_FUNCTION');
const ssm = createClient(SSMClient);
const lambda = createClient(LambdaClient);

const answerSlack = openSlackDoor({
  table: openTable(TABLE_NAME),
  slack: openSlackApi({ token: () => getSecret(ssm, app.token) }),
  readSigningSecret: () => {
    forgetSecret(app.signingSecret);
    return getSecret(ssm, app.signingSecret);
  },
  handOver: (press) => invokeLater(lambda, PRESSES_FUNCTION, press),
});

/** What is pressed in Slack comes here: verified, answered within three seconds, and carried out by another function. */
export const handler = createHandler(httpRequest, async (request) => {
  const { response, reason } = await answerSlack(request);
  if (reason !== undefined) logger.appendKeys({ refused: reason }); // on the line that every run has
  return response;
});
