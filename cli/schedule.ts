import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import { formatDuration } from '../shared/compute/duration.ts';
import { type Config, parseConfig } from '../shared/config.ts';
import { addMilliseconds, type IsoTime, toTime } from '../shared/period.ts';
import { asTag } from '../shared/schedule/as-tag.ts';
import { type Explanation, explainSchedule, parseTagThrough } from '../shared/schedule/explain.ts';
import { instanceSchedulerNotes } from '../shared/schedule/instance-scheduler.ts';
import { type Schedule, scheduleText } from '../shared/schedule/schedule.ts';
import { type Grammar, grammars } from '../shared/schedule/schedule-tag.ts';
import { readConfigFile } from './config-file.ts';
import { InputError } from './input-error.ts';
import { type CommonOptions, printJson, toIsoTime } from './options.ts';
import { strip } from './schedule-strip.ts';
import { type Cell, paint, print, printable, printError, table } from './terminal.ts';

type ExplainOptions = CommonOptions & { from?: string; to?: string; stdin?: boolean; grammar: Grammar };

const weekMs = 7 * 86_400_000;
const longestStripMs = 5 * weekMs;

/**
 * `schedule explain`: what a tag's value means between two points in time, from now on for a week unless they are
 * given. Sets exit code 2 where it is invalid.
 */
export async function explainCommand(value: string | undefined, options: ExplainOptions): Promise<void> {
  const config = withGrammar(await readConfigFile(options.config), options.grammar);
  if (options.stdin) return explainLines(config, options.grammar);
  if (value === undefined) throw new InputError('schedule explain: expected a tag value (or --stdin)');
  const from = options.from ?? options.now ?? toTime(Date.now());
  const to = options.to ?? addMilliseconds(from, weekMs);
  checkOrder(from, to);
  const explained = explainSchedule(value, from, to, config, options.grammar);
  if (!explained.valid) process.exitCode = 2;
  if (options.format === 'json') return printJson(explained);
  if (!explained.valid) return void printError(`"${value}": ${explained.error}`);
  const parsed = parseTagThrough(value, to, config, options.grammar);
  print(`${paint('bold', `"${printable(value)}"`)} from ${from} to ${to} (UTC)\n`);
  if (parsed.kind !== 'schedule') return print('  never touched: it may run all the time');
  // A week from any hour on touches eight days, of which the last is the first again.
  const shown = options.to === undefined ? addMilliseconds(to, -weekMs / 7) : to;
  if (Date.parse(shown) - Date.parse(from) <= longestStripMs) {
    print(`${strip(parsed.schedule, from, shown)}\n`);
  }
  print(`${meaning(parsed.schedule, options.grammar, config)}\n`);
  if (options.from !== undefined || options.to !== undefined) print(transitionsText(explained));
}

/** Custodian's defaults will do for a look at one of its values; Instance Scheduler's are names of its own table. */
function withGrammar(config: Config, grammar: Grammar): Config {
  if (grammar !== 'custodian' || config.compatibility.custodian) return config;
  const { compatibility } = parseConfig({ compatibility: { custodian: {} } });
  return { ...config, compatibility: { ...config.compatibility, custodian: compatibility.custodian } };
}

/** What is done with it, and for another scheduler's value how ours would say the same, and what it asks for in vain. */
function meaning(schedule: Schedule, grammar: Grammar, { compatibility }: Config): string {
  const { name } = schedule;
  const ours = grammar === 'watchdog' ? undefined : asTag(schedule);
  const definition = compatibility.instanceScheduler?.definitions?.schedules[name ?? ''];
  const notes =
    grammar === 'instance-scheduler' && definition ? instanceSchedulerNotes(name ?? '', definition) : [];
  return [
    `  ${printable(scheduleText(schedule))}`,
    `  ${outsideText(schedule)}`,
    ...(ours === undefined ? [] : [`  as a tag of ours: ${paint('bold', ours)}`]),
    ...notes.map((note) => `  ${paint('yellow', 'not carried out')}: ${printable(note)}`),
  ].join('\n');
}

/** What its options make of the end and the beginning of its hours. */
function outsideText({
  always,
  start,
  hibernate,
  allowsDelete,
  graceMinutes,
  idleMinutes,
}: Schedule): string {
  const idle = idleMinutes === undefined ? 'when idle' : `when idle for ${spanOf(idleMinutes)}`;
  const grace = graceMinutes === undefined ? '' : `, ${spanOf(graceMinutes)} after the warning`;
  const deleted = allowsDelete ? ' (deleted, where nothing else stops it)' : '';
  return `outside its hours it is ${hibernate ? 'hibernated' : 'stopped'}${deleted} ${always ? 'even when busy' : idle}${grace}; ${
    start ? 'started' : 'not started'
  } when they begin`;
}

const spanOf = (minutes: number): string => formatDuration(minutes * 60_000);

function transitionsText({ initial, transitions }: Extract<Explanation, { valid: true }>): string {
  const first = initial === 'up' ? 'may run' : 'off hours';
  if (transitions.length === 0) return `  ${first} all the time`;
  const rows = transitions.map(({ at, state }): Cell[] => [
    at,
    state === 'up' ? { text: 'may run', style: 'green' } : { text: 'off hours', style: 'yellow' },
  ]);
  return `  ${first} at first, then\n\n${table(['at', 'state'], rows)}`;
}

/** A span that ends before it starts is a slip, not an empty answer. */
function checkOrder(from: IsoTime, to: IsoTime): void {
  if (to < from) throw new InputError(`from ${from} to ${to}: the end comes before the start`);
}

const time = z.string().transform((text, { addIssue }) => {
  try {
    return toIsoTime(text);
  } catch (error) {
    addIssue((error as Error).message);
    return z.NEVER;
  }
});

const question = z.object({
  value: z.string(),
  from: time,
  to: time,
  grammar: z.enum(grammars).optional(),
});

/** One JSON object a line in, one out, in the same order. */
async function explainLines(config: Config, byDefault: Grammar): Promise<void> {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    number += 1;
    if (line.trim() === '') continue;
    const { value, from, to, grammar = byDefault } = readQuestion(line, number);
    const explained = explainSchedule(value, from, to, withGrammar(config, grammar), grammar);
    if (!explained.valid) process.exitCode = 2;
    console.log(JSON.stringify(explained));
  }
}

function readQuestion(line: string, number: number): z.infer<typeof question> {
  try {
    const asked = question.parse(JSON.parse(line));
    checkOrder(asked.from, asked.to);
    return asked;
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? faultsOf(cause) : (cause as Error).message;
    throw new InputError(`standard input, line ${number}: ${reason}`, { cause });
  }
}

/** `from: expected an ISO 8601 date; to: Invalid input`, on one line. */
const faultsOf = ({ issues }: z.ZodError): string =>
  issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ');
