import { perMetric } from '../shared/aws/meter.ts';
import { instanceName } from '../shared/compute/instance.ts';
import type { Usd } from '../shared/money.ts';
import { type Target, targetName } from '../shared/target.ts';
import { instanceClients } from '../shared/watch/instance-clients.ts';
import {
  isProposal,
  type Proposed,
  type ProposeOptions,
  type ProposeResult,
  proposeSchedules,
} from '../shared/watch/propose.ts';
import { InputError } from './input-error.ts';
import { type AccountOptions, printJson } from './options.ts';
import { openPricedSession } from './priced-session.ts';
import { progress } from './progress.ts';
import { proposalsText, weekText } from './propose-text.ts';
import type { Session } from './session.ts';
import { tagCommand } from './tag-command.ts';
import { print, printable } from './terminal.ts';
import { findNamed } from './utilization-view.ts';
import { weekView } from './week-view.ts';

/** An instance, where it is, and what is proposed for it. */
export type ProposedRow = Proposed & { target: Target };

/** Everything that was looked at: the instances, and what that cost. */
export type Proposals = {
  rows: ProposedRow[];
  gaps: (ProposeResult['gaps'][number] & { target: Target })[];
  metrics: number;
  /** What CloudWatch charges for the metrics. */
  cost: Usd;
  weeks: number;
};

/**
 * `propose`: hours for the schedule tag of each instance, learnt from what it did, and what they would have saved; of one
 * of them, its week. Changes nothing. An `instance` that isn't there, or may be one of several, is an InputError.
 */
export async function proposeCommand(
  instance: string | undefined,
  options: AccountOptions & ProposeOptions,
): Promise<void> {
  const session = await openPricedSession(options);
  try {
    const proposals = await makeProposals(session, options);
    const shown = instance === undefined ? proposals : { ...proposals, rows: [findRow(proposals, instance)] };
    const { schedule: tag } = session.config.tags;
    const [row] = shown.rows;
    if (options.format === 'json') printJson(toJson(shown, tag, instance !== undefined));
    else if (instance !== undefined && row) print(weekText(row, shown, session.config));
    else print(proposalsText(shown, session.config));
  } finally {
    await session.close();
  }
}

/** What is proposed in every target, one after the other. */
export async function makeProposals(
  { targets, config, now, table }: Session,
  { weeks, minSaving }: ProposeOptions,
): Promise<Proposals> {
  const results: ProposeResult[] = [];
  for (const [index, target] of targets.entries()) {
    progress(`propose: ${targetName(target)} (${index + 1} of ${targets.length})`);
    const clients = { ...instanceClients(target), table };
    results.push(await proposeSchedules(clients, target, config, now, { weeks, minSaving }));
  }
  progress();
  const metrics = results.reduce((sum, result) => sum + result.metrics, 0);
  return {
    rows: results.flatMap(({ target, proposed }) => proposed.map((one) => ({ ...one, target }))),
    gaps: results.flatMap(({ target, gaps }) => gaps.map((gap) => ({ ...gap, target }))),
    metrics,
    cost: metrics * perMetric,
    weeks,
  };
}

function findRow({ rows }: Proposals, query: string): ProposedRow {
  const found = findNamed(rows, query, ({ instance }) => ({
    id: instance.instanceId,
    name: instanceName(instance),
  }));
  const [first, ...others] = found;
  if (first === undefined) {
    throw new InputError(`no instance is called "${printable(query)}": "watchdog propose" lists them all`);
  }
  if (others.length > 0) {
    const names = found.map(({ instance, target }) => `${instance.instanceId} in ${targetName(target)}`);
    throw new InputError(`"${printable(query)}" may be any of ${printable(names.join('; '))}`);
  }
  return first;
}

/** What a program reads. Absent is unknown: no price is 0 for that. */
const toJson = ({ rows, gaps, metrics, cost, weeks }: Proposals, tag: string, withWeek: boolean) => ({
  weeks,
  metrics,
  cost,
  proposals: rows.flatMap((row) => {
    const { outcome, instance, lostGb } = row;
    if (!isProposal(outcome)) return [];
    const command = tagCommand(instance, { [tag]: outcome.value });
    return [{ ...toEntry(row), ...outcome, lostGb, command, ...(withWeek && { week: weekView(row) }) }];
  }),
  none: rows.flatMap((row) =>
    isProposal(row.outcome)
      ? []
      : [{ ...toEntry(row), ...row.outcome, ...(withWeek && { week: weekView(row) }) }],
  ),
  gaps: gaps.map(({ target: { account, region }, what, why }) => ({ account, region, what, why })),
});

const toEntry = ({ instance, target, owner, hourlyRate }: ProposedRow) => ({
  account: instance.account,
  accountName: target.accountName,
  region: instance.region,
  instanceId: instance.instanceId,
  name: instanceName(instance),
  type: instance.instanceType,
  owner,
  hourlyRate,
});
