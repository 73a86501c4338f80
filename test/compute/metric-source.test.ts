import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Accelerators, InstanceTypeFacts } from '../../shared/compute/instance.ts';
import type { DeviceMetrics, Metric } from '../../shared/compute/metric.ts';
import {
  describeMissing,
  deviceMetricNames,
  isDeviceMetric,
  mapDeviceMetrics,
} from '../../shared/compute/metric-source.ts';
import { instance } from '../support/compute.ts';

const gpus = (count: number): Accelerators => ({
  kind: 'gpu',
  name: 'A100',
  count,
  cores: 1,
  memoryMib: 40_960,
});
const trainium: Accelerators = { kind: 'neuron', name: 'Trainium', count: 1, cores: 2, memoryMib: 32_768 };

const type = (instanceType: string, accelerators?: Accelerators): [string, InstanceTypeFacts] => [
  instanceType,
  { instanceType, instanceStoreGb: 0, vcpus: 8, ...(accelerators && { accelerators }) },
];

const facts = new Map([
  type('p4d.24xlarge', gpus(8)),
  type('g5.xlarge', gpus(1)),
  type('trn1.2xlarge', trainium),
  type('m5.xlarge'),
]);

const training = instance({
  instanceId: 'i-train',
  privateDnsName: 'ip-10-0-0-1.eu-west-1.compute.internal',
});
const notebook = instance({
  instanceId: 'i-notebook',
  instanceType: 'g5.xlarge',
  privateDnsName: 'ip-10-0-0-2.eu-west-1.compute.internal',
});
const neuron = instance({ instanceId: 'i-neuron', instanceType: 'trn1.2xlarge' });
const fleet = [training, notebook, neuron];

const metric = (name: string, dimensions: Record<string, string>, namespace = 'CWAgent'): Metric => ({
  namespace,
  name,
  dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
});

const map = (listed: readonly Metric[], instances = fleet) => mapDeviceMetrics(listed, instances, facts);

/** What was found of an instance: the names of each device's metrics. */
const found = (listed: readonly Metric[], instanceId = 'i-train', instances = fleet) =>
  map(listed, instances)
    .devices.get(instanceId)
    ?.map(({ index, utilization, memoryUsed, power }) => [
      index,
      ...[utilization, memoryUsed, power].map((metrics) => metrics.map(({ name }) => name)),
    ]);

describe('the CloudWatch agent', () => {
  const utilization = 'nvidia_smi_utilization_gpu';

  it.each([
    ['with the instance and nothing else', { InstanceId: 'i-train', index: '0' }],
    [
      'with all that it can append',
      { InstanceId: 'i-train', ImageId: 'ami-1', InstanceType: 'p4d', index: '0' },
    ],
    ['with the architecture', { InstanceId: 'i-train', arch: 'Ampere', name: 'A100', index: '0', host: 'h' }],
    ['with a leading zero', { InstanceId: 'i-train', index: '00' }],
    ['without the instance, by its host', { index: '0', host: 'ip-10-0-0-1' }],
    ['by the whole name of its host', { index: '0', host: 'ip-10-0-0-1.eu-west-1.compute.internal' }],
    ['by its host in capitals, as Windows writes it', { index: '0', host: 'IP-10-0-0-1' }],
  ])('is known %s', (_, dimensions) => {
    expect(found([metric(utilization, dimensions)])).toEqual([['0', [utilization], [], []]]);
  });

  it('is known in any namespace, and by the names it uses on Windows', () => {
    const listed = ['utilization_gpu', 'memory_used', 'power_draw'].map((name) =>
      metric(`nvidia_smi ${name}`, { InstanceId: 'i-train', index: '3' }, 'Research/GPU'),
    );
    expect(found(listed)).toEqual([
      ['3', ['nvidia_smi utilization_gpu'], ['nvidia_smi memory_used'], ['nvidia_smi power_draw']],
    ]);
  });

  it.each([
    ['its sum over all GPUs, even of an only one', { InstanceId: 'i-notebook' }],
    ['an index that is no number', { InstanceId: 'i-notebook', index: 'all' }],
    ['an empty index', { InstanceId: 'i-notebook', index: ' ' }],
    ['no dimension at all', {}],
    ['an index alone', { index: '0' }],
    ['another instance', { InstanceId: 'i-other', index: '0' }],
    ['another instance on a host that is known', { InstanceId: 'i-other', index: '0', host: 'ip-10-0-0-2' }],
    ['an instance of Neuron devices', { InstanceId: 'i-neuron', index: '0' }],
  ])('tells of no device with %s', (_, dimensions) => {
    expect(map([metric(utilization, dimensions)])).toEqual({ devices: new Map(), unmapped: [] });
  });

  it('counts its GPUs in the order of their numbers', () => {
    const listed = ['10', '2', '0'].map((index) => metric(utilization, { InstanceId: 'i-train', index }));
    expect(found(listed)?.map(([index]) => index)).toEqual(['0', '2', '10']);
  });

  it('leaves out how often memory was read', () => {
    const listed = [metric('nvidia_smi_utilization_memory', { InstanceId: 'i-train', index: '0' })];
    expect(found(listed)).toBeUndefined();
  });

  it('is believed about a type that EC2 does not describe', () => {
    const novel = instance({ instanceId: 'i-novel', instanceType: 'p9.large' });
    const listed = [metric(utilization, { InstanceId: 'i-novel', index: '0' })];
    expect(found(listed, 'i-novel', [novel])).toHaveLength(1);
  });
});

