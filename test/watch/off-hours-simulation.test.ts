import { expect, it } from 'vitest';
import { simulate } from '../support/simulation/simulation.ts';

const {
  PROPERTY_SEED = '20261122',
  SIMULATION_WEEKS = '2',
  SIMULATION_INSTANCES = '120',
  SIMULATION_EVERY = '15',
  SIMULATION_FROM = '2026-10-19T00:00:00Z',
} = process.env;
const seed = PROPERTY_SEED === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(PROPERTY_SEED);

it('keeps every promise through weeks of people, faults and changing clocks', {
  timeout: 7_200_000,
}, async () => {
  const began = performance.now();
  const { broken, ...figures } = await simulate(
    {
      seed,
      from: SIMULATION_FROM,
      weeks: Number(SIMULATION_WEEKS),
      instances: Number(SIMULATION_INSTANCES),
      every: Number(SIMULATION_EVERY),
    },
    console.info,
  );
  console.info(`seed ${seed}, ${((performance.now() - began) / 1000).toFixed(1)} s`, figures);
  expect(broken).toEqual([]);
});
