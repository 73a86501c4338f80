import type { ModalView } from '@slack/types';
import { plainText } from './slack-text.ts';

/** By what the parts of the modal are known again when it comes back. */
export const reasonModalId = 'expected';
export const reasonField = 'reason';
export const daysField = 'days';

/** Days for which something may be said to be expected; the first is what the modal proposes. */
export const expectedDays: readonly number[] = [30, 90];

/** The most that a reason may have, in characters. */
export const reasonLimit = 300;

/** The modal that asks why something is expected, and for how long. `carried`: what comes back with it, unseen. */
export function reasonModal(carried: string): ModalView {
  const options = expectedDays.map((days) => ({ text: plainText(`${days} days`, 75), value: String(days) }));
  const [proposed = { text: plainText('30 days', 75), value: '30' }] = options;
  return {
    type: 'modal',
    callback_id: reasonModalId,
    private_metadata: carried,
    title: plainText('This is expected', 24),
    submit: plainText('Mute it', 24),
    close: plainText('Cancel', 24),
    blocks: [
      {
        type: 'input',
        block_id: reasonField,
        label: plainText('Why?', 75),
        hint: plainText('Everybody in the thread reads it, and so does whoever wonders in a month.', 150),
        element: {
          type: 'plain_text_input',
          action_id: reasonField,
          multiline: false,
          min_length: 1,
          max_length: reasonLimit,
        },
      },
      {
        type: 'input',
        block_id: daysField,
        label: plainText('For how long?', 75),
        element: { type: 'static_select', action_id: daysField, options, initial_option: proposed },
      },
    ],
  };
}
