import { type Config, ConfigError } from '../config.ts';

/** The bot scopes that the watchdog asks for, each with what takes it: the manifest in docs/slack.md names the same. */
export const botScopes: Readonly<Record<string, string>> = {
  'chat:write': 'chat.postMessage, chat.update: messages, their changes and threads',
  'chat:write.public': 'the same in public channels to which nobody has invited the bot',
  'channels:history': 'conversations.history: whether a message got there whose answer was lost',
  'groups:history': 'the same in private channels',
  'channels:read': 'conversations.info, conversations.list: whether a channel is there, and not archived',
  'groups:read': 'the same of private channels',
  'files:write': 'files.getUploadURLExternal, files.completeUploadExternal: charts',
  'usergroups:read': 'usergroups.users.list: who may press a button',
};

/** Where the secrets of an app with buttons lie. Throws a ConfigError where it has none: then nobody may press anything. */
export function slackAppOf({ alerts: { slack } }: Config): { token: string; signingSecret: string } {
  const { token, signingSecret } = slack ?? {};
  if (token !== undefined && signingSecret !== undefined) return { token, signingSecret };
  const message = 'missing: buttons need it, and alerts.slack.token';
  throw new ConfigError([{ path: ['alerts', 'slack', 'signingSecret'], message }]);
}
