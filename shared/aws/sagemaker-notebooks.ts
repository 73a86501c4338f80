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
        NotebookInstanceStatus: z.string(),
        InstanceType: z.string(),
        LastModifiedTime: z.date(),
      }),
    )
    .default([]),
  NextToken: z.string().optional(),
});

/** Those in which it runs, or will again without anybody's doing. */
const up = new Set(['InService', 'PendingMaintenance', 'InMaintenance']);

/**
 * The notebook instances that are in service, or in maintenance, all pages. SageMaker doesn't tell when one was started:
 * what changed last is taken for it, which each start is, and little else that is possible while it runs.
 */
export async function getNotebooks(client: SageMakerClient): Promise<Notebook[]> {
  const notebooks: Notebook[] = [];
  let NextToken: string | undefined;
  do {
    const command = new ListNotebookInstancesCommand({ MaxResults: 100, NextToken });
    const page = listed.parse(await client.send(command));
    notebooks.push(
      ...page.NotebookInstances.filter(({ NotebookInstanceStatus }) => up.has(NotebookInstanceStatus)).map(
        toNotebook,
      ),
    );
    NextToken = page.NextToken;
  } while (NextToken);
  return notebooks;
}

type Listed = z.infer<typeof listed>['NotebookInstances'][number];

const toNotebook = (notebook: Listed): Notebook => ({
  name: notebook.NotebookInstanceName,
  arn: notebook.NotebookInstanceArn,
  instanceType: notebook.InstanceType,
  status: notebook.NotebookInstanceStatus,
  ...(notebook.NotebookInstanceStatus === 'InService' && {
    startedAt: toTime(notebook.LastModifiedTime.getTime()),
  }),
});
