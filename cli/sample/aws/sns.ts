import type {
  GetTopicAttributesCommandInput,
  GetTopicAttributesCommandOutput,
  PublishCommandInput,
  PublishCommandOutput,
} from '@aws-sdk/client-sns';
import { uuidOf } from '../noise.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';

export const sns = { Publish: publish, GetTopicAttributes: getTopicAttributes };

/** One team mailbox has confirmed. */
function getTopicAttributes(
  { TopicArn = '' }: GetTopicAttributesCommandInput,
  { sample }: Caller,
): Reply<GetTopicAttributesCommandOutput> {
  if (!sample.topics.has(TopicArn)) throw awsError('NotFound', 'Topic does not exist', 404);
  return { Attributes: { TopicArn, SubscriptionsConfirmed: '1', SubscriptionsPending: '0' } };
}

function publish(
  { TopicArn = '', Subject, Message = '' }: PublishCommandInput,
  { sample }: Caller,
): Reply<PublishCommandOutput> {
  if (!sample.topics.has(TopicArn)) throw awsError('NotFound', 'Topic does not exist', 404);
  if (Message === '') throw awsError('InvalidParameter', 'Invalid parameter: Empty message');
  if (Buffer.byteLength(Message) > 262_144) {
    throw awsError('InvalidParameter', 'Invalid parameter: Message too long');
  }
  if (Subject !== undefined && !/^[!-~][ -~]{0,99}$/.test(Subject)) {
    throw awsError('InvalidParameter', 'Invalid parameter: Subject');
  }
  sample.published.push({
    topicArn: TopicArn,
    message: Message,
    ...(Subject !== undefined && { subject: Subject }),
  });
  return { MessageId: uuidOf(`${TopicArn}/${sample.published.length}`) };
}
