import { DescribeModelCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';
import { describeEach } from './describe-each.ts';

/** Which of these models are gone; an endpoint works on without them. The error of one that can't be asked for. */
export async function getMissingModels(
  client: SageMakerClient,
  names: readonly string[],
): Promise<Map<string, 'gone' | Error>> {
  const answers = await describeEach(names, (ModelName) =>
    client.send(new DescribeModelCommand({ ModelName })),
  );
  return new Map(
    [...answers].flatMap(([name, answer]) =>
      answer instanceof Error ? [[name, isGone(answer) ? ('gone' as const) : answer]] : [],
    ),
  );
}

/** SageMaker says so in words alone. */
const isGone = ({ name, message }: Error): boolean =>
  name === 'ValidationException' && /could not find model/i.test(message);
