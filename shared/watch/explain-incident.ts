import type { CostExplorerClient } from '@aws-sdk/client-cost-explorer';
import type { Change, Incident } from '../anomaly/incident.ts';
import { type Compared, comparedDays } from '../anomaly/rise.ts';
import {
  type Answered,
  findRootCause,
  nextQuestion,
  pathOfAnswers,
  type Question,
  questionsPerIncident,
} from '../anomaly/root-cause.ts';
import { type Suspect, suspectsOf } from '../anomaly/suspects.ts';
import { type CountRequest, getBreakdown } from '../aws/cost-explorer.ts';
import { errorCode } from '../aws/error.ts';
import type { Config } from '../config.ts';
import { logger } from '../observability.ts';
import { addDays, dateOf, type IsoTime } from '../period.ts';
import { type Scope, scopeKey } from '../spend/scope.ts';
import { others } from '../spend/series.ts';
import { getLaunches } from '../store/launches.ts';
import type { Table } from '../store/table.ts';

type Found = { incident: Incident; change?: Change | undefined };

type Clients = { costExplorer: CostExplorerClient; table: Table };

type Run = {
  config: Config;
  /** The bill's record types that are usage. */
  usageTypes: readonly string[];
  count: CountRequest;
  time: IsoTime;
};

/** Incidents explained in one run, three Cost Explorer requests each: a day's cap has room for them. */
const explainedPerRun = 5;

/**
 * The incidents of a run whose cause was looked for, by id, with what was found: new ones, then those whose cause no
 * run could read so far and those that cost twice what they did when they were explained; the dearest first. One whose
 * cause can't be read is left as it is: late is worse than vague.
 */
export async function explainIncidents(
  clients: Clients,
  incidents: readonly Found[],
  run: Run,
): Promise<Map<string, Incident>> {
  const bill = openBill(clients.costExplorer, run);
  const explained = new Map<string, Incident>();
  for (const incident of toExplain(incidents)) {
    try {
      explained.set(incident.id, await explain(clients.table, incident, bill));
    } catch (error) {
      logger.warn('incident not explained', { scope: incident.scope, error: error as Error });
    }
  }
  return explained;
}

function toExplain(incidents: readonly Found[]): Incident[] {
  const lacking = incidents.filter(({ incident }) => isToExplain(incident));
  const isNew = ({ change }: Found) => change === 'opened';
  const inOrder = [...lacking.filter(isNew), ...lacking.filter((one) => !isNew(one))];
  return inOrder.slice(0, explainedPerRun).map(({ incident }) => incident);
}

/** What was folded together of many small series has no cause of its own, and a part of a leak is told with it. */
function isToExplain({ scope, status, partOf, cause, excessPerDay }: Incident): boolean {
  if (status !== 'open' || partOf !== undefined || Object.values(scope).includes(others)) return false;
  return cause === undefined || excessPerDay >= 2 * cause.excessPerDay;
}

/** Asks the bill about a scope; what two incidents of a run have in common is asked once. */
type Bill = (scope: Scope, compared: Compared) => Promise<readonly Answered[]>;

async function explain(table: Table, incident: Incident, bill: Bill): Promise<Incident> {
  const { scope, excessPerDay } = incident;
  const answers = await bill(scope, comparedDays(incident));
  const place = { ...scope, ...pathOfAnswers(answers) };
  const suspects = await findSuspects(table, place, incident.start);
  return { ...incident, cause: findRootCause(answers, { excessPerDay, suspects }) };
}

/** What was launched where the rise is, from the day before it began. */
async function findSuspects(table: Table, place: Scope, start: Incident['start']): Promise<Suspect[]> {
  const { account, region, usageType } = place;
  if (account === undefined || region === undefined || usageType === undefined) return [];
  const period = { start: addDays(start, -1), end: addDays(start, 2) };
  return suspectsOf(await getLaunches(table, { account, region }, period), usageType, start);
}

function openBill(client: CostExplorerClient, run: Run): Bill {
  const answers = new Map<string, Promise<readonly Answered[]>>();
  const state = { resources: run.config.spend.resources };
  return (scope, compared) => {
    const key = JSON.stringify([scopeKey(scope), compared]);
    const known = answers.get(key) ?? interrogate(client, scope, compared, run, state);
    answers.set(key, known);
    return known;
  };
}

/** Resource-level data goes back so far. */
const resourceDays = 14;

/** Question after question, each about where the last one led. Throws where not even the first is answered. */
async function interrogate(
  client: CostExplorerClient,
  scope: Scope,
  compared: Compared,
  run: Run,
  state: { resources: boolean },
): Promise<readonly Answered[]> {
  const counted = { ...run, count: atMost(questionsPerIncident, run.count) };
  const recent = since(compared, addDays(dateOf(run.time), -resourceDays));
  const hasRecent = recent.before.length > 0 && recent.after.length > 0;
  const answers: Answered[] = [];
  const next = () => nextQuestion(scope, answers, { resources: state.resources && hasRecent });
  for (let question = next(); question !== undefined; question = next()) {
    const days = isOfResources(question) ? recent : compared;
    try {
      answers.push(await answer(client, question, days, counted));
    } catch (error) {
      if (!goesOnWithout(question, error, state)) return inPart(answers, question, error);
    }
  }
  return answers;
}

const isOfResources = ({ dimensions }: Question): boolean => dimensions.includes('resource');

/** Whether the question was of resources in an account that has not opted in: said once a run, and no harm. */
function goesOnWithout(question: Question, error: unknown, state: { resources: boolean }): boolean {
  if (!isOfResources(question) || !notEnabled.has(errorCode(error))) return false;
  state.resources = false;
  logger.warn(
    'resource-level data is not enabled in Cost Explorer: opt in there, or set spend.resources to false',
    { error: error as Error },
  );
  return true;
}

function inPart(answers: readonly Answered[], question: Question, error: unknown): readonly Answered[] {
  if (answers.length === 0) throw error;
  logger.warn('incident explained in part', { question, error: error as Error });
  return answers;
}

/** How Cost Explorer says that nobody has opted in. */
const notEnabled = new Set(['DataUnavailableException', 'AccessDeniedException', 'ValidationException']);

const since = ({ before, after }: Compared, first: string): Compared => ({
  before: before.filter((date) => date >= first),
  after: after.filter((date) => date >= first),
});

async function answer(
  client: CostExplorerClient,
  question: Question,
  compared: Compared,
  { config, usageTypes, count }: Run,
): Promise<Answered> {
  const days = [...compared.before, ...compared.after].toSorted();
  const [start = '', last = start] = [days[0], days.at(-1)];
  const asked = { ...question, usageTypes, tagKeys: tagKeysOf(config) };
  const lines = await getBreakdown(client, asked, { start, end: addDays(last, 1) }, count);
  return { question, breakdown: { dimensions: question.dimensions, lines }, compared };
}

const tagKeysOf = ({ tags }: Config) => ({ team: tags.team[0] ?? 'team', owner: tags.owner[0] ?? 'owner' });

/** Every page is a request: what takes more of them is left unanswered. */
function atMost(most: number, count: CountRequest): CountRequest {
  let made = 0;
  return async () => {
    if (made >= most)
      throw new Error(`An incident is worth ${most} Cost Explorer requests, and they are made`);
    await count();
    made += 1;
  };
}
