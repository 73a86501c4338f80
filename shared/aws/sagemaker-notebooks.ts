import { ListNotebookInstancesCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';
import { z } from 'zod';
import type { Notebook } from '../compute/sagemaker/notebook.ts';
import { toTime } from '../period.ts';

const listed = z.object({
  NotebookInstances: z
    .array(
      z.object({
        NotebookInstanceName: z.string(),
        NotebookInstanceArn: z.string(),
        InstanceType: z.string(),
        LastModifiedTime: z.date(),
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

/**
 * The notebook instances that are in service, all pages. SageMaker doesn't tell when one was started: what changed last
 * is taken for it, which each start is, and little else that is possible while it runs.
 */
export async function getNotebooks(client: SageMakerClient): Promise<Notebook[]> {
  const notebooks: Notebook[] = [];
  let NextToken: string | undefined;
  do {
    const command = new ListNotebookInstancesCommand({
      StatusEquals: 'InService',
      MaxResults: 100,
      NextToken,
    });
    const page = listed.parse(await client.send(command));
    notebooks.push(
      ...page.NotebookInstances.map((notebook) => ({
        name: notebook.NotebookInstanceName,
        arn: notebook.NotebookInstanceArn,
        instanceType: notebook.InstanceType,
        startedAt: toTime(notebook.LastModifiedTime.getTime()),
      })),
    );
    NextToken = page.NextToken;
  } while (NextToken);
  return notebooks;
}
