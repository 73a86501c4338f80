import { z } from 'zod';
import { type PressName, pressNames } from '../alert/button.ts';
import { digest } from '../alert/identity.ts';
import { type Press, press } from '../alert/press.ts';
import { daysField, expectedDays, reasonField, reasonLimit, reasonModalId } from '../alert/reason-modal.ts';
import { definedOf } from '../defined.ts';
import type { IsoTime } from '../period.ts';

/** What a request of Slack's asks for. */
export type Interaction =
  | { kind: 'press'; press: Press }
  /** The button whose press needs a reason before anything happens. */
  | { kind: 'ask-reason'; triggerId: string; carried: string }
  /** The modal came back with something that can't be taken. */
  | { kind: 'mend'; field: string; message: string }
  /** Slack looks whether somebody is there. */
  | { kind: 'probe'; challenge?: string };

const user = z.object({ id: z.string(), username: z.string().optional(), name: z.string().optional() });

const blockActions = z.object({
  type: z.literal('block_actions'),
  trigger_id: z.string().min(1),
  response_url: z.string().optional(),
  user,
  channel: z.object({ id: z.string() }).optional(),
  container: z.object({ channel_id: z.string().optional(), message_ts: z.string().optional() }).optional(),
  actions: z.tuple([
    z.object({
      action_id: z.enum(pressNames),
      block_id: z.string().min(1),
      action_ts: z.string().min(1).max(32),
      selected_option: z.object({ value: z.string().max(150) }).nullish(),
    }),
  ]),
});

const viewSubmission = z.object({
  type: z.literal('view_submission'),
  user,
  view: z.object({
    id: z.string().min(1).max(64),
    callback_id: z.literal(reasonModalId),
    private_metadata: z.string(),
    state: z.object({
      values: z.object({
        [reasonField]: z.object({ [reasonField]: z.object({ value: z.string().nullish() }) }),
        [daysField]: z.object({
          [daysField]: z.object({ selected_option: z.object({ value: z.string() }).nullish() }),
        }),
      }),
    }),
  }),
});

const probe = z.object({ type: z.literal('url_verification'), challenge: z.string().max(1000) });

/** What the modal carries from the press that opened it to the one that sends it. */
const carriedPress = press.pick({ alertId: true, responseUrl: true, channel: true, messageTs: true });

/**
 * What the body of a request asks for whose signature was right; undefined where it is nothing that we know. `at`: when it
 * came. Interactions come as a form with a JSON text in `payload` (docs.slack.dev, "Handling user interaction").
 */
export function parseInteraction(body: string, at: IsoTime): Interaction | undefined {
  if (body.startsWith('{')) return toProbe(parseJson(body));
  const form = new URLSearchParams(body);
  if (form.get('ssl_check') === '1') return { kind: 'probe' };
  const payload = parseJson(form.get('payload') ?? '');
  return toPress(payload, at) ?? toSubmission(payload, at);
}

function toProbe(document: unknown): Interaction | undefined {
  const { data } = probe.safeParse(document);
  return data && { kind: 'probe', challenge: data.challenge };
}

function toPress(payload: unknown, at: IsoTime): Interaction | undefined {
  const { data } = blockActions.safeParse(payload);
  if (data === undefined) return undefined;
  const { trigger_id: triggerId, response_url: responseUrl, container, channel } = data;
  const [{ action_id: button, block_id: alertId, action_ts: actionTs, selected_option: option }] =
    data.actions;
  const where = {
    alertId,
    ...definedOf({
      responseUrl,
      channel: channel?.id ?? container?.channel_id,
      messageTs: container?.message_ts,
    }),
  };
  if (button === 'expected') return { kind: 'ask-reason', triggerId, carried: JSON.stringify(where) };
  return checked({
    id: pressId(actionTs, data.user.id, alertId, button),
    button,
    user: toUser(data.user),
    at,
    ...definedOf({ choice: option?.value }),
    ...where,
  });
}

function toSubmission(payload: unknown, at: IsoTime): Interaction | undefined {
  const { data } = viewSubmission.safeParse(payload);
  if (data === undefined) return undefined;
  const carried = carriedPress.safeParse(parseJson(data.view.private_metadata)).data;
  if (carried === undefined) return undefined;
  const { values } = data.view.state;
  const reason = values[reasonField][reasonField].value?.trim() ?? '';
  const days = Number(values[daysField][daysField].selected_option?.value);
  if (reason === '') return { kind: 'mend', field: reasonField, message: 'Say why in a few words.' };
  if (reason.length > reasonLimit)
    return { kind: 'mend', field: reasonField, message: `At most ${reasonLimit} characters.` };
  if (!expectedDays.includes(days))
    return { kind: 'mend', field: daysField, message: 'Choose for how long.' };
  return checked({
    id: pressId(data.view.id, data.user.id, carried.alertId, 'expected'),
    button: 'expected',
    user: toUser(data.user),
    at,
    reason,
    days,
    ...carried,
  });
}

/** One press has one id: when it was made, or in which modal; by whom; on what. */
const pressId = (origin: string, userId: string, alertId: string, button: PressName): string =>
  `${origin}-${userId}-${digest(JSON.stringify([alertId, button]))}`;

const toUser = ({ id, username, name }: z.infer<typeof user>) => ({ id, name: username ?? name ?? id });

function checked(given: Press): Interaction | undefined {
  const { data } = press.safeParse(given);
  return data && { kind: 'press', press: data };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