describe('a host', () => {
  const at = (host: string, namespace = 'CWAgent') =>
    metric('nvidia_smi_utilization_gpu', { index: '0', host }, namespace);

  it('that two instances are called is nobody, and is said once for each namespace', () => {
    const twin = instance({ instanceId: 'i-twin', privateDnsName: 'ip-10-0-0-1.eu-west-1.compute.internal' });
    const listed = [at('ip-10-0-0-1'), at('ip-10-0-0-1'), at('ip-10-0-0-1', 'Research')];
    const why = '2 instances have this name';
    expect(map(listed, [training, twin])).toEqual({
      devices: new Map(),
      unmapped: [
        { namespace: 'CWAgent', host: 'ip-10-0-0-1', why },
        { namespace: 'Research', host: 'ip-10-0-0-1', why },
      ],
    });
  });

  it('that is called the same in another domain is told apart by its whole name', () => {
    const twin = instance({ instanceId: 'i-twin', privateDnsName: 'ip-10-0-0-1.lab.internal' });
    const listed = [at('ip-10-0-0-1.lab.internal')];
    expect([...map(listed, [training, twin]).devices.keys()]).toEqual(['i-twin']);
  });

  it('that no instance is called is nobody', () => {
    expect(map([at('workstation')]).unmapped).toEqual([
      { namespace: 'CWAgent', host: 'workstation', why: 'no instance has this name' },
    ]);
  });

  it.each(['Hostname', 'NodeName'])('may be told as %s', (name) => {
    const listed = [metric('DCGM_FI_DEV_GPU_UTIL', { gpu: '0', [name]: 'ip-10-0-0-1' })];
    expect(found(listed)).toHaveLength(1);
  });

  it('that is a container is known by its node', () => {
    const dimensions = { gpu: '0', Hostname: 'dcgm-exporter-x7k2p', NodeName: 'ip-10-0-0-1' };
    expect(found([metric('DCGM_FI_DEV_GPU_UTIL', dimensions)])).toHaveLength(1);
  });
});

