import { parseArgs } from 'node:util';
import { Missing, withEmulator } from '../test/emulator/moto.ts';
import { launchEmulated } from './stop/emulated-world.ts';
import { openSampleWorld } from './stop/sample-world.ts';
import { type Run, runWays } from './stop/world.ts';
import { ratio, table, whole } from './utilization/tables.ts';

/**
 * Stops many instances of which a few can't be stopped, in the sample account's process and in an emulator behind a proxy
 * that answers EC2's errors. Beside it, in the same run, the naive ways. Waiting is counted and not done. Ends with 1 where
 * ours stops one too few or one too many, or tells anything else than what is so.
 */
const { values: options } = parseArgs({
  options: {
    instances: { type: 'string', default: '5000' },
    emulated: { type: 'string', default: '1000' },
    shares: { type: 'string', default: '0,0.01,0.05' },
  },
});
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
const shares = options.shares.split(',').map(Number);
const [instances, emulated] = [Number(options.instances), Number(options.emulated)];
if (![instances, emulated].every((count) => Number.isInteger(count) && count > 0)) {
  throw new Error('--instances and --emulated are whole numbers above 0.');
}
if (!shares.every((share) => share >= 0 && share < 1)) throw new Error('--shares are numbers from 0 to 1.');
let faults = 0;

function report(title: string, runs: readonly Run[]): void {
  const [ours] = runs;
  if (!ours) return;
  if (ours.stopped < 1 || ours.wrongStops > 0 || ours.wrongTold > 0) faults += 1;
  console.log(`\n${title}\n`);
  const percent = (part: number) => `${(100 * part).toFixed(part === 1 ? 0 : 1)} %`;
  const times = (value: number, own: number) => (own === 0 || value === 0 ? '' : ratio(value, own));
  const rows = runs.map((run) => [
    run.way,
    percent(run.stopped),
    whole(run.wrongStops),
    whole(run.wrongTold),
    whole(run.stopCalls),
    times(run.stopCalls, ours.stopCalls),
    whole(run.describeCalls),
    run.seconds.toFixed(2),
    times(run.seconds, ours.seconds),
    whole(run.waitedSeconds),
    times(run.waitedSeconds, ours.waitedSeconds),
  ]);
  const head = ['', 'stoppable stopped', 'wrong stops', 'wrongly told', 'StopInstances', 'of ours'];
  console.log(
    table([...head, 'describes', 'seconds here', 'of ours', 'waited for tokens, s', 'of ours'], rows),
  );
}

const titleOf = (count: number, share: number, where: string) =>
  `${whole(count)} due, ${100 * share} % of them bad, ${where}`;

console.log(`Node ${process.version}`);
for (const share of shares) {
  const runs = await runWays(() => openSampleWorld(instances, share));
  report(titleOf(instances, share, 'in process'), runs);
}

const emulatorEnvironment = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  ACCOUNT_ID: '123456789012',
};
try {
  await withEmulator(async (endpoint) => {
    Object.assign(process.env, emulatorEnvironment, { AWS_ENDPOINT_URL: endpoint });
    const open = await launchEmulated(endpoint, emulated);
    for (const share of shares.toSorted((a, b) => a - b)) {
      report(titleOf(emulated, share, 'in the emulator'), await runWays(() => open(share)));
    }
  });
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.log(`\nNothing was run against the emulator: ${error.message}`);
}
if (faults > 0) {
  console.error(`\nIn ${faults} of the runs above ours did not stop just what was to be stopped.`);
  process.exitCode = 1;
}
