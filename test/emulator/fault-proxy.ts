import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What EC2 answers in place of the emulator, for chosen instances or for every call of an action. */
export type Fault = {
  /** `ConnectionReset` ends the connection without an answer. */
  code: FaultCode;
  action?: 'StopInstances' | 'StartInstances' | 'DescribeInstances';
  /** A call that has one of these among its ids; absent: every call. */
  ids?: ReadonlySet<string>;
  /** So many calls, and no more after them. */
  times?: number;
  /** Whether the message names the instance. */
  named?: boolean;
  /** Only calls that are to hibernate. */
  onHibernate?: boolean;
  /** So many of the other ids of the call take effect all the same. */
  partialEffect?: number;
};

/** The codes with their HTTP status and EC2's words (EC2 API reference, "Error codes"). */
const answers = {
  IncorrectInstanceState: { status: 400, words: 'is not in a state from which it can be changed.' },
  OperationNotPermitted: { status: 400, words: "may not be stopped. Modify its 'disableApiStop' attribute." },
  UnsupportedOperation: { status: 400, words: 'is associated with a one-time Spot Instance request.' },
  UnsupportedHibernationConfiguration: { status: 400, words: 'is not configured for hibernation.' },
  'InvalidInstanceID.NotFound': { status: 400, words: 'does not exist' },
  UnauthorizedOperation: { status: 403, words: 'is not for you: you are not authorized.' },
  InsufficientInstanceCapacity: { status: 500, words: 'finds no capacity in its Availability Zone.' },
  RequestLimitExceeded: { status: 503, words: 'Request limit exceeded.' },
  Throttling: { status: 400, words: 'Rate exceeded' },
  InternalError: { status: 500, words: 'An internal error has occurred' },
  ConnectionReset: { status: 0, words: '' },
} as const;

type FaultCode = keyof typeof answers;

type Call = { action: string; ids: string[]; hibernate: boolean; form: URLSearchParams };

export type FaultProxy = {
  url: string;
  /** What to answer from now on; an earlier fault comes before a later one. */
  setFaults: (faults: readonly Fault[]) => void;
  /** Every call that came, the answered ones among them. */
  calls: readonly Omit<Call, 'form'>[];
  close: () => Promise<void>;
};

/** Listens on this machine's loopback in front of an emulator; the EC2 clients made from now on go through it. */
export async function startFaultProxy(emulator: string): Promise<FaultProxy> {
  const calls: Call[] = [];
  let faults: { fault: Fault; left: number }[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = toCall(await text(request));
    calls.push(call);
    const due = faults.find(({ fault, left }) => left > 0 && isAbout(fault, call));
    if (due === undefined) return relay(emulator, request, call.form, response);
    due.left -= 1;
    const others = call.ids
      .filter((id) => !isFaulty(id, call, faults))
      .slice(0, due.fault.partialEffect ?? 0);
    if (others.length > 0) await ask(emulator, request, withIds(call, others));
    refuse(due.fault, call, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(502).end(error.message));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env['AWS_ENDPOINT_URL_EC2'] = url;
  return {
    url,
    calls,
    setFaults: (next) => {
      faults = next.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }));
      calls.length = 0;
    },
    close: async () => {
      delete process.env['AWS_ENDPOINT_URL_EC2'];
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function toCall(body: string): Call {
  const form = new URLSearchParams(body);
  return {
    action: form.get('Action') ?? '',
    ids: [...form].flatMap(([key, value]) => (/^InstanceId\.\d+$/.test(key) ? [value] : [])),
    hibernate: form.get('Hibernate') === 'true',
    form,
  };
}

function isAbout({ action, ids, onHibernate }: Fault, call: Call): boolean {
  if (action === undefined ? call.ids.length === 0 : action !== call.action) return false;
  if (onHibernate && !call.hibernate) return false;
  return ids === undefined || call.ids.some((id) => ids.has(id));
}

const isFaulty = (id: string, call: Call, faults: readonly { fault: Fault }[]): boolean =>
  faults.some(({ fault }) => fault.ids?.has(id) && isAbout(fault, call));

/** The same call about these instances alone. */
function withIds({ form }: Call, ids: readonly string[]): URLSearchParams {
  const others = new URLSearchParams([...form].filter(([key]) => !key.startsWith('InstanceId.')));
  for (const [index, id] of ids.entries()) others.set(`InstanceId.${index + 1}`, id);
  return others;
}

function refuse(fault: Fault, call: Call, response: ServerResponse): void {
  const { code, ids, named = true } = fault;
  if (code === 'ConnectionReset') {
    response.destroy();
    return;
  }
  const { status, words } = answers[code];
  const id = call.ids.find((each) => ids?.has(each));
  const message = id === undefined ? words : named ? `The instance '${id}' ${words}` : `An instance ${words}`;
  response.writeHead(status, { 'content-type': 'text/xml;charset=UTF-8' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestID></Response>`,
  );
}

async function relay(
  emulator: string,
  request: IncomingMessage,
  form: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const { status, type, body } = await ask(emulator, request, form);
  response.writeHead(status, { 'content-type': type }).end(body);
}

/** The emulator tells the account and the region by the signature, and doesn't check it. */
async function ask(emulator: string, { url, headers }: IncomingMessage, form: URLSearchParams) {
  const answer = await fetch(`${emulator}${url}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: headers.authorization ?? '',
      'x-amz-date': String(headers['x-amz-date'] ?? ''),
      'x-amz-security-token': String(headers['x-amz-security-token'] ?? ''),
    },
    body: form.toString(),
    signal: AbortSignal.timeout(longestAnswerMs),
  });
  return {
    status: answer.status,
    type: answer.headers.get('content-type') ?? 'text/xml',
    body: await answer.text(),
  };
}

const longestAnswerMs = 60_000;
