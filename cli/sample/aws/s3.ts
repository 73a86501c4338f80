import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type {
  DeleteObjectCommandInput,
  DeleteObjectCommandOutput,
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { awsError, type Caller, type Reply, type StoredObject } from '../sample.ts';

export const s3 = {
  GetObject: getObject,
  HeadObject: headObject,
  PutObject: putObject,
  DeleteObject: deleteObject,
  ListObjectsV2: listObjects,
};

type Address = { Bucket?: string | undefined; Key?: string | undefined };

function bucketAt({ Bucket = '' }: Address, { sample }: Caller): Map<string, StoredObject> {
  const bucket = sample.buckets.get(Bucket);
  if (!bucket) throw awsError('NoSuchBucket', 'The specified bucket does not exist', 404);
  return bucket;
}

function getObject(input: GetObjectCommandInput, caller: Caller): Reply<GetObjectCommandOutput> {
  const object = bucketAt(input, caller).get(input.Key ?? '');
  if (!object) throw awsError('NoSuchKey', 'The specified key does not exist.', 404);
  if (input.IfNoneMatch === object.etag) throw awsError('NotModified', 'Not Modified', 304);
  return { ...facts(object), Body: bodyOf(object.body) };
}

function headObject(input: HeadObjectCommandInput, caller: Caller): Reply<HeadObjectCommandOutput> {
  const object = bucketAt(input, caller).get(input.Key ?? '');
  if (!object) throw awsError('NotFound', 'NotFound', 404);
  return facts(object);
}

const facts = ({ body, etag, modified }: StoredObject) => ({
  ETag: etag,
  ContentLength: body.byteLength,
  LastModified: new Date(modified),
});

/** A stream with what the SDK adds to it. */
function bodyOf(body: Uint8Array): NonNullable<GetObjectCommandOutput['Body']> {
  const stream = Readable.from([Buffer.from(body)], { objectMode: false });
  return Object.assign(stream, {
    transformToByteArray: async () => new Uint8Array(await buffer(stream)),
    transformToString: async (encoding?: string) =>
      (await buffer(stream)).toString((encoding ?? 'utf8') as BufferEncoding),
    transformToWebStream: () => Readable.toWeb(stream) as ReadableStream,
  }) as NonNullable<GetObjectCommandOutput['Body']>;
}

async function putObject(
  input: PutObjectCommandInput,
  caller: Caller,
): Promise<Reply<PutObjectCommandOutput>> {
  const { Key = '', Body, IfMatch, IfNoneMatch } = input;
  const bucket = bucketAt(input, caller);
  const body = await bytesOf(Body);
  const present = bucket.get(Key); // read after the body: nothing may come between the condition and the write
  if (IfMatch !== undefined && !present) {
    throw awsError('NoSuchKey', 'The specified key does not exist.', 404);
  }
  if ((IfNoneMatch === '*' && present) || (IfMatch !== undefined && quoted(IfMatch) !== present?.etag)) {
    const message = 'At least one of the pre-conditions you specified did not hold';
    throw awsError('PreconditionFailed', message, 412);
  }
  const etag = `"${createHash('md5').update(body).digest('hex')}"`;
  bucket.set(Key, { body, etag, modified: caller.sample.now });
  return { ETag: etag };
}

const quoted = (etag: string): string => (etag.startsWith('"') ? etag : `"${etag}"`);

async function bytesOf(body: PutObjectCommandInput['Body']): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array();
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Uint8Array.from(body);
  return new Uint8Array(await new Response(body as Blob).arrayBuffer());
}

function deleteObject(input: DeleteObjectCommandInput, caller: Caller): Reply<DeleteObjectCommandOutput> {
  bucketAt(input, caller).delete(input.Key ?? '');
  return {};
}

function listObjects(input: ListObjectsV2CommandInput, caller: Caller): Reply<ListObjectsV2CommandOutput> {
  const { Prefix = '', StartAfter = '', ContinuationToken, MaxKeys = 1000 } = input;
  const after = ContinuationToken ?? StartAfter;
  const found = [...bucketAt(input, caller)]
    .filter(([key]) => key.startsWith(Prefix) && key > after)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const page = found.slice(0, MaxKeys);
  const isTruncated = page.length < found.length;
  const last = page.at(-1)?.[0];
  return {
    Name: input.Bucket,
    Prefix,
    MaxKeys,
    KeyCount: page.length,
    IsTruncated: isTruncated,
    ...(isTruncated && { NextContinuationToken: last }),
    ...(page.length > 0 && {
      Contents: page.map(([Key, { body, etag, modified }]) => ({
        Key,
        ETag: etag,
        Size: body.byteLength,
        LastModified: new Date(modified),
        StorageClass: 'STANDARD' as const,
      })),
    }),
  };
}
