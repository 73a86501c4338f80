import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import { explainSchedule } from '../shared/schedule/explain.ts';
import { readConfigFile } from './config-file.ts';
import { InputError } from './input-error.ts';
import { type CommonOptions, printJson, toIsoTime } from './options.ts';
import { paint, table } from './terminal.ts';

type ExplainOptions = CommonOptions & { from?: string; to?: string; stdin?: boolean };

/** `schedule explain`: what a tag's value means between two points in time. Sets exit code 2 where it is invalid. */
export async function explainCommand(value: string | undefined, options: ExplainOptions): Promise<void> {
  const config = await readConfigFile(options.config);
  if (options.stdin) return explainLines(config);
  const { from, to } = options;
  if (value === undefined || from === undefined || to === undefined) {
    throw new InputError('schedule explain: expected a tag value, --from and --to (or --stdin)');
  }
  const explained = explainSchedule(value, from, to, config);
  if (!explained.valid) process.exitCode = 2;
  if (options.format === 'json') return printJson(explained);
  if (!explained.valid) return void console.error(`"${value}": ${explained.error}`);
  console.log(`${paint('bold', value)} from ${from} to ${to} (UTC)\n`);
  console.log(`  ${explained.initial === 'up' ? 'may run' : 'off hours'} at first, then\n`);
  console.log(
    table(
      ['at', 'state'],
      explained.transitions.map(({ at, state }) => [
        at,
        state === 'up' ? { text: 'may run', style: 'green' } : { text: 'off hours', style: 'yellow' },
      ]),
    ),
  );
}

const question = z.object({ value: z.string(), from: z.string(), to: z.string() });

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
    const { value, from, to } = question.parse(JSON.parse(line));
    return { value, from: toIsoTime(from), to: toIsoTime(to) };
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll('\n', ' ') : (cause as Error).message;
    throw new InputError(`standard input, line ${number}: ${reason}`, { cause });
  }
}
