/** How large a variant is, or is to be by its configuration; absent is what isn't told, or doesn't apply. */
export type VariantSize = {
  name: string;
  instances?: number | undefined;
  weight?: number | undefined;
  /** Of a serverless one: the executions kept ready. */
  concurrency?: number | undefined;
};

/**
 * How an endpoint differs from what it was made of, e.g. `2 instances of AllTraffic where its configuration says 1`:
 * UpdateEndpointWeightsAndCapacities changes the one and not the other. Undefined where it would come back as it is.
 */
export function changeSince(
  current: readonly VariantSize[],
  configured: readonly VariantSize[],
): string | undefined {
  const byName = new Map(configured.map((variant) => [variant.name, variant]));
  const texts = current.map((variant) => {
    const known = byName.get(variant.name);
    return known ? variantChange(variant, known) : `its configuration has no variant ${variant.name}`;
  });
  return texts.find((text) => text !== undefined);
}

function variantChange(current: VariantSize, configured: VariantSize): string | undefined {
  const differences: [what: string, now: number | undefined, then: number | undefined][] = [
    ['instances', current.instances, configured.instances],
    ['executions kept ready', current.concurrency, configured.concurrency],
    ['weight', current.weight, configured.weight],
  ];
  const found = differences.find(([, now, then]) => !isSame(now, then));
  if (found === undefined) return undefined;
  const [what, now = 'unknown', then = 'nothing'] = found;
  const text = what === 'weight' ? `a weight of ${now}` : `${now} ${what}`;
  return `${text} of ${current.name} where its configuration says ${then}`;
}

/** As float32 the same number may be told with other digits. */
const isSame = (now: number | undefined, then: number | undefined): boolean =>
  now === then || (now !== undefined && then !== undefined && Math.abs(now - then) < 1e-6);
