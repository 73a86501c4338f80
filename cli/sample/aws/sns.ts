import type {
  ListSubscriptionsByTopicCommandInput,
  ListSubscriptionsByTopicCommandOutput,
  PublishCommandInput,
  PublishCommandOutput,
} from '@aws-sdk/client-sns';
import { uuidOf } from '../noise.ts';
import { awsError, type Caller, type Reply } from '../sample.ts';

export const sns = { Publish: publish, ListSubscriptionsByTopic: listSubscriptionsByTopic };

/** One team mailbox has confirmed, another one has not. */
function listSubscriptionsByTopic(
  { TopicArn = '' }: ListSubscriptionsByTopicCommandInput,
  { sample }: Caller,
): Reply<ListSubscriptionsByTopicCommandOutput> {
  if (!sample.topics.has(TopicArn)) throw awsError('NotFound', 'Topic does not exist', 404);
  const subscription = { TopicArn, Protocol: 'email', Owner: TopicArn.split(':')[4] };
  return {
    Subscriptions: [
      {
        ...subscription,
        Endpoint: 'ml-platform@example.com',
        SubscriptionArn: `${TopicArn}:${uuidOf('mailbox')}`,
      },
      { ...subscription, Endpoint: 'finance@example.com', SubscriptionArn: 'PendingConfirmation' },
    ],
  };
}

/** What a subscription by mail gets. */
function mailOf(structure: string): string {
  const { email, default: usual } = JSON.parse(structure) as { email?: string; default?: string };
  if (usual === undefined)
    throw awsError('InvalidParameter', 'Invalid parameter: Message Structure - No default entry');
  return email ?? usual;
}

function publish(
  { TopicArn = '', Subject, Message = '', MessageStructure }: PublishCommandInput,
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
    message: MessageStructure === 'json' ? mailOf(Message) : Message,
    ...(Subject !== undefined && { subject: Subject }),
  });
  return { MessageId: uuidOf(`${TopicArn}/${sample.published.length}`) };
}
