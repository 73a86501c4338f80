import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A Slack incoming webhook on this machine's loopback: what is posted to its address stands in `messages`. */
export type Webhook = { url: string; messages: unknown[]; close: () => Promise<void> };

/** Answers as Slack does: `ok`, or 400 `invalid_payload` where the text is no JSON; under `/api/` as its Web API. */
export async function startWebhook(): Promise<Webhook> {
  const messages: unknown[] = [];
  const server = createServer(async (request, response) => {
    if (request.url?.startsWith('/api/')) {
      response.setHeader('content-type', 'application/json').end('{"ok":true}');
      return;
    }
    try {
      messages.push(JSON.parse(await text(request)));
      response.end('ok');
    } catch {
      response.writeHead(400).end('invalid_payload');
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/services/T000SAMPLE/B000SAMPLE/watchdog`,
    messages,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
