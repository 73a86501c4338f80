import { z } from 'zod';
import { permissionFor } from '../alert/button.ts';
import type { Press } from '../alert/press.ts';
import type { Config } from '../config.ts';
import { type SlackApi, SlackApiError } from '../outlet/slack-api.ts';
import type { IsoTime } from '../period.ts';

/** Why somebody may not press something; undefined where they may. */
export type MayPress = (press: Press) => Promise<string | undefined>;

/** Who is in a group is asked anew after so long. */
const groupMs = 5 * 60_000;

const members = z.object({ users: z.array(z.string()) });

/** What another try would meet again: the group is gone, or the bot may not ask. */
const final = new Set([
  'account_inactive',
  'invalid_auth',
  'missing_scope',
  'no_permission',
  'no_such_subteam',
  'not_allowed_token_type',
  'not_authed',
  'plan_upgrade_required',
  'token_expired',
  'token_revoked',
]);

/**
 * Who may press what, as the configuration has it: whoever reads it may where it names nobody, and nobody where its list is
 * empty. What is found throws where Slack can't say just now who is in a group.
 */
export function openMayPress(slack: SlackApi, { alerts }: Config): MayPress {
  const isMember = openGroups(slack);
  return async ({ button, user, at }) => {
    const allowed = alerts.slack?.allow[permissionFor(button)];
    if (allowed === undefined || allowed.includes(user.id)) return undefined;
    const faults: string[] = [];
    for (const group of allowed.filter((id) => id.startsWith('S'))) {
      const answer = await isMember(group, user.id, at);
      if (answer === true) return undefined;
      if (typeof answer === 'string') faults.push(answer);
    }
    return [`You may not do that here: ${whomToAsk(allowed)}`, ...faults].join('; ');
  };
}

/** Whether somebody is in a group, or why that can't be told. */
function openGroups(slack: SlackApi) {
  const groups = new Map<string, { users: ReadonlySet<string>; atMs: number }>();
  return async (group: string, user: string, at: IsoTime): Promise<boolean | string> => {
    const atMs = Date.parse(at);
    const known = groups.get(group);
    if (known && Math.abs(atMs - known.atMs) < groupMs) return known.users.has(user);
    try {
      const answer = await slack.call('usergroups.users.list', { usergroup: group });
      const users = new Set(members.parse(answer).users);
      groups.set(group, { users, atMs });
      return users.has(user);
    } catch (error) {
      if (!(error instanceof SlackApiError && final.has(error.code ?? ''))) throw error;
      return `who is in ${mentionOf(group)} can't be told (${error.code})`;
    }
  };
}

const whomToAsk = (allowed: readonly string[]): string =>
  allowed.length === 0 ? 'nobody may' : `ask ${allowed.map(mentionOf).join(', ')}`;

/** As Slack shows a user or a group by name; where the user alone reads it, it calls nobody. */
const mentionOf = (id: string): string => (id.startsWith('S') ? `<!subteam^${id}>` : `<@${id}>`);
