import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = { status?: number; body: object };

/** An AWS endpoint for a JSON protocol on this machine's loopback, that gives these answers in their order. */
export async function startAws(service: string, answers: readonly Answer[]) {
  const left = [...answers];
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume();
    const { status = 200, body } = left.shift() ?? { status: 500, body: { message: 'no answer is left' } };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const name = `AWS_ENDPOINT_URL_${service}`;
  process.env[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    requests: () => requests,
    stop: async () => {
      delete process.env[name];
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
