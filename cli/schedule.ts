import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import type { IsoTime } from '../shared/period.ts';
import { type Explanation, explainSchedule } from '../shared/schedule/explain.ts';
import { readConfigFile } from './config-file.ts';
import { InputError } from './input-error.ts';
import { type CommonOptions, printJson, toIsoTime } from './options.ts';
import { type Cell, paint, print, printable, printError, table } from './terminal.ts';

type ExplainOptions = CommonOptions & { from?: string; to?: string; stdin?: boolean };

/** `schedule explain`: what a tag's value means between two points in time. Sets exit code 2 where it is invalid. */
export async function explainCommand(value: string | undefined, options: ExplainOptions): Promise<void> {
  const config = await readConfigFile(options.config);
  if (options.stdin) return explainLines(config);
  const { from, to } = options;
  if (value === undefined || from === undefined || to === undefined) {
    throw new InputError('schedule explain: expected a tag value, --from and --to (or --stdin)');
  }
  checkOrder(from, to);
  const explained = explainSchedule(value, from, to, config);
  if (!explained.valid) process.exitCode = 2;
  if (options.format === 'json') return printJson(explained);
  if (!explained.valid) return void printError(`"${value}": ${explained.error}`);
  print(`${paint('bold', printable(value))} from ${from} to ${to} (UTC)\n`);
  print(transitionsText(explained));
}

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

const question = z.object({ value: z.string(), from: time, to: time });

/** One JSON object a line in, one out, in the same order. */
async function explainLines(context: Parameters<typeof explainSchedule>[3]): Promise<void> {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    number += 1;
    if (line.trim() === '') continue;
    const { value, from, to } = readQuestion(line, number);
    const explained = explainSchedule(value, from, to, context);
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