describe('Container Insights', () => {
  const node = {
    ClusterName: 'ml',
    NodeName: 'ip-10-0-0-1.eu-west-1.compute.internal',
    InstanceId: 'i-train',
  };

  it('tells of each GPU of a node, its memory in bytes', () => {
    const dimensions = { ...node, InstanceType: 'p4d.24xlarge', GpuDevice: 'nvidia7' };
    const listed = ['utilization', 'memory_used', 'power_draw'].map((name) =>
      metric(`node_gpu_${name}`, dimensions, 'ContainerInsights'),
    );
    const [device] = map(listed).devices.get('i-train') ?? [];
    expect(device).toMatchObject({ index: '7', utilization: [{}], memoryUsed: [{ scale: 1 / 1024 ** 2 }] });
    expect(device?.utilization[0]).not.toHaveProperty('scale');
  });

  it('says nothing of a device where it tells of a cluster, a pod, or a node of several', () => {
    const listed = [
      metric('node_gpu_utilization', { ClusterName: 'ml' }),
      metric('node_gpu_utilization', node),
      metric('pod_gpu_utilization', { ...node, PodName: 'train', GpuDevice: 'nvidia0' }),
    ];
    expect(map(listed)).toEqual({ devices: new Map(), unmapped: [] });
  });

  it('tells of the only device of a node by the node', () => {
    const listed = [metric('node_gpu_utilization', { ...node, InstanceId: 'i-notebook' })];
    expect(found(listed, 'i-notebook')).toEqual([['0', ['node_gpu_utilization'], [], []]]);
  });

  it('asks nothing of the node that its only device tells itself', () => {
    const listed = [
      metric('node_gpu_utilization', { InstanceId: 'i-notebook' }),
      metric('node_gpu_utilization', { InstanceId: 'i-notebook', GpuDevice: 'nvidia0' }),
      metric('node_gpu_memory_used', { InstanceId: 'i-notebook' }),
    ];
    const [device] = map(listed).devices.get('i-notebook') ?? [];
    expect(device?.utilization).toEqual([listed[1]]);
    expect(device?.memoryUsed).toHaveLength(1);
  });
});

describe('Neuron', () => {
  it('counts its cores through all devices', () => {
    const listed = ['core1', 'core0'].flatMap((NeuronCore) =>
      ['node_neuroncore_utilization', 'node_neuroncore_memory_usage_total'].map((name) =>
        metric(name, { InstanceId: 'i-neuron', NeuronDevice: 'device0', NeuronCore }),
      ),
    );
    expect(found(listed, 'i-neuron')).toEqual(
      ['0', '1'].map((core) => [
        core,
        ['node_neuroncore_utilization'],
        ['node_neuroncore_memory_usage_total'],
        [],
      ]),
    );
  });

  it('reads a ratio as percent', () => {
    const listed = [metric('neuroncore_utilization_ratio', { instance_id: 'i-neuron', neuroncore: '0' })];
    expect(map(listed).devices.get('i-neuron')?.[0]?.utilization).toMatchObject([{ scale: 100 }]);
  });

  it('is no GPU', () => {
    const listed = [metric('neuroncore_utilization', { InstanceId: 'i-train', NeuronCore: '0' })];
    expect(found(listed)).toBeUndefined();
  });
});

describe('DCGM', () => {
  it('tells of a GPU that is sliced by its engine, not by the memory of a slice', () => {
    const slice = { InstanceId: 'i-train', gpu: '0', device: 'nvidia0', UUID: 'GPU-5f3a', GPU_I_ID: '7' };
    const listed = ['DCGM_FI_PROF_GR_ENGINE_ACTIVE', 'DCGM_FI_DEV_FB_USED'].map((name) =>
      metric(name, slice),
    );
    const [device] = map(listed).devices.get('i-train') ?? [];
    expect(device).toMatchObject({ index: '0', utilization: [{ scale: 100 }], memoryUsed: [] });
  });

  it('makes one device of a GPU under several names and slices', () => {
    const listed = [
      metric('DCGM_FI_DEV_GPU_UTIL', { InstanceId: 'i-train', gpu: '1' }),
      metric('DCGM_FI_PROF_GR_ENGINE_ACTIVE', { InstanceId: 'i-train', device: 'nvidia1', GPU_I_ID: '1' }),
      metric('DCGM_FI_PROF_GR_ENGINE_ACTIVE', { InstanceId: 'i-train', device: 'nvidia1', GPU_I_ID: '2' }),
      metric('DCGM_FI_DEV_FB_USED', { InstanceId: 'i-train', gpu: '1', GPU_I_ID: '' }),
    ];
    const [device, ...others] = map(listed).devices.get('i-train') ?? [];
    expect(others).toEqual([]);
    expect([device?.utilization.length, device?.memoryUsed.length]).toEqual([3, 1]);
  });

  it('tells GPUs apart by what names them where nothing numbers them, and never counts one twice', () => {
    const named = ['GPU-a', 'GPU-b'].map((UUID) =>
      metric('DCGM_FI_DEV_GPU_UTIL', { InstanceId: 'i-train', UUID }),
    );
    const numbered = metric('nvidia_smi_utilization_gpu', { InstanceId: 'i-train', index: '0' });
    expect(found(named)?.map(([index]) => index)).toEqual(['GPU-a', 'GPU-b']);
    expect(found([...named, numbered])?.map(([index]) => index)).toEqual(['0']);
  });
});

