import { ListProvisionedModelThroughputsCommand } from '@aws-sdk/client-bedrock';
import { GetResourcesCommand } from '@aws-sdk/client-resource-groups-tagging-api';
import { ListEndpointsCommand } from '@aws-sdk/client-sagemaker';
import { type Target, targetName } from '../shared/target.ts';
import { type TargetClients, targetClients } from '../shared/watch/target-clients.ts';
import { type Finding, ok, warn } from './doctor-finding.ts';
import type { Session } from './session.ts';

const check = 'services';

/** One call for each service beside EC2 and CloudWatch, the cheapest that it has, and what goes unseen without it. */
const trials: readonly {
  service: string;
  call: (clients: TargetClients) => Promise<unknown>;
  lost: string;
}[] = [
  {
    service: 'SageMaker',
    call: ({ sageMaker }) => sageMaker.send(new ListEndpointsCommand({ MaxResults: 1 })),
    lost: 'endpoints, notebooks, Studio apps, jobs and HyperPod nodes are not watched',
  },
  {
    service: 'Bedrock',
    call: ({ bedrock }) => bedrock.send(new ListProvisionedModelThroughputsCommand({ maxResults: 1 })),
    lost: 'provisioned throughput is not watched',
  },
  {
    service: 'tags',
    call: ({ tagging }) => tagging.send(new GetResourcesCommand({ ResourcesPerPage: 1 })),
    lost: 'nobody knows whose the resources of SageMaker and Bedrock are',
  },
];

/** Whether each target lets itself be read where it is no instance. All calls are free of charge. */
export async function checkServices({ targets }: Session): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const target of targets) findings.push(...(await checkTarget(target)));
  return findings;
}

async function checkTarget(target: Target): Promise<Finding[]> {
  const clients = targetClients(target);
  const outcomes = await Promise.all(
    trials.map(async ({ service, call, lost }) => {
      const error = await call(clients).then(
        () => undefined,
        (reason: Error) => reason,
      );
      return { service, lost, error };
    }),
  );
  const able = outcomes.filter(({ error }) => error === undefined).map(({ service }) => service);
  return [
    ...(able.length > 0 ? [ok(check, `${targetName(target)}: ${able.join(', ')} can be read`)] : []),
    ...outcomes.flatMap(({ service, lost, error }) =>
      error === undefined ? [] : [toWarning(`${targetName(target)}: ${service}`, lost, error)],
    ),
  ];
}

function toWarning(what: string, lost: string, { message }: Error): Finding {
  const [, missing] = /^No permission for ([\w-]+:\w+)/.exec(message) ?? [];
  const mend = missing === undefined ? 'see what it says' : `allow ${missing} (docs/permissions.md)`;
  return {
    ...warn(check, `${what}: ${message}`, `${mend}; until then ${lost}`),
    ...(missing !== undefined && { missing }),
  };
}
