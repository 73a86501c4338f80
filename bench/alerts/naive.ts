import { setTimeout as wait } from 'node:timers/promises';
import type { Alert } from '../../shared/alert/alert.ts';
import { toSlackMessage } from '../../shared/alert/slack.ts';
import { channelId } from './world.ts';

/**
 * The plain way: a loop for each channel that posts, sleeps for as long as Slack says, tries what failed again, and keeps no
 * record. Each alert is a message of its own. Returns its seconds.
 */
export async function postInLoops(
  alerts: readonly Alert[],
  { slackApi, token }: { slackApi: string; token: string },
): Promise<number> {
  const start = performance.now();
  const byChannel = Map.groupBy(alerts, ({ team = '' }) => channelId(Number(team.replace('team-', ''))));
  const post = (channel: string, alert: Alert) =>
    fetch(`${slackApi}/chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel, ...toSlackMessage(alert, { marker: alert.id }) }),
    });
  const postAll = async ([channel, own]: [string, Alert[]]) => {
    for (const alert of own) {
      for (let isDone = false; !isDone; ) {
        const answer = await post(channel, alert).catch(() => undefined);
        await answer?.arrayBuffer();
        isDone = answer?.status === 200;
        if (!isDone) await wait(1000 * Number(answer?.headers.get('retry-after') ?? 1));
      }
    }
  };
  await Promise.all([...byChannel].map(postAll));
  return (performance.now() - start) / 1000;
}