describe('gpumon', () => {
  it.each(['0', 'GPU0', 'gpu 0', 'gpu-0'])('numbers a GPU as "%s"', (GPUNumber) => {
    const listed = ['GPU Usage', 'Memory Usage', 'Power Usage (Watts)'].map((name) =>
      metric(
        name,
        { InstanceId: 'i-train', ImageId: 'ami-1', InstanceType: 'p4d', GPUNumber },
        'GPUMonitoring',
      ),
    );
    expect(found(listed)).toEqual([['0', ['GPU Usage'], [], ['Power Usage (Watts)']]]);
  });
});

describe('all agents together', () => {
  it('make one device of what two of them report, each series once', () => {
    const listed = [
      metric('nvidia_smi_utilization_gpu', { InstanceId: 'i-train', index: '0', host: 'ip-10-0-0-1' }),
      metric('nvidia_smi_utilization_gpu', { host: 'ip-10-0-0-1', index: '0', InstanceId: 'i-train' }),
      metric('nvidia_smi_utilization_gpu', { index: '0', host: 'ip-10-0-0-1' }),
      metric('DCGM_FI_DEV_GPU_UTIL', { gpu: '0', Hostname: 'ip-10-0-0-1' }),
    ];
    expect(found(listed)?.map(([index, utilization]) => [index, utilization?.length])).toEqual([['0', 3]]);
  });

  const value = (...values: string[]) => fc.constantFrom(...values);
  const anyMetric = fc
    .record({
      namespace: value('CWAgent', 'ContainerInsights'),
      name: value(...deviceMetricNames, 'nvidia_smi_fan_speed', 'constructor'),
      dimensions: fc.record(
        {
          InstanceId: value('i-train', 'i-notebook', 'i-neuron', 'i-other', ''),
          host: value('ip-10-0-0-1', 'ip-10-0-0-2', 'ip-10-0-0-9', ''),
          index: value('0', '1', '07', 'all'),
          gpu: value('0', '1'),
          GpuDevice: value('nvidia0', 'nvidia1'),
          NeuronCore: value('core0', 'core1'),
          GPUNumber: value('GPU0', '1'),
          UUID: value('GPU-a', 'GPU-b'),
          GPU_I_ID: value('', '1'),
        },
        { requiredKeys: [] },
      ),
    })
    .map(({ namespace, name, dimensions }) => metric(name, dimensions, namespace));
  const anyMetrics = fc.array(anyMetric, { maxLength: 40 });

  it('are understood alike in whatever order metrics and dimensions come', () => {
    fc.assert(
      fc.property(anyMetrics, fc.infiniteStream(fc.double({ noNaN: true })), (listed, random) => {
        const shuffled = <Item>(items: readonly Item[]): Item[] =>
          items
            .map((item) => ({ item, place: random.next().value }))
            .toSorted((a, b) => a.place - b.place)
            .map(({ item }) => item);
        const sorted = ({ index, isSliced, ...kinds }: DeviceMetrics) => [
          index,
          isSliced,
          ...Object.values(kinds).map((metrics) =>
            metrics.map(({ dimensions, ...rest }) => ({
              ...rest,
              dimensions: dimensions.toSorted((a, b) => a.name.localeCompare(b.name)),
            })),
          ),
        ];
        const seen = (metrics: readonly Metric[]) => {
          const { devices, unmapped } = map(metrics);
          return { devices: [...devices].map(([id, own]) => [id, own.map(sorted)]), unmapped };
        };
        const other = shuffled(listed).map((each) => ({ ...each, dimensions: shuffled(each.dimensions) }));
        expect(seen(other)).toEqual(seen(listed));
      }),
    );
  });

  it('never give an instance what is not its own, nor the same device twice', () => {
    const host = new Map([
      ['ip-10-0-0-1', 'i-train'],
      ['ip-10-0-0-2', 'i-notebook'],
    ]);
    fc.assert(
      fc.property(anyMetrics, (listed) => {
        for (const [id, devices] of map(listed).devices) {
          const all = devices.flatMap(({ utilization, memoryUsed, power }) => [
            ...utilization,
            ...memoryUsed,
            ...power,
          ]);
          const owners = all.map(({ dimensions }) => {
            const told = new Map(dimensions.map(({ name, value }) => [name, value]));
            return told.get('InstanceId') || host.get(told.get('host') ?? '');
          });
          expect(new Set(owners)).toEqual(new Set([id]));
          expect(new Set(devices.map(({ index }) => index)).size).toBe(devices.length);
          expect(all.every(isDeviceMetric)).toBe(true);
        }
      }),
    );
  });

  it('are understood at once, ten thousand instances of eight GPUs', () => {
    const many = Array.from({ length: 10_000 }, (_, number) =>
      instance({ instanceId: `i-${number}`, privateDnsName: `ip-${number}.eu-west-1.compute.internal` }),
    );
    const listed = many.flatMap(({ instanceId }, number) =>
      Array.from({ length: 8 }, (_, index) =>
        metric('nvidia_smi_utilization_gpu', {
          ...(number % 2 === 0 ? { InstanceId: instanceId } : { host: `ip-${number}` }),
          index: String(index),
        }),
      ),
    );
    const start = performance.now();
    const { devices } = map(listed, many);
    expect(performance.now() - start).toBeLessThan(5000);
    expect([...devices.values()].every((own) => own.length === 8)).toBe(true);
    expect(devices.size).toBe(10_000);
  });

  it('are understood at once where all of it is one device of one instance', () => {
    const listed = Array.from({ length: 10_000 }, (_, pod) =>
      metric('DCGM_FI_DEV_GPU_UTIL', { InstanceId: 'i-train', gpu: '0', pod: `train-${pod}` }),
    );
    expect(found(listed)?.[0]?.[1]).toHaveLength(10_000);
  });
});

describe('what is missing', () => {
  const one = metric('any', {});
  const device = (given: Partial<DeviceMetrics> = {}): DeviceMetrics => ({
    index: '0',
    utilization: [one],
    memoryUsed: [one],
    power: [],
    ...given,
  });
  const eight = Array.from({ length: 8 }, () => device());

  it.each([
    [[], 'no GPU reports anything'],
    [
      eight.map((each) => ({ ...each, utilization: [] })),
      'no GPU reports its utilisation, as with MIG devices',
    ],
    [eight.slice(1), 'only 7 of 8 GPUs report their utilisation'],
    [eight.map((each) => ({ ...each, memoryUsed: [] })), 'no GPU reports its memory'],
    [eight.with(3, device({ memoryUsed: [] })), 'only 7 of 8 GPUs report their memory'],
    [eight, undefined],
  ])('of %# is said in a sentence', (devices, said) => {
    expect(describeMissing(gpus(8), devices)).toBe(said);
  });

  it('is counted by core where devices have several', () => {
    expect(describeMissing(trainium, [device()])).toBe('only 1 of 2 NeuronCores report their utilisation');
  });
});
