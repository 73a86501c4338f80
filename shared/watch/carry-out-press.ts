import type { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import { buttonsOf } from '../alert/button.ts';
import type { Press } from '../alert/press.ts';
import { escaped } from '../alert/slack-text.ts';
import { cut } from '../alert/text.ts';
import type { Config } from '../config.ts';
import { logger } from '../observability.ts';
import { getAlert } from '../store/outbox.ts';
import { getPress, putPress } from '../store/presses.ts';
import type { Table } from '../store/table.ts';
import type { Target } from '../target.ts';
import { actOnWarning } from './act-on-warning.ts';
import { answerProblem, type PressOutcome } from './answer-problem.ts';
import type { MayPress } from './may-press.ts';

type Services = {
  table: Table;
  config: Config;
  targets: readonly Target[];
  costExplorer: CostExplorerClient;
  mayPress: MayPress;
  /** Tells the user alone; false where Slack no longer takes it. */
  tellUser: (responseUrl: string, text: string) => Promise<boolean>;
};

/** What has become of a press. */
export type CarriedOut = { press: string; button: Press['button']; user: string } & PressOutcome;

/**
 * Carries out a press, once however often it comes: what follows from it, the alert that tells of it and the record of it
 * are one transaction. The user alone is told why it can't be; everybody reads in the thread what was done. Throws where
 * it is worth another try, of which the user is told too.
 */
export async function carryOutPress(services: Services, press: Press): Promise<CarriedOut> {
  const { id, button, user } = press;
  try {
    const outcome = await outcomeOf(services, press);
    if ('refusal' in outcome) await refuse(services, press, outcome.refusal);
    return { press: id, button, user: user.id, ...outcome };
  } catch (error) {
    await tell(services, press, laterText(error)).catch(() => undefined); // the press is what matters
    throw error;
  }
}

async function outcomeOf(services: Services, press: Press): Promise<PressOutcome> {
  const { table, mayPress } = services;
  const known = await getPress(table, press.id);
  if (known && known.state !== 'begun') return { known: true };
  const objection = await mayPress(press);
  if (objection !== undefined) return { refusal: objection };
  const alert = await getAlert(table, press.alertId);
  if (alert === undefined) return { refusal: 'This was told more than 90 days ago, and is forgotten.' };
  // The press brings nothing but the alert's id: what may be done about it is for the alert to say.
  if (!buttonsOf(alert).some(({ name }) => name === press.button)) {
    return { refusal: 'Nothing of the kind can be answered to this.' };
  }
  return alert.kind === 'stop-warning'
    ? actOnWarning(services, press, alert, known?.pending)
    : answerProblem(services, press, alert);
}

/** Told first: a repeat after a crash tells it twice, the other way round it would never be told. */
async function refuse(services: Services, press: Press, why: string): Promise<void> {
  await tell(services, press, why);
  await putPress(services.table, press, { state: 'refused', why });
}

async function tell({ tellUser }: Services, { id, responseUrl }: Press, text: string): Promise<void> {
  const isTold = responseUrl !== undefined && (await tellUser(responseUrl, text));
  if (!isTold) logger.warn('not told', { press: id, why: 'no address of Slack that still takes an answer' });
}

const laterText = (error: unknown): string =>
  `That did not work: ${escaped(cut(error instanceof Error ? error.message : 'unknown error', 300))}. It is tried three times in all, within minutes.`;
