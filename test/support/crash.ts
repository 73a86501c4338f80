import type { Pluggable } from '@smithy/types';

/**
 * Kills the work at its n-th step: before or after a call took effect. From there on nothing has an effect any more,
 * as in a process that is gone, until `restart`.
 */
export function crashPoints() {
  let left = Number.POSITIVE_INFINITY;
  const step = (): void => {
    if (left <= 0) throw new Error('killed');
    left -= 1;
  };
  /** One call of the outside world: a step before it, and one after it. */
  const around = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    step();
    const result = await call();
    step();
    return result;
  };
  const plugin: Pluggable<object, object> = {
    applyToStack: (stack) =>
      stack.add((next) => (args) => around(() => next(args)), { step: 'initialize', name: 'crashPoints' }),
  };
  return {
    around,
    watch: (client: { middlewareStack: { use: (plugin: never) => void } }) =>
      client.middlewareStack.use(plugin as never),
    killAt: (steps: number) => {
      left = steps;
    },
    wasKilled: () => left <= 0,
    restart: () => {
      left = Number.POSITIVE_INFINITY;
    },
  };
}
