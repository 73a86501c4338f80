import { describe, expect, it } from 'vitest';
import { placesOf, readSampleWorld } from '../../../cli/sample/world.ts';
import { checks } from '../../../shared/compute/check.ts';
import { expectedChecks, storyTime } from './stories.ts';

const now = Date.parse(storyTime);
const { instances, sageMaker, bedrock, types } = readSampleWorld();

describe('the stories of the sample account', () => {
  it('have one for each check', () => {
    const told = new Set<string>(Object.values(expectedChecks));
    expect(checks.filter((check) => !told.has(check))).toEqual([]);
  });

  it('expect something of each accelerator that runs', () => {
    const running = placesOf(instances)
      .flatMap(({ here }) => here)
      .filter(({ type }) => types[type]?.gpu ?? types[type]?.neuron)
      .filter(
        ({ launched, stopped, terminated }) => launched < now && now < (stopped ?? terminated ?? Infinity),
      );
    const nodes = placesOf(sageMaker).flatMap(({ here }) =>
      here.clusters.flatMap((cluster) => cluster.nodes),
    );
    const ids = [...running, ...nodes].map(({ id }) => id);
    expect(ids.filter((id) => !(id in expectedChecks))).toEqual([]);
    const expected = Object.keys(expectedChecks).filter((id) => /^i-/.test(id));
    expect(expected.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('expect something of each endpoint, notebook, running job and model', () => {
    const names = [
      ...placesOf(sageMaker).flatMap(({ here }) => [
        ...here.endpoints,
        ...here.notebooks,
        ...[...here.trainingJobs, ...here.processingJobs, ...here.transformJobs].filter(
          ({ created, ended }) => created <= now && now < ended,
        ),
      ]),
      ...placesOf(bedrock).flatMap(({ here }) => [
        ...here.throughputs,
        ...here.models.map(({ model }) => ({ name: model })),
      ]),
    ].map(({ name }) => name);
    expect(names.filter((name) => !(name in expectedChecks))).toEqual([]);
  });
});
