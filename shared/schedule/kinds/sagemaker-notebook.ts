import type { IsoTime } from '../../period.ts';
import type { PowerState, Schedulable } from '../schedulable.ts';

/** A notebook instance, in service or not. */
export type NotebookCandidate = {
  account: string;
  region: string;
  name: string;
  instanceType: string;
  /** SageMaker's own word: `InService`. */
  status: string;
  /** When it changed last: each start and stop does it, and little else that is possible meanwhile. */
  modifiedAt: IsoTime;
  tags: Readonly<Record<string, string>>;
};

/**
 * The notebook instance as a schedule sees it. API reference, StopNotebookInstance: its ML storage volume is preserved,
 * and attached again by StartNotebookInstance. What is outside /home/ec2-user/SageMaker is gone, as with every stop
 * (developer guide: Notebook instance lifecycle).
 */
export function schedulableNotebook(candidate: NotebookCandidate): Schedulable {
  const { account, region, name, instanceType, status, modifiedAt, tags } = candidate;
  return {
    kind: 'sagemaker-notebook',
    account,
    region,
    id: name,
    name,
    type: instanceType,
    tags,
    state: states[status] ?? 'stopped',
    startedAt: status === 'InService' ? modifiedAt : undefined,
    stoppedAt: status === 'Stopped' ? modifiedAt : undefined,
    refusal: status in settled ? undefined : { code: 'not-in-service', reason: `its status is ${status}` },
  };
}

/** What it comes out of by itself, or is in because somebody wanted it so. */
const settled: Readonly<Record<string, PowerState>> = {
  Pending: 'starting',
  InService: 'running',
  Stopping: 'stopping',
  Stopped: 'stopped',
  Deleting: 'gone',
};

/** Of what failed, or is being changed, nobody can say that a stop or start would do what it should. */
const states: Readonly<Record<string, PowerState>> = {
  ...settled,
  PendingMaintenance: 'running',
  InMaintenance: 'running',
  Updating: 'stopped',
  Failed: 'stopped',
};
