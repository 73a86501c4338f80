import type { IsoTime } from '../../period.ts';

/** An instance of a HyperPod cluster. */
export type ClusterNode = {
  account: string;
  region: string;
  clusterName: string;
  clusterArn: string;
  instanceGroup: string;
  instanceId: string;
  /** `ml.p5.48xlarge` */
  instanceType: string;
  /** SageMaker's own word: `Running`. */
  status: string;
  launchTime: IsoTime;
  privateDnsName?: string;
};
