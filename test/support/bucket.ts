import { createHash } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';

const s3Error = (name: string) => Object.assign(new Error(name), { name });

/** An S3 bucket in memory, with the conditional writes of the real one; the next write to a key in `broken` fails. */
export function openBucket() {
  const objects = new Map<string, Uint8Array>();
  const broken = new Set<string>();
  const etagOf = (body: Uint8Array) => `"${createHash('md5').update(body).digest('hex')}"`;
  const mock = mockClient(S3Client);
  mock.on(GetObjectCommand).callsFake(({ Key }) => {
    const body = objects.get(Key);
    if (body === undefined) throw s3Error('NoSuchKey');
    return { Body: { transformToByteArray: async () => body }, ETag: etagOf(body) };
  });
  mock.on(PutObjectCommand).callsFake(({ Key, Body, IfMatch, IfNoneMatch }) => {
    if (broken.delete(Key)) throw s3Error('InternalError');
    const present = objects.get(Key);
    if (IfNoneMatch === '*' && present !== undefined) throw s3Error('PreconditionFailed');
    if (IfMatch !== undefined && (present === undefined || etagOf(present) !== IfMatch)) {
      throw s3Error('PreconditionFailed');
    }
    objects.set(Key, Body);
    return {};
  });
  return { mock, objects, broken, store: { s3: new S3Client({}), bucket: 'watchdog-ledger' } };
}
