import { S3Client } from '@aws-sdk/client-s3';
import { type Digest, digestAlert } from '../shared/alert/digest.ts';
import { type Cadence, toDue } from '../shared/alert/digest-due.ts';
import { toEmail } from '../shared/alert/email.ts';
import { createClient } from '../shared/aws/client.ts';
import { composeDigest } from '../shared/watch/compose-digest.ts';
import { readKnown } from '../shared/watch/digest.ts';
import { stackTable } from './incidents.ts';
import { InputError } from './input-error.ts';
import { drainQueue, readEvent, runFunction, sampleEventFile } from './local-runtime.ts';
import { type AccountOptions, printJson } from './options.ts';
import type { SampleAccount } from './sample/account.ts';
import { playNights, sampleMorning } from './sample-nights.ts';
import { openSession } from './session.ts';
import { print } from './terminal.ts';

export type DigestOptions = AccountOptions & {
  period: Cadence;
  team?: string;
  table?: string;
  ledger?: string;
};

/** `digest`: what the digest of a period would say now; sends and records nothing. */
export async function digestCommand(options: DigestOptions): Promise<void> {
  const { period, team, table, ledger, ...rest } = options;
  const now = options.now ?? (options.sample ? sampleMorning : undefined);
  const session = await openSession({ ...rest, ...(now !== undefined && { now }) });
  try {
    if (session.sample) await playDays(session.sample);
    const bucket = ledger ?? process.env['LEDGER_BUCKET'];
    if (!bucket) {
      throw new InputError(
        'no ledger: name its bucket with --ledger, or in LEDGER_BUCKET; it is the output LedgerBucketName of the stack (or try --sample)',
      );
    }
    const stores = { table: stackTable(session, table), ledger: { s3: createClient(S3Client), bucket } };
    const due = toDue(period, session.now);
    const known = await readKnown(stores, session.config, session.targets, due, session.now);
    show(composeDigest(known, session.config, due, session.now, team), options);
  } finally {
    await session.close();
  }
}

function show(digest: Digest, { format }: DigestOptions): void {
  const alert = digestAlert(digest);
  if (format === 'json') printJson(alert);
  else print(toEmail(alert).body);
}

/** Lets the sample account's watchdog live until now: it reads the bill, looks for what is idle, and stops by night. */
async function playDays(sample: SampleAccount): Promise<void> {
  const now = sample.now();
  await playNights(sample, now);
  for (const name of ['watch-spend', 'watch-utilization', 'enforce-schedules', 'follow-up-alerts'] as const) {
    const event = (await readEvent(sampleEventFile(`${name}.json`))) as object;
    await runFunction(name, { ...event, time: now }, now);
    await drainQueue(sample, sample.env['SWEEP_QUEUE_URL'] ?? '', 'sweep');
  }
}
