import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sampleSigningSecret } from '../../cli/sample/account.ts';
import { fingerprintOf, formFault, isSignedBy, signatureOf } from '../../shared/outlet/slack-signature.ts';
import { httpRequest } from '../../shared/watch/answer-slack.ts';

const secret = '8f742231b10e8888abcd99yyyzzz85a5';
const timestamp = '1531420618';
const body = Buffer.from(
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
);
const signature = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503';
const nowMs = Number(timestamp) * 1000;
const request = { body, timestamp, signature };

describe('a signature', () => {
  it("is Slack's, by the example in its documentation", () => {
    expect(signatureOf(secret, timestamp, body)).toBe(signature);
    expect(isSignedBy(secret, request)).toBe(true);
  });

  it.each([
    ['another secret', { ...request }, `${secret}x`],
    ['another body', { ...request, body: Buffer.from(`${body} `) }, secret],
    ['another time', { ...request, timestamp: '1531420619' }, secret],
    ['another signature', { ...request, signature: signature.replace('a2', 'a3') }, secret],
    ['half a signature', { ...request, signature: signature.slice(0, 30) }, secret],
    ['no signature', { ...request, signature: undefined }, secret],
  ])('is refused with %s', (_, given, by) => {
    expect(isSignedBy(by, given)).toBe(false);
  });

  it('is of the bytes as they came, whether they are text or not', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x80]);
    const own = signatureOf(secret, timestamp, bytes);
    expect(isSignedBy(secret, { body: bytes, timestamp, signature: own })).toBe(true);
    const decoded = Buffer.from(bytes.toString('utf8'));
    expect(isSignedBy(secret, { body: decoded, timestamp, signature: own })).toBe(false);
  });

  it('has a fingerprint that tells it from others, and that it can not be read from', () => {
    const other = { ...request, signature: signature.replace('a2', 'a3') };
    expect(fingerprintOf(request)).toMatch(/^[0-9a-f]{64}$/);
    expect(fingerprintOf(request)).not.toBe(fingerprintOf(other));
    expect(signature).not.toContain(fingerprintOf(request));
  });
});

describe('the form of a request', () => {
  const minutes = (count: number) => count * 60_000;
  it.each<[string, Partial<typeof request> | object, number, string | undefined]>([
    ['as it should be', {}, 0, undefined],
    ['five minutes old', {}, minutes(5), undefined],
    ['five minutes ahead', {}, minutes(-5), undefined],
    ['older', {}, minutes(5) + 1000, 'signed more than five minutes ago'],
    ['further ahead', {}, minutes(-5) - 1000, 'signed more than five minutes ahead'],
    ['without a time', { timestamp: undefined }, 0, 'not signed'],
    ['without a signature', { signature: undefined }, 0, 'not signed'],
    ['with a time that is none', { timestamp: 'yesterday' }, 0, 'its timestamp is none'],
    ['with a time that only looks like one', { timestamp: '1e9' }, 0, 'its timestamp is none'],
    ['with a negative time', { timestamp: '-1531420618' }, 0, 'its timestamp is none'],
    ['of another version', { signature: signature.replace('v0', 'v1') }, 0, 'its signature is none'],
    ['with an empty signature', { signature: '' }, 0, 'its signature is none'],
    ['with ten megabytes', { body: Buffer.alloc(10_000_000, 'x') }, 0, 'too large'],
  ])('%s', (_, given, age, expected) => {
    expect(formFault({ ...request, ...given }, nowMs + age)).toBe(expected);
  });
});

it('every sample event is signed as it says, at the time at which it came', () => {
  const files = readdirSync('events').filter((file) => file.startsWith('slack-'));
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) {
    const { headers, requestContext, ...raw } = httpRequest.parse(
      JSON.parse(readFileSync(`events/${file}`, 'utf8')),
    );
    const signed = {
      body: Buffer.from(raw.body, raw.isBase64Encoded ? 'base64' : 'utf8'),
      timestamp: headers['x-slack-request-timestamp'],
      signature: headers['x-slack-signature'],
    };
    expect(formFault(signed, requestContext.timeEpoch), file).toBeUndefined();
    expect(isSignedBy(sampleSigningSecret, signed), file).toBe(true);
  }
});
