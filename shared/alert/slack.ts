import type {
  ContextBlock,
  HeaderBlock,
  KnownBlock,
  MrkdwnElement,
  PlainTextElement,
  SectionBlock,
} from '@slack/types';
import { clockText, type IsoTime } from '../period.ts';
import { type Alert, isAnswer, isClosing, isNews, type Severity } from './alert.ts';
import { actionBlocks, buttonsOf } from './button.ts';
import { sparkLine } from './chart.ts';
import { quoted, quotedAction, withButtons } from './command.ts';
import { type Conversation, isAnswered } from './conversation.ts';
import { referenceOf } from './identity.ts';
import { escaped } from './slack-text.ts';
import { cut, oneLine, visible } from './text.ts';

/** What Slack's incoming webhook takes. */
export type SlackMessage = { text: string; blocks: KnownBlock[] };

// Slack's limits, in UTF-16 units as the strictest reading of "characters".
const headerLimit = 150;
const textLimit = 3000;
const fieldLimit = 2000;
const fieldsPerSection = 10;

// Ours: beyond these a message is no longer read.
const maxFacts = 20;
const maxItems = 20;
const itemsPerSection = 10; // so that ten of the longest fit
const maxItemLength = 280;
const contextLimit = 600;

const marks: Readonly<Record<Severity, string>> = { critical: '🔴', warning: '🟠', info: '🔵' };

/** What a message says beside its alert. */
export type View = {
  /** What became of the problem since: who has seen it, until when nobody wants to hear of it. */
  conversation?: Conversation | undefined;
  /** A line on how it got here, such as why it isn't where it belongs. */
  note?: string | undefined;
  /** What only this message has, to be found by: at most 255 characters. */
  marker?: string | undefined;
  /** Whether it has buttons: somebody has to be there who is told when they are pressed. */
  hasButtons?: boolean | undefined;
};

/**
 * The alert in Block Kit, within Slack's limits whatever stands in it. Text from outside shows as it is: it mentions
 * nobody, formats nothing and links nowhere.
 */
export function toSlackMessage(alert: Alert, view: View = {}): SlackMessage {
  const { conversation, note, marker, hasButtons = false } = view;
  const title = `${markOf(alert, conversation)} ${oneLine(alert.title)}`;
  const buttons = hasButtons ? actionBlocks(buttonsOf(alert, conversation), alert) : [];
  return {
    text: fitted(title, textLimit, literal),
    blocks: [
      header(title),
      ...(note === undefined ? [] : [remark(note)]),
      ...standing(conversation),
      ...paragraph(alert.summary),
      ...paragraph(alert.chart ? sparkLine(alert.chart) : ''),
      ...fields(alert.facts),
      ...list(alert.items),
      ...whatToDo(buttons.length > 0 ? withButtons(alert.action) : alert.action),
      ...links(alert.links),
      ...buttons,
      { ...context(alert), ...(marker && { block_id: marker }) },
    ],
  };
}

/** A change of a problem, or an answer to it, as a reply in the thread of its message: what is new, and no more. */
export function toSlackReply(alert: Alert, { marker, note }: View = {}): SlackMessage {
  const who = alert.by !== undefined && isUserId(alert.by) ? `<@${alert.by}> ` : '';
  const title =
    isAnswer(alert) || alert.inThreadOf ? oneLine(alert.title) : `${markOf(alert)} ${oneLine(alert.title)}`;
  return {
    text: who + fitted(title, textLimit - who.length, literal),
    blocks: [
      { type: 'section', text: mrkdwn(who, title, textLimit) },
      ...(note === undefined ? [] : [remark(note)]),
      ...(isRepetition(alert) ? [] : [...paragraph(alert.summary), ...list(alert.items)]),
      ...whatToDo(alert.action, isAnswer(alert) ? 'Taking it back' : undefined),
      { ...context(alert), ...(marker && { block_id: marker }) },
    ],
  };
}

/** Whether all but the title and what to do stands in the message above, which shows the newest of each problem. */
const isRepetition = (alert: Alert): boolean =>
  isNews(alert) && (saidAgain.has(alert.step) || describedAbove.has(alert.kind));

const saidAgain: ReadonlySet<Alert['step']> = new Set(['escalated', 'reminded']);
const describedAbove: ReadonlySet<Alert['kind']> = new Set(['spend-anomaly', 'utilization', 'job-failure']);

/** A user of Slack; anything else in its place would be text from outside. */
const isUserId = (text: string): boolean => /^[UW][A-Z0-9]{5,20}$/.test(text);

/** At a glance: over, put off, seen, or how bad it is. */
function markOf(alert: Alert, conversation?: Conversation): string {
  const { severity, at } = alert;
  if (conversation ? !conversation.isOpen : isClosing(alert)) return '✅';
  if (conversation && isAnswered(conversation, at)) return '🆗';
  if (conversation?.snoozed) return '💤';
  if (conversation?.acknowledged) return '👀';
  return marks[severity];
}

const remark = (text: string): ContextBlock => ({
  type: 'context',
  elements: [plain(oneLine(text), contextLimit)],
});

