import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

type Answer = { ok: boolean; error?: string; [field: string]: unknown };
type Call = { method: string; token: string | undefined; args: Record<string, string> };

/**
 * Slack's Web API and its response URLs, on this machine's loopback: what was asked, and what users were told. `answer`
 * says what a method answers from then on; until then each answers `ok`.
 */
export async function startSlackApi() {
  const calls: Call[] = [];
  const told: Record<string, unknown>[] = [];
  const answers = new Map<string, Answer>();
  let responseStatus = 200;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const [, folder, method = ''] = (request.url ?? '').split('/');
    if (folder === 'actions') {
      if (responseStatus === 200) told.push(JSON.parse(body));
      response.writeHead(responseStatus).end(responseStatus === 200 ? 'ok' : 'expired_url');
      return;
    }
    const args = Object.fromEntries(new URLSearchParams(body));
    calls.push({ method, token: request.headers.authorization, args });
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify(answers.get(method) ?? { ok: true }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const before = process.env['SLACK_API_URL'];
  process.env['SLACK_API_URL'] = `${origin}/api`;
  return {
    origin,
    responseUrl: `${origin}/actions/T0WATCH/1/secret`,
    calls,
    told,
    answer: (method: string, given: Answer) => void answers.set(method, given),
    /** What response URLs answer from then on. */
    failResponses: (status: number) => {
      responseStatus = status;
    },
    reset: () => {
      calls.length = 0;
      told.length = 0;
      answers.clear();
      responseStatus = 200;
    },
    stop: async () => {
      if (before === undefined) delete process.env['SLACK_API_URL'];
      else process.env['SLACK_API_URL'] = before;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
