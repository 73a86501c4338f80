import type { ActionsBlock, ActionsBlockElement, PlainTextOption } from '@slack/types';
import type { Alert } from './alert.ts';
import { type Conversation, isAnswered } from './conversation.ts';
import { digest } from './identity.ts';
import { plainText } from './slack-text.ts';

/** What can be answered to an alert by pressing a button, or in words on the command line. */
export const buttonNames = [
  'acknowledge',
  'snooze',
  'expected',
  'not-an-anomaly',
  'keep-2h',
  'keep-until-tomorrow',
  'stop-now',
] as const;

export type ButtonName = (typeof buttonNames)[number];

/** What can be pressed: the buttons, and the menu that keeps one of several. */
export const pressNames = [...buttonNames, 'keep-one'] as const;

export type PressName = (typeof pressNames)[number];

/** The name under which the configuration says who may press it. */
export const permissionFor = (name: PressName): ButtonName => (name === 'keep-one' ? 'keep-2h' : name);

/** A choice of a menu; `value` is what comes back when it is made. */
type Choice = { label: string; value: string };

/** One thing to press: a button, or with `choices` a menu. */
export type Button = {
  name: PressName;
  label: string;
  /** It asks once more before anything happens. */
  confirm?: { title: string; text: string; yes: string; no: string };
  choices?: readonly Choice[];
};

/** How long a snooze holds, by the value of its choice, in days. */
export const snoozeDays: ReadonlyMap<string, number> = new Map([
  ['1d', 1],
  ['7d', 7],
]);

/**
 * What can be pressed under an alert. Under a problem as long as it is open and nobody has said that it is fine, under a
 * warning of a stop that is going to be made; under everything else nothing.
 */
export function buttonsOf(alert: Alert, conversation?: Conversation): Button[] {
  const { kind, severity, schedulables = [] } = alert;
  if (kind === 'stop-warning') {
    return severity === 'warning' && schedulables.length > 0 ? warningButtons(schedulables) : [];
  }
  return isOpen(alert, conversation) ? problemButtons(alert, conversation) : [];
}

/** Steps after which somebody may still have something to say. */
const openSteps: ReadonlySet<Alert['step']> = new Set([
  'opened',
  'grown',
  'reminded',
  'escalated',
  'reopened',
]);

function isOpen({ step, at }: Alert, conversation: Conversation | undefined): boolean {
  if (!openSteps.has(step)) return false;
  return conversation === undefined || (conversation.isOpen && !isAnswered(conversation, at));
}

function problemButtons(
  { incidentId, anomalyId, pattern }: Alert,
  conversation: Conversation | undefined,
): Button[] {
  const isAnomaly = incidentId !== undefined || anomalyId !== undefined;
  return [
    ...(conversation?.acknowledged === undefined ? [acknowledge] : []),
    snooze,
    ...(isAnomaly || pattern !== undefined ? [expected] : []),
    ...(isAnomaly ? [notAnAnomaly] : []),
  ];
}

const acknowledge: Button = { name: 'acknowledge', label: 'Acknowledge' };
const snooze: Button = {
  name: 'snooze',
  label: 'Snooze …',
  choices: [...snoozeDays].map(([value, days]) => ({
    label: days === 1 ? '1 day' : `${days} days`,
    value,
  })),
};
const expected: Button = { name: 'expected', label: 'Expected …' };
const notAnAnomaly: Button = { name: 'not-an-anomaly', label: 'Not an anomaly' };

/** The most that a menu of Slack's takes. */
const maxChoices = 100;

function warningButtons(schedulables: NonNullable<Alert['schedulables']>): Button[] {
  const byChoice = new Map(schedulables.map(({ key, name }) => [choiceOf(key), name]));
  const choices = [...byChoice].map(([value, label]) => ({ label, value })).slice(0, maxChoices);
  const all = byChoice.size === 1 ? 'it' : `all ${byChoice.size}`;
  return [
    { name: 'keep-2h', label: 'Keep 2 h' },
    { name: 'keep-until-tomorrow', label: 'Keep until tomorrow' },
    ...(choices.length > 1
      ? [{ name: 'keep-one', label: 'Keep only … for 2 h', choices } satisfies Button]
      : []),
    {
      name: 'stop-now',
      label: 'Stop now',
      confirm: {
        title: 'Stop now?',
        text: `The next run stops ${all} without waiting for the end of the grace period, if nothing speaks against it by then.`,
        yes: 'Stop now',
        no: 'Wait',
      },
    },
  ];
}

/** By what a choice of the menu names something: Slack takes 75 characters, and a key may have more. */
const choiceOf = (key: string): string => digest(key);

/** What was chosen in the menu that keeps one of several; undefined where the warning doesn't list it. */
export const chosenOf = (
  { schedulables = [] }: Alert,
  choice: string | undefined,
): NonNullable<Alert['schedulables']>[number] | undefined =>
  schedulables.find(({ key }) => choiceOf(key) === choice);

// Slack's limits, in UTF-16 units.
const labelLimit = 75;
const blockIdLimit = 255;
const confirmLimits = { title: 100, text: 300, answer: 30 };

/**
 * The buttons in Block Kit. What comes back with a press is the alert's id alone, as the id of the block, and of a button
 * as its value too: a menu has none of its own. None for an alert whose id Slack doesn't take: ours have 200 characters.
 */
export const actionBlocks = (buttons: readonly Button[], { id }: Pick<Alert, 'id'>): ActionsBlock[] =>
  buttons.length === 0 || id.length > blockIdLimit
    ? []
    : [{ type: 'actions', block_id: id, elements: buttons.map((button) => toElement(button, id)) }];

function toElement({ name, label, confirm, choices }: Button, id: string): ActionsBlockElement {
  if (choices) {
    return {
      type: 'static_select',
      action_id: name,
      placeholder: plainText(label, labelLimit),
      options: choices.map(toOption),
    };
  }
  return {
    type: 'button',
    action_id: name,
    text: plainText(label, labelLimit),
    value: id,
    ...(confirm && { style: 'danger', confirm: toDialog(confirm) }),
  };
}

const toOption = ({ label, value }: Choice): PlainTextOption => ({
  text: plainText(label, labelLimit),
  value,
});

const toDialog = ({ title, text, yes, no }: NonNullable<Button['confirm']>) => ({
  title: plainText(title, confirmLimits.title),
  text: plainText(text, confirmLimits.text),
  confirm: plainText(yes, confirmLimits.answer),
  deny: plainText(no, confirmLimits.answer),
  style: 'danger' as const,
});
