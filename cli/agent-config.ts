/** The agent's own placeholder: it asks EC2 where it runs. */
const fromEc2 = (name: string): string => `\${aws:${name}}`;

/**
 * What the CloudWatch agent on an instance needs to be told so that its GPUs report: which, to whom they belong, and
 * once a minute. CloudWatch user guide, Collect NVIDIA GPU metrics.
 */
export const agentConfig = {
  metrics: {
    append_dimensions: {
      InstanceId: fromEc2('InstanceId'),
      InstanceType: fromEc2('InstanceType'),
      ImageId: fromEc2('ImageId'),
    },
    metrics_collected: {
      nvidia_gpu: {
        measurement: ['utilization_gpu', 'memory_used', 'memory_total', 'power_draw'],
        metrics_collection_interval: 60,
      },
    },
  },
} as const;

/** How devices are made to report, each in full. */
export const agentGuides = {
  gpu: 'amazon-cloudwatch-agent-ctl -a append-config -m ec2 -s -c file:FILE on the instance, whose role needs cloudwatch:PutMetricData. On EKS the CloudWatch Observability add-on, from v1.3.0 on, reports GPUs by itself',
  mig: 'send DCGM_FI_PROF_GR_ENGINE_ACTIVE of the DCGM exporter to CloudWatch, with the dimensions InstanceId and gpu, in a namespace of utilization.namespaces. That shows when they work; what is cut into slices is never called idle',
  neuron:
    'on EKS the CloudWatch Observability add-on, from v1.5.0 on, reports NeuronCores by itself. Elsewhere let the CloudWatch agent scrape neuron-monitor-prometheus.py and send neuroncore_utilization_ratio with the dimensions InstanceId and neuroncore, to a namespace of utilization.namespaces',
} as const;