/** Who has said what of it, the newest last. */
function standing(conversation: Conversation | undefined): ContextBlock[] {
  if (conversation === undefined) return [];
  const { acknowledged, snoozed, answered, escalatedAt } = conversation;
  const said = [
    ...(escalatedAt ? [`Told again ${when(escalatedAt)}: nobody had acknowledged it`] : []),
    ...(acknowledged ? [`Acknowledged by ${person(acknowledged.by)}, ${when(acknowledged.at)}`] : []),
    ...(snoozed
      ? [`Snoozed by ${person(snoozed.by)} until ${when(snoozed.until)}, or until it has doubled`]
      : []),
    ...(answered
      ? [
          `${answered.answer === 'expected' ? 'Expected' : 'Not an anomaly'}, says ${person(answered.by)}, until ${when(answered.until)}${answered.reason ? `: ${literal(cut(oneLine(answered.reason), 300))}` : ''}`,
        ]
      : []),
  ];
  return said.length === 0
    ? []
    : [{ type: 'context', elements: said.map((text) => ({ type: 'mrkdwn', text, verbatim: true })) }];
}

/** Slack shows it in the reader's own time. */
const when = (time: IsoTime): string =>
  `<!date^${Math.floor(Date.parse(time) / 1000)}^{date_short_pretty} at {time}|${clockText(time)}>`;

const person = (by: string): string => (isUserId(by) ? `<@${by}>` : literal(cut(oneLine(by), 80)));

const header = (title: string): HeaderBlock => ({ type: 'header', text: plain(title, headerLimit) });

const paragraph = (text: string): SectionBlock[] =>
  visible(text).trim() === '' ? [] : [{ type: 'section', text: plain(text, textLimit) }];

function fields(facts: Alert['facts']): SectionBlock[] {
  const shown = facts
    .slice(0, maxFacts)
    .map(({ label, value }) =>
      mrkdwn(`*${literal(cut(oneLine(label), 100))}*\n`, quoted(oneLine(value)), fieldLimit),
    );
  const sections: SectionBlock[] = [];
  for (let start = 0; start < shown.length; start += fieldsPerSection) {
    sections.push({ type: 'section', fields: shown.slice(start, start + fieldsPerSection) });
  }
  return sections;
}

function list(items: readonly string[]): SectionBlock[] {
  const left = items.length - maxItems;
  const lines = items.slice(0, maxItems).map((item) => `• ${cut(oneLine(item), maxItemLength)}`);
  const sections = [lines.slice(0, itemsPerSection), lines.slice(itemsPerSection)].map((part) =>
    part.join('\n'),
  );
  return [...sections, left > 0 ? `… and ${left} more` : ''].flatMap(paragraph);
}

const whatToDo = (action: string, heading = 'What to do'): SectionBlock[] =>
  visible(action).trim() === ''
    ? []
    : [{ type: 'section', text: mrkdwn(`*${heading}*\n`, quotedAction(visible(action).trim()), textLimit) }];

function links(given: Alert['links']): SectionBlock[] {
  const shown = given.flatMap(({ label, url }) => {
    const target = webAddress(url);
    return target === undefined ? [] : [`<${target}|${literal(cut(quoted(oneLine(label)), 75))}>`];
  });
  const text = joinWithin(shown, '  ·  ', textLimit);
  return text === '' ? [] : [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }];
}

/** As many of the parts as fit, whole: half a link is none. */
function joinWithin(parts: readonly string[], separator: string, limit: number): string {
  let text = '';
  for (const part of parts) {
    const longer = text === '' ? part : text + separator + part;
    if (longer.length <= limit) text = longer;
  }
  return text;
}

function context(alert: Alert): ContextBlock {
  const { kind, account, region, owner, team, at } = alert;
  const parts = [kind, account, region, owner ?? team, referenceOf(alert), at.replace('T', ' ')].filter(
    (part) => part !== undefined,
  );
  return { type: 'context', elements: [plain(parts.map(oneLine).join('  ·  '), contextLimit)] };
}

/** Slack decodes entities here as in mrkdwn, and stores this text in that form. */
const plain = (text: string, limit: number): PlainTextElement => ({
  type: 'plain_text',
  text: fitted(quoted(visible(text).trim()), limit, escaped),
  emoji: false, // `:name:` in an ARN is no picture
});

/** Our own mark-up, then text from outside that is to show as it is. */
const mrkdwn = (markup: string, text: string, limit: number): MrkdwnElement => ({
  type: 'mrkdwn',
  text: markup + fitted(text, limit - markup.length, literal),
  verbatim: true, // no @name and no #channel is looked for
});

/** Cuts before it encodes, so that no entity is cut in two. */
function fitted(text: string, limit: number, encode: (text: string) => string): string {
  let length = limit;
  let encoded = encode(cut(text, length));
  while (encoded.length > limit) {
    length = Math.min(length - 1, Math.floor((length * limit) / encoded.length));
    encoded = encode(cut(text, length));
  }
  return encoded;
}

const space = '\u200B'; // of no width: on both sides of a mark it can neither open nor close anything

/** Neither mention nor format nor quote. An underscore within a word formats nothing, and stays fit to be copied. */
const literal = (text: string): string =>
  escaped(
    text
      .replace(/[*~`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, `${space}$&${space}`)
      .replace(/^>/gm, `${space}>`),
  );

/** The address as Slack takes it in a link; undefined where it is none of the web's, or too long to be one. */
function webAddress(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return undefined;
  const encoded = href
    .replace(/[<>|`*~\s]/g, (character) => encodeURIComponent(character))
    .replaceAll('&', '&amp;');
  return encoded.length <= 2000 ? encoded : undefined;
}
