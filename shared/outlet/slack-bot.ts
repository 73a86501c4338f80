import { z } from 'zod';
import type { SlackMessage } from '../alert/slack.ts';
import { addMilliseconds, type IsoTime } from '../period.ts';
import { type SlackApi, SlackApiError } from './slack-api.ts';

/** Where a message stands: `channel` is its id, `ts` Slack's name for the message in it. */
export type Posted = { channel: string; ts: string };

const posted = z.object({ channel: z.string(), ts: z.string() });

type Post = {
  /** An id, or `#name`. */
  channel: string;
  message: SlackMessage;
  /** The message that this one is a reply to. */
  threadTs?: string | undefined;
  /** Whether the reply shows in the channel, too. */
  isBroadcast?: boolean;
};

/** Posts a message; throws unless Slack says that it did, which it may have done nevertheless. */
export const postMessage = async (
  api: SlackApi,
  { channel, message, threadTs, isBroadcast }: Post,
): Promise<Posted> =>
  posted.parse(
    await api.call('chat.postMessage', {
      channel,
      ...message,
      unfurl_links: false,
      unfurl_media: false,
      thread_ts: threadTs,
      reply_broadcast: threadTs !== undefined && isBroadcast ? true : undefined,
    }),
  );

/** Replaces a message. The same one twice is the same as once. */
export const updateMessage = async (
  api: SlackApi,
  { channel, ts }: Posted,
  message: SlackMessage,
): Promise<void> => {
  await api.call('chat.update', { channel, ts, ...message });
};

const page = z.object({
  messages: z
    .array(
      z.object({
        ts: z.string(),
        blocks: z.array(z.object({ block_id: z.string().optional() })).default([]),
      }),
    )
    .default([]),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

type Search = {
  channel: string;
  /** The `block_id` that only this message has. */
  marker: string;
  /** When it was tried first to be posted. */
  since: IsoTime;
  threadTs?: string | undefined;
};

/** Our clock and Slack's may differ by so much: ms. */
const skew = 120_000;
const maxPages = 20;

/**
 * The message that carries a marker, among those of the channel or the thread since a time; undefined where there is none.
 * By it a post whose answer got lost is known to have been made.
 */
export async function findMessage(api: SlackApi, search: Search): Promise<Posted | undefined> {
  const { marker, since, threadTs } = search;
  const channel = await channelId(api, search.channel);
  const method = threadTs === undefined ? 'conversations.history' : 'conversations.replies';
  const oldest = String(Date.parse(addMilliseconds(since, -skew)) / 1000);
  let cursor: string | undefined;
  for (let pages = 0; pages < maxPages; pages += 1) {
    const { messages, response_metadata } = page.parse(
      await api.call(method, { channel, ts: threadTs, oldest, limit: 200, cursor }),
    );
    const found = messages.find(({ blocks }) => blocks.some(({ block_id }) => block_id === marker));
    if (found) return { channel, ts: found.ts };
    cursor = response_metadata?.next_cursor;
    if (!cursor) return undefined;
  }
  return undefined;
}

const channels = z.object({
  channels: z
    .array(z.object({ id: z.string(), name: z.string(), is_archived: z.boolean().optional() }))
    .default([]),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

/** The id of a channel that may be given by its name; throws a SlackApiError where no channel that the bot sees has it. */
export async function channelId(api: SlackApi, channel: string): Promise<string> {
  if (!channel.startsWith('#')) return channel;
  let cursor: string | undefined;
  do {
    const answer = channels.parse(
      await api.call('conversations.list', {
        types: 'public_channel,private_channel',
        exclude_archived: true,
        limit: 1000,
        cursor,
      }),
    );
    const found = answer.channels.find(({ name }) => `#${name}` === channel);
    if (found) return found.id;
    cursor = answer.response_metadata?.next_cursor;
  } while (cursor);
  throw new SlackApiError(`No channel ${channel} that the bot sees`, 'channel_not_found', {
    isLasting: true,
  });
}

const ticket = z.object({ upload_url: z.url(), file_id: z.string() });

type Picture = { name: string; title: string; alt: string; bytes: Uint8Array };

/**
 * Hands a picture to Slack, where nobody sees it yet, and returns its id. Three calls, as Slack has had it since it closed
 * `files.upload`.
 */
export async function uploadPicture(api: SlackApi, { name, alt, bytes }: Picture): Promise<string> {
  const { upload_url, file_id } = ticket.parse(
    await api.call('files.getUploadURLExternal', {
      filename: name,
      length: String(bytes.length),
      alt_txt: alt,
    }),
  );
  await api.upload(upload_url, bytes);
  return file_id;
}

/** Shows a picture that was uploaded as a reply to a message. */
export async function sharePicture(
  api: SlackApi,
  { channel, ts }: Posted,
  { fileId, title }: { fileId: string; title: string },
): Promise<void> {
  await api.call('files.completeUploadExternal', {
    files: [{ id: fileId, title }],
    channel_id: channel,
    thread_ts: ts,
  });
}

const files = z.object({
  messages: z.array(z.object({ files: z.array(z.object({ id: z.string() })).optional() })).default([]),
});

/** Whether a picture stands in the thread of a message already. */
export async function isShared(api: SlackApi, { channel, ts }: Posted, fileId: string): Promise<boolean> {
  const { messages } = files.parse(await api.call('conversations.replies', { channel, ts, limit: 200 }));
  return messages.some((one) => one.files?.some(({ id }) => id === fileId));
}
