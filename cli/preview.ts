import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Alert, alertSchema } from '../shared/alert/alert.ts';
import { chartSvg } from '../shared/alert/chart.ts';
import { toEmail } from '../shared/alert/email.ts';
import { toSlackMessage } from '../shared/alert/slack.ts';
import { toPng } from '../shared/outlet/png.ts';
import { InputError } from './input-error.ts';
import { type CommonOptions, printJson } from './options.ts';
import { print, printError } from './terminal.ts';
import { fileName, readJson } from './text-file.ts';

type PreviewOptions = CommonOptions & { as: 'slack' | 'email' | 'png'; out: string };

/** `preview`: what an alert looks like where it is told, without telling it. */
export async function previewCommand(file: string, options: PreviewOptions): Promise<void> {
  const alert = await readAlert(file);
  if (options.as === 'png') return writeChart(file, alert, options);
  if (options.as === 'slack') printJson({ blocks: toSlackMessage(alert).blocks });
  else printEmail(alert, options);
  if (alert.chart) printError(`It has a chart: watchdog preview ${file} --as png --out ${options.out}`);
}

function printEmail(alert: Alert, { format }: PreviewOptions): void {
  const email = toEmail(alert);
  if (format === 'json') printJson(email);
  else print(`Subject: ${email.subject}\n\n${email.body.trimEnd()}`);
}

async function writeChart(
  file: string,
  { chart, title }: Alert,
  { out, format }: PreviewOptions,
): Promise<void> {
  if (chart === undefined) throw new InputError(`${fileName(file)}: chart: this alert has none to draw`);
  const png = await toPng(chartSvg(chart, { title }));
  await writeFile(out, png).catch((error: Error) => {
    throw new InputError(`--out ${out}: ${error.message}`);
  });
  if (format === 'json') printJson({ file: out, bytes: png.length });
  else print(`${out}: ${(png.length / 1024).toFixed(0)} kB`);
}

const queueEvent = z.object({ Records: z.array(z.object({ body: z.string() })).min(1) });

/** The alert in a file, or the first one of an event of the alert queue. */
async function readAlert(file: string): Promise<Alert> {
  const content = await readJson(file);
  const event = queueEvent.safeParse(content);
  if (!event.success) return toAlert(content, fileName(file));
  const [record, ...others] = event.data.Records;
  if (others.length > 0) printError(`${fileName(file)}: the first of ${others.length + 1} alerts`);
  return toAlert(parseBody(record?.body ?? '', file), `${fileName(file)}: Records.0.body`);
}

function parseBody(body: string, file: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new InputError(`${fileName(file)}: Records.0.body: is not JSON`, { cause });
  }
}

function toAlert(content: unknown, name: string): Alert {
  const { data, error } = alertSchema.safeParse(content);
  if (data) return data;
  const [{ path, message } = { path: [], message: 'is no alert' }] = error?.issues ?? [];
  const fault = message.replace(/^Invalid input: /, '');
  throw new InputError([name, path.join('.'), fault].filter((part) => part !== '').join(': '));
}
