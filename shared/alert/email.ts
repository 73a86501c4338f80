import type { Alert } from './alert.ts';
import { sparkLine } from './chart.ts';
import { isCommand, quoted } from './command.ts';
import { referenceOf } from './identity.ts';
import { cut, fillLines, oneLine, visible } from './text.ts';

export type Email = { subject: string; body: string };

const subjectLimit = 100; // SNS
const columns = 72;
const maxLabel = 24;
const maxItems = 100;

/**
 * The alert as a mail of plain text: a subject that SNS takes, and a body that reads well in a fixed width. `note`: a line
 * on how it got here.
 */
export function toEmail(alert: Alert, note = ''): Email {
  const parts = [
    note === '' ? '' : wrap(oneLine(note)),
    wrap(oneLine(alert.title)),
    paragraphs(alert.summary),
    alert.chart ? wrap(sparkLine(alert.chart)) : '',
    alert.facts.map(factLines(labelWidth(alert.facts))).join('\n'),
    list(alert.items),
    section('What to do', paragraphs(alert.action, isCommand)),
    section('Links', alert.links.map(linkLines).join('\n')),
    footer(alert),
  ];
  return { subject: subjectOf(alert), body: `${parts.filter((part) => part !== '').join('\n\n')}\n` };
}

/** Where it is too long, what it says of money at its end stays: names are what gets cut. */
function subjectOf({ severity, title }: Alert): string {
  const subject = `[${severity.toUpperCase()}] ${toAscii(oneLine(title))}`;
  if (subject.length <= subjectLimit) return subject;
  const [money = ''] = /: [^:]*(\$|price unknown)[^:]*$/.exec(subject) ?? [];
  const end = money.length <= longestMoney ? money : '';
  return `${subject.slice(0, subjectLimit - end.length - 3)}...${end}`;
}

/** `: $1,234.56 an hour wasted, $901,229 a month` */
const longestMoney = 60;

/** What mail programs write where a letter has no accent-free form. */
const replacements: Readonly<Record<string, string>> = {
  '–': '-',
  '—': '-',
  '−': '-',
  '·': '-',
  '•': '-',
  '×': 'x',
  '→': '->',
  '…': '...',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '€': 'EUR ',
  '£': 'GBP ',
  ß: 'ss',
  æ: 'ae',
  ø: 'o',
  ł: 'l',
  Æ: 'AE',
  Ø: 'O',
  Ł: 'L',
};

/** Printable ASCII, in which what has no likeness is a question mark; of accents alone nothing would be left. */
const toAscii = (text: string): string =>
  text
    .replace(/\P{ASCII}/gu, (character) => replacements[character] ?? character)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7E]+/gu, '?')
    .trim() || '-';

const labelWidth = (facts: Alert['facts']): number =>
  Math.max(0, ...facts.map(({ label }) => Math.min(maxLabel, oneLine(label).length)));

const factLines =
  (width: number) =>
  ({ label, value }: Alert['facts'][number]): string =>
    wrap(oneLine(value), `${cut(oneLine(label), maxLabel).padEnd(width)}  `, ' '.repeat(width + 2));

function list(items: readonly string[]): string {
  const left = items.length - maxItems;
  const lines = items.slice(0, maxItems).map((item) => wrap(oneLine(item), '- ', '  '));
  return [...lines, ...(left > 0 ? [`  and ${left} more`] : [])].join('\n');
}

const section = (heading: string, text: string): string => (text === '' ? '' : `${heading}:\n${text}`);

/** A link stands on a line of its own, whole: a broken one can't be clicked. */
function linkLines({ label, url }: Alert['links'][number]): string {
  return `${wrap(oneLine(label), '- ', '  ')}\n${quoted(`  ${oneLine(url)}`)}`;
}

function footer(alert: Alert): string {
  const { at, kind, account, region, owner, team } = alert;
  const where = [account, region, owner ?? team].filter((part) => part !== undefined);
  return `-- \n${wrap([kind, ...where, at].map(oneLine).join(' / '))}\n${wrap(oneLine(referenceOf(alert)))}`;
}

const paragraphs = (text: string, isWhole: (line: string) => boolean = () => false): string =>
  visible(text)
    .split('\n')
    .map((line) => (isWhole(line) ? line : wrap(line.trim())))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();

/** Breaks at spaces, and within a word only where it is longer than a line and no address. No line looks like a command. */
function wrap(text: string, first = '', next = ''): string {
  const mark = /(^|\s)aws\s/.test(first + text) ? quoteLength : 0;
  const width = columns - Math.max(first.length, next.length) - mark;
  const words = text.split(' ').flatMap((word) => pieces(word, width));
  const lines = fillLines(words, width).map((content, index) => (index === 0 ? first : next) + content);
  return quoted(lines.join('\n'));
}

const quoteLength = '> '.length;

function pieces(word: string, width: number): string[] {
  if (word.length <= width || /^https?:\/\//.test(word)) return [word];
  const points = Array.from(word);
  const size = points.length === word.length ? width : Math.floor(width / 2);
  const found: string[] = [];
  for (let start = 0; start < points.length; start += size) {
    found.push(points.slice(start, start + size).join(''));
  }
  return found;
}
