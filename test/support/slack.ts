import { type SlackFault, type SlackPost, startSlack as startWorkspace } from '../../cli/sample/slack.ts';

export type Fault = SlackFault;

/** A workspace of Slack on this machine's loopback, whose next requests go wrong as is said. */
export async function startSlack(options: Omit<Parameters<typeof startWorkspace>[0] & object, 'fault'> = {}) {
  const faults: (Fault | undefined)[] = [];
  const workspace = await startWorkspace({ ...options, fault: () => faults.shift() });
  return {
    ...workspace,
    url: workspace.webhookUrl,
    /** What people see, as it was posted or replaced. */
    get seen() {
      return workspace.posts.map(({ text, blocks }: SlackPost) => ({ text, blocks }));
    },
    calls: () => workspace.requests.length,
    /** How the next requests go wrong, one after the other; undefined: not. */
    fail: (...next: (Fault | undefined)[]) => void faults.push(...next),
    stop: workspace.close,
  };
}
