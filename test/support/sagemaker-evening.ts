import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import {
  AddTagsCommand,
  CreateEndpointCommand,
  DeleteEndpointCommand,
  DeleteTagsCommand,
  DescribeAppCommand,
  DescribeEndpointCommand,
  DescribeNotebookInstanceCommand,
  ListTagsCommand,
  SageMakerClient,
  StartNotebookInstanceCommand,
  StopNotebookInstanceCommand,
} from '@aws-sdk/client-sagemaker';
import type { WorldDocument } from '../../cli/sample/world.ts';
import { createClient } from '../../shared/aws/client.ts';
import { clientFor } from '../../shared/watch/client-for.ts';
import { type machine, officeHours, openEvening, target } from './evening.ts';

type Things = NonNullable<WorldDocument['sageMaker']>[string][string];
type NotebookDocument = NonNullable<Things['notebooks']>[number];
type AppDocument = NonNullable<Things['apps']>[number];
type EndpointDocument = NonNullable<Things['endpoints']>[number];

/** The office opens in Berlin. */
export const morning = '2026-11-17T07:05:00Z';

const starting = { owner: 'mei', 'auto-stop': `${officeHours}; start` };

/** A notebook instance with an agent, silent since it was started. */
export const notebook = (given: Partial<NotebookDocument> = {}): NotebookDocument => ({
  name: 'labels',
  type: 'ml.m6i.xlarge',
  started: '2026-11-16T07:00:00Z',
  agent: true,
  cpu: 0.8,
  ...given,
  tags: { ...starting, ...given.tags },
});

export const domain = 'd-7h2kq9xw4m1c';

/** The JupyterLab of a space, which nobody has touched since the afternoon. */
export const app = (given: Partial<AppDocument> = {}): AppDocument => ({
  space: 'desk',
  type: 'ml.m6i.xlarge',
  domain,
  started: '2026-11-16T07:00:00Z',
  lastActive: '2026-11-16T16:00:00Z',
  ...given,
  tags: { ...starting, ...given.tags },
});

export const appId = `${domain}/space/desk/JupyterLab/default`;

/** A dev endpoint that nobody calls. */
export const endpoint = (given: Partial<EndpointDocument> = {}): EndpointDocument => ({
  name: 'captions',
  created: '2026-11-02T08:00:00Z',
  type: 'ml.m6i.xlarge',
  cpu: 1,
  ...given,
  tags: { owner: 'mei', environment: 'dev', 'auto-stop': `${officeHours}; start; delete`, ...given.tags },
});

const arnOf = (resource: string): string =>
  `arn:aws:sagemaker:${target.region}:${target.account}:${resource}`;

export const arns = {
  notebook: arnOf('notebook-instance/labels'),
  app: arnOf(`app/${domain}/desk/JupyterLab/default`),
  endpoint: arnOf('endpoint/captions'),
};

/** An evening of SageMaker, with a hand on each of its calls. */
export async function openSageMakerEvening(
  things: Things,
  settings: object = {},
  machines: ReturnType<typeof machine>[] = [],
) {
  const world = await openEvening(machines, settings, {
    sageMaker: { 'ml-dev': { 'eu-west-1': things } },
    sageMakerTypes: { 'ml.m6i.xlarge': { 'eu-west-1': 0.27 }, 'ml.m6id.xlarge': { 'eu-west-1': 0.33 } },
  });
  world.watchClient(clientFor(SageMakerClient, target));
  world.watchClient(clientFor(ApplicationAutoScalingClient, target));
  const client = createClient(SageMakerClient);
  const unlessGone = <Answer>(asked: Promise<Answer>) =>
    asked.catch((error: Error) => {
      if (/could not find|does not exist/i.test(error.message)) return undefined;
      throw error;
    });
  const named = { NotebookInstanceName: 'labels' };
  return {
    ...world,
    tagOne: (ResourceArn: string, Key: string, Value: string) =>
      client.send(new AddTagsCommand({ ResourceArn, Tags: [{ Key, Value }] })),
    untagOne: (ResourceArn: string, key: string) =>
      client.send(new DeleteTagsCommand({ ResourceArn, TagKeys: [key] })),
    tagsOf: async (ResourceArn: string) =>
      Object.fromEntries(
        ((await client.send(new ListTagsCommand({ ResourceArn }))).Tags ?? []).map(({ Key, Value }) => [
          Key,
          Value,
        ]),
      ),
    notebookStatus: async () =>
      (await client.send(new DescribeNotebookInstanceCommand(named))).NotebookInstanceStatus,
    startNotebook: () => client.send(new StartNotebookInstanceCommand(named)),
    stopNotebook: () => client.send(new StopNotebookInstanceCommand(named)),
    appStatus: async () => {
      const command = new DescribeAppCommand({
        DomainId: domain,
        SpaceName: 'desk',
        AppType: 'JupyterLab',
        AppName: 'default',
      });
      return (await unlessGone(client.send(command)))?.Status;
    },
    endpointStatus: async () =>
      (await unlessGone(client.send(new DescribeEndpointCommand({ EndpointName: 'captions' }))))
        ?.EndpointStatus,
    deleteEndpoint: () => client.send(new DeleteEndpointCommand({ EndpointName: 'captions' })),
    createEndpoint: (tags: Record<string, string> = {}) =>
      client.send(
        new CreateEndpointCommand({
          EndpointName: 'captions',
          EndpointConfigName: 'captions-config',
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      ),
  };
}

export type SageMakerEvening = Awaited<ReturnType<typeof openSageMakerEvening>>;
