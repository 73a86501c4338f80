import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { detectorLength, restoreDetector } from '../../shared/anomaly/detector-state.ts';
import { newFollower } from '../../shared/anomaly/follow.ts';
import type { LabelledSeries } from './labelled.ts';
import { catchUp, morningsOf, stream } from './stream.ts';

const bytesOfState = detectorLength * Float32Array.BYTES_PER_ELEMENT;
/** States in memory at a time, 20 MB of them. */
const batch = 5000;

export type StoredRun = {
  seconds: number;
  /** Of them for reading and writing the states. */
  secondsOfDisk: number;
  bytesOfState: number;
  /** Of the whole process so far. */
  megabytes: number;
  /** Series in which something costs too much. */
  high: number;
};

/**
 * One run over so many series that takes each up where the last run left it: its state is read from a file, a few days
 * are judged, and the state is written back. The file holds the states of the given series over and over.
 */
export function runOverStored(series: readonly LabelledSeries[], count: number, days: number): StoredRun {
  const folder = mkdtempSync(join(tmpdir(), 'states-'));
  try {
    const all = series.map(morningsOf);
    const file = join(folder, 'states');
    writeStates(
      file,
      all.map((mornings) => stream(mornings.slice(0, -days)).state),
      count,
    );
    return judgeStored(
      file,
      all.map((mornings) => mornings.slice(-days)),
      count,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeStates(path: string, states: readonly Float32Array[], count: number): void {
  const file = openSync(path, 'w');
  for (let index = 0; index < count; index++) {
    const state = states[index % states.length];
    if (state !== undefined) writeSync(file, state);
  }
  closeSync(file);
}

function judgeStored(
  path: string,
  missed: readonly ReturnType<typeof morningsOf>[],
  count: number,
): StoredRun {
  const numbers = new Float32Array(batch * detectorLength);
  const start = performance.now();
  const file = openSync(path, 'r+');
  let [high, disk] = [0, 0];
  const timed = (work: () => unknown) => {
    const before = performance.now();
    work();
    disk += performance.now() - before;
  };
  for (let first = 0; first < count; first += batch) {
    const length = Math.min(batch, count - first);
    const bytes = new Uint8Array(numbers.buffer, 0, length * bytesOfState);
    timed(() => readSync(file, bytes, 0, bytes.length, first * bytesOfState));
    for (let index = 0; index < length; index++) {
      const state = restoreDetector(numbers.subarray(index * detectorLength, (index + 1) * detectorLength));
      if (state === undefined) throw new Error('A state of another version');
      if (catchUp(newFollower(state), missed[(first + index) % missed.length] ?? [])) high += 1;
    }
    timed(() => writeSync(file, bytes, 0, bytes.length, first * bytesOfState));
  }
  closeSync(file);
  const megabytes = process.resourceUsage().maxRSS / 1024;
  const seconds = (performance.now() - start) / 1000;
  return { seconds, secondsOfDisk: disk / 1000, bytesOfState, megabytes, high };
}
