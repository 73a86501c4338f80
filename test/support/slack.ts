import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SlackMessage } from '../../shared/alert/slack.ts';

/** How the next request goes wrong. With `lost` the message gets through, and only the answer does not. */
export type Fault = 'hang' | 'reset' | 'lost' | { status: number; body?: string; retryAfter?: string };

/** Slack's incoming webhook, on this machine's loopback: what a person would see, and how often it was called. */
export async function startSlack() {
  const seen: SlackMessage[] = [];
  const faults: Fault[] = [];
  let requests = 0;
  const server = createServer(async (request, response) => {
    requests += 1;
    const message = JSON.parse(await text(request)) as SlackMessage;
    const fault = faults.shift();
    if (fault === undefined || fault === 'lost') seen.push(message);
    answer(response, fault);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/services/T000/B000/secretsecret`,
    seen,
    requests: () => requests,
    fail: (...next: Fault[]) => void faults.push(...next),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function answer(response: ServerResponse, fault: Fault | undefined): void {
  if (fault === undefined) response.end('ok');
  else if (fault === 'reset' || fault === 'lost') response.destroy();
  else if (fault !== 'hang') {
    if (fault.retryAfter !== undefined) response.setHeader('Retry-After', fault.retryAfter);
    response.writeHead(fault.status).end(fault.body ?? '');
  }
}
