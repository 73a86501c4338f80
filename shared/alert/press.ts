import { z } from 'zod';
import { pressNames } from './button.ts';

/** Of a user, as Slack has it. */
const userId = z.string().regex(/^[UW][A-Z0-9]{2,}$/);

/** Somebody's press of a button, as the function that answers Slack hands it to the one that carries it out. */
export const press = z.object({
  /** The same for every delivery of one press. */
  id: z.string().min(1).max(200),
  button: z.enum(pressNames),
  alertId: z.string().min(1).max(255),
  user: z.object({ id: userId, name: z.string() }),
  at: z.iso.datetime(),
  /** What was chosen in a menu. */
  choice: z.string().exactOptional(),
  /** Why it is expected, in the user's words. */
  reason: z.string().exactOptional(),
  /** For how many days it is expected. */
  days: z.number().int().positive().exactOptional(),
  /** Where the user alone is answered, for half an hour: a secret. */
  responseUrl: z.string().exactOptional(),
  channel: z.string().exactOptional(),
  messageTs: z.string().exactOptional(),
});

export type Press = z.infer<typeof press>;
