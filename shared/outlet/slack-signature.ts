import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What of a request Slack's signature is made of: the body as it came, byte for byte. */
export type SignedRequest = {
  body: Buffer;
  /** Seconds since the epoch, as the header has them. */
  timestamp: string | undefined;
  signature: string | undefined;
};

/** Slack's own advice: what was signed longer ago than this may be a replay. */
const maxAgeMs = 5 * 60_000;

/** Larger than anything that Slack sends: no work is spent on it. */
const maxBytes = 1024 * 1024;

/**
 * Why a request can't be one of Slack's whatever the secret, found without it: a header is missing or is none, or its time is
 * more than five minutes from `nowMs`, on either side. Undefined where the signature decides.
 */
export function formFault({ body, timestamp, signature }: SignedRequest, nowMs: number): string | undefined {
  if (timestamp === undefined || signature === undefined) return 'not signed';
  if (!/^\d{1,12}$/.test(timestamp)) return 'its timestamp is none';
  if (!/^v0=[0-9a-f]{64}$/.test(signature)) return 'its signature is none';
  const age = nowMs - Number(timestamp) * 1000;
  if (age > maxAgeMs) return 'signed more than five minutes ago';
  if (age < -maxAgeMs) return 'signed more than five minutes ahead';
  return body.length > maxBytes ? 'too large' : undefined;
}

/**
 * The signature that Slack gives a body: HMAC-SHA256 over `v0:timestamp:body`, in hex (docs.slack.dev, "Verifying
 * requests from Slack").
 */
export const signatureOf = (secret: string, timestamp: string, body: Buffer | string): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`;

/** Whether a request was signed with the secret; it takes as long whatever is wrong with the signature. */
export function isSignedBy(secret: string, { body, timestamp = '', signature = '' }: SignedRequest): boolean {
  const right = Buffer.from(signatureOf(secret, timestamp, body));
  const given = Buffer.from(signature);
  return given.length === right.length && timingSafeEqual(given, right);
}

/** By what a request is known to have come before: its signature, which nobody can read from it. */
export const fingerprintOf = ({ signature = '' }: SignedRequest): string =>
  createHash('sha256').update(signature).digest('hex');
