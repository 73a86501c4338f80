import { z } from 'zod';
import type { Press } from '../alert/press.ts';
import { reasonModal } from '../alert/reason-modal.ts';
import type { SlackApi } from '../outlet/slack-api.ts';
import { type Interaction, parseInteraction } from '../outlet/slack-interaction.ts';
import { fingerprintOf, formFault, isSignedBy, type SignedRequest } from '../outlet/slack-signature.ts';
import { toTime } from '../period.ts';
import { claimRequest } from '../store/presses.ts';
import type { Table } from '../store/table.ts';

/** A request to the function's address, in payload format 2.0: Lambda has the names of the headers in lower case. */
export const httpRequest = z.object({
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().default(''),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({ timeEpoch: z.number(), http: z.object({ method: z.string() }) }),
});

type HttpRequest = z.infer<typeof httpRequest>;

/** What Lambda sends back; `reason` is for the log alone. */
export type SlackAnswer = {
  response: { statusCode: number; headers?: Record<string, string>; body?: string };
  reason?: string;
};

type Services = {
  table: Table;
  slack: SlackApi;
  /** Reads the secret that Slack signs with anew. */
  readSigningSecret: () => Promise<string>;
  /** Has a press carried out after Slack is answered. */
  handOver: (press: Press) => Promise<void>;
};

/** A secret that was replaced is known after so long at the latest; what forgers send costs no more calls than that. */
const renewalMs = 60_000;

/**
 * Opens the door that Slack knocks at. What isn't signed by Slack just now, and for the first time, is refused before
 * anything of it is parsed; what is, is answered at once and worked on afterwards. Throws where a secret, the table or the
 * worker can't be reached: Slack then tells the user that it did not work.
 */
export function openSlackDoor({ table, slack, readSigningSecret, handOver }: Services) {
  let secret: Promise<string> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  /** Signed by the secret as it is known, or by the one that has replaced it; a failure to read it is known as long. */
  async function isSigned(request: SignedRequest, nowMs: number): Promise<boolean> {
    const isDue = nowMs - readAt >= renewalMs;
    if (secret !== undefined) {
      const isRight = await secret.then(
        (known) => isSignedBy(known, request),
        (error: Error) => (isDue ? false : Promise.reject(error)),
      );
      if (isRight || !isDue) return isRight;
    }
    readAt = nowMs;
    secret = readSigningSecret();
    return isSignedBy(await secret, request);
  }

  async function refusalOf(method: string, request: SignedRequest, nowMs: number) {
    const fault = method === 'POST' ? formFault(request, nowMs) : 'not posted';
    if (fault !== undefined) return fault;
    if (!(await isSigned(request, nowMs))) return 'not signed by Slack';
    return (await claimRequest(table, fingerprintOf(request), nowMs)) ? undefined : 'came before';
  }

  return async ({ headers, requestContext, ...raw }: HttpRequest): Promise<SlackAnswer> => {
    const { timeEpoch, http } = requestContext;
    const request = {
      body: Buffer.from(raw.body, raw.isBase64Encoded ? 'base64' : 'utf8'),
      timestamp: headers['x-slack-request-timestamp'],
      signature: headers['x-slack-signature'],
    };
    const refusal = await refusalOf(http.method, request, timeEpoch);
    if (refusal !== undefined) return { response: { statusCode: 401 }, reason: refusal };
    const interaction = parseInteraction(request.body.toString(), toTime(timeEpoch));
    if (interaction === undefined) {
      return { response: { statusCode: 400 }, reason: 'signed, and nothing that is known here' };
    }
    return { response: await answer(interaction, { slack, handOver }) };
  };
}

async function answer(
  interaction: Interaction,
  { slack, handOver }: Pick<Services, 'slack' | 'handOver'>,
): Promise<SlackAnswer['response']> {
  switch (interaction.kind) {
    case 'press':
      await handOver(interaction.press);
      return { statusCode: 200 };
    case 'ask-reason':
      await slack.call('views.open', {
        trigger_id: interaction.triggerId,
        view: reasonModal(interaction.carried),
      });
      return { statusCode: 200 };
    case 'mend':
      return json({ response_action: 'errors', errors: { [interaction.field]: interaction.message } });
    case 'probe':
      return interaction.challenge === undefined
        ? { statusCode: 200 }
        : json({ challenge: interaction.challenge });
  }
}

const json = (body: object): SlackAnswer['response'] => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
