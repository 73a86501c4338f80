import {
  DescribeNotebookInstanceCommand,
  ListNotebookInstancesCommand,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import type { Notebook } from '../compute/sagemaker/notebook.ts';
import { type IsoTime, toTime } from '../period.ts';
import { describeEach } from './describe-each.ts';

const summary = z.object({
  NotebookInstanceName: z.string(),
  NotebookInstanceArn: z.string(),
  NotebookInstanceStatus: z.string(),
  InstanceType: z.string(),
  LastModifiedTime: z.date(),
});

const listed = z.object({
  NotebookInstances: z.array(summary).default([]),
  NextToken: z.string().optional(),
});

/** A notebook instance in whatever status, and when it changed last. */
export type ListedNotebook = {
  name: string;
  arn: string;
  instanceType: string;
  /** SageMaker's own word: `InService`. */
  status: string;
  modifiedAt: IsoTime;
};

/** Those in which it runs, or will again without anybody's doing. */
const up = new Set(['InService', 'PendingMaintenance', 'InMaintenance']);

/**
 * The notebook instances that are in service, or in maintenance, all pages. SageMaker doesn't tell when one was started:
 * what changed last is taken for it, which each start is, and little else that is possible while it runs.
 */
export const getNotebooks = async (client: SageMakerClient): Promise<Notebook[]> =>
  (await listNotebooks(client)).filter(({ status }) => up.has(status)).map(toNotebook);

export const toNotebook = ({ name, arn, instanceType, status, modifiedAt }: ListedNotebook): Notebook => ({
  name,
  arn,
  instanceType,
  status,
  ...(status === 'InService' && { startedAt: modifiedAt }),
});

/** All notebook instances, stopped ones too, all pages. */
export async function listNotebooks(client: SageMakerClient): Promise<ListedNotebook[]> {
  const notebooks: ListedNotebook[] = [];
  let NextToken: string | undefined;
  do {
    const command = new ListNotebookInstancesCommand({ MaxResults: 100, NextToken });
    const page = listed.parse(await client.send(command));
    notebooks.push(...page.NotebookInstances.map(toListed));
    NextToken = page.NextToken;
  } while (NextToken);
  return notebooks;
}

/** What SageMaker says now of these; who is gone, or can't be described, is missing. */
export async function describeNotebooks(
  client: SageMakerClient,
  names: readonly string[],
): Promise<ListedNotebook[]> {
  const answers = await describeEach(names, async (NotebookInstanceName) =>
    toListed(summary.parse(await client.send(new DescribeNotebookInstanceCommand({ NotebookInstanceName })))),
  );
  return [...answers.values()].flatMap((answer) => (answer instanceof Error ? [] : [answer]));
}

const toListed = (notebook: z.infer<typeof summary>): ListedNotebook => ({
  name: notebook.NotebookInstanceName,
  arn: notebook.NotebookInstanceArn,
  instanceType: notebook.InstanceType,
  status: notebook.NotebookInstanceStatus,
  modifiedAt: toTime(notebook.LastModifiedTime.getTime()),
});
