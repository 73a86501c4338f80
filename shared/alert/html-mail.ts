import { formatMoney } from '../money.ts';
import { addDays } from '../period.ts';
import type { Alert, AlertChart } from './alert.ts';
import { dayName } from './day.ts';
import { type Html, html } from './html.ts';
import { oneLine, visible } from './text.ts';

// Mail programs know tables and inline styles, and little else; dark mode of most turns plain colours by itself.
const font = 'font-family:Helvetica,Arial,sans-serif';
const ink = '#1d2733';
const faint = '#66727f';
const line = '#e3e8ee';
const bar = '#2f6fde';
const barBefore = '#b9c7da';

/** The alert as a page for a mail program, and nothing in it that is fetched from elsewhere. */
export const toHtmlMail = (alert: Alert): string => `<!doctype html>\n${page(alert).markup}\n`;

const page = (alert: Alert): Html =>
  html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${oneLine(alert.title)}</title></head>
<body style="margin:0;padding:0;background:#f4f6f8">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f4f6f8"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="640" cellpadding="0" cellspacing="0" style="width:100%;max-width:640px;background:#ffffff;border:1px solid ${line};border-radius:6px">
<tr><td style="padding:28px 32px 8px;${font};font-size:20px;line-height:27px;font-weight:bold;color:${ink}">${oneLine(alert.title)}</td></tr>
<tr><td style="padding:4px 32px 16px;${font};font-size:15px;line-height:23px;color:${ink}">${lines(alert.summary)}</td></tr>
${alert.chart && chartRow(alert.chart)}
${alert.facts.length > 0 && factRows(alert.facts)}
${alert.items.length > 0 && listRow('What moved', alert.items)}
${alert.action.trim() !== '' && listRow('What to do', alert.action.split('\n'))}
<tr><td style="padding:16px 32px 24px;${font};font-size:12px;line-height:18px;color:${faint};border-top:1px solid ${line}">AI cost watchdog, ${alert.id}, ${alert.at}</td></tr>
</table></td></tr></table></body></html>`;

const lines = (text: string): Html[] =>
  visible(text)
    .split('\n')
    .map((each, index) => (index === 0 ? html`${each}` : html`<br>${each}`));

const heading = (text: string): Html =>
  html`<div style="padding-bottom:6px;font-size:13px;font-weight:bold;color:${faint}">${text}</div>`;

const factRows = (facts: Alert['facts']): Html =>
  html`<tr><td style="padding:4px 32px 16px"><table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="${font};font-size:14px;line-height:20px;color:${ink}">${facts.map(
    ({ label, value }) =>
      html`<tr><td valign="top" width="140" style="padding:7px 12px 7px 0;border-top:1px solid ${line};color:${faint}">${oneLine(label)}</td><td valign="top" style="padding:7px 0;border-top:1px solid ${line};word-break:break-word">${oneLine(value)}</td></tr>\n`,
  )}</table></td></tr>`;

const listRow = (title: string, texts: readonly string[]): Html =>
  html`<tr><td style="padding:4px 32px 16px;${font};font-size:14px;line-height:21px;color:${ink}">${heading(title)}${texts.map(
    (text) => html`<div style="padding:4px 0;word-break:break-word">${oneLine(text)}</div>\n`,
  )}</td></tr>`;

/** Pixels of the tallest bar. */
const height = 72;

/** A bar a day, the period's beside the one before it; a day of which nothing is known has none. */
function chartRow({ currency, start, actual, expected }: AlertChart): Html | undefined {
  const most = Math.max(0, ...[...actual, ...expected].map((amount) => amount ?? 0));
  if (most === 0) return undefined;
  const last = addDays(start, actual.length - 1);
  return html`<tr><td style="padding:4px 32px 16px;${font};font-size:12px;line-height:18px;color:${faint}">${heading('By day')}
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>${actual.map(
    (amount, index) =>
      html`<td valign="bottom" align="center" height="${height}" style="padding:0 1px">${pair(amount, expected[index] ?? null, most)}</td>`,
  )}</tr></table>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-top:1px solid ${line};${font};font-size:12px;color:${faint}"><tr><td align="left" style="padding-top:4px">${dayName(start)}</td><td align="center" style="padding-top:4px"><span style="color:${bar}">&#9632;</span> this period <span style="color:${barBefore}">&#9632;</span> the one before; the highest day ${formatMoney(most, currency)}</td><td align="right" style="padding-top:4px">${dayName(last)}</td></tr></table></td></tr>`;
}

const pair = (now: number | null, before: number | null, most: number): Html =>
  html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>${barOf(before, most, barBefore)}${barOf(now, most, bar)}</tr></table>`;

function barOf(amount: number | null, most: number, colour: string): Html {
  const pixels = Math.max(0, Math.round((height * (amount ?? 0)) / most));
  return html`<td valign="bottom" width="50%"><div style="height:${pixels}px;background:${colour};font-size:0;line-height:0">${pixels > 0 && '\u00a0'}</div></td>`;
}
