import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cellsOf, cutCells, inPieces, padCells } from '../../cli/cells.ts';
import { printJson } from '../../cli/options.ts';
import { harmless, print, printable, table, wrap } from '../../cli/terminal.ts';

const columns = process.stdout.columns;
afterEach(() => {
  process.stdout.columns = columns;
  vi.restoreAllMocks();
});

/** What a terminal obeys, and what turns a line around. */
const obeyed = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** The colours that we paint with. */
const ours = new RegExp(`${'\u001B'}\\[(?:1|2|22|31|32|33|36|39)m`, 'g');

const attacks = [
  ['sets the title', '\u001B]0;pwn\u0007'],
  ['clears the screen', '\u001B[2J'],
  ['clears it in one byte', '\u009B2J'],
  ['turns the direction', '\u202Eexe.gpj\u202C'],
  ['hides behind an isolate', '\u2066a\u2069'],
  ['goes back to the start of the line', 'a\rb'],
  ['begins a line of its own', 'a\u2028b'],
] as const;

describe('a text from outside', () => {
  it.each(attacks)('that %s is only text in a table, a paragraph and a line', (_, text) => {
    for (const shown of [table(['name', 'why'], [[text, text]]), wrap(text, 80), printable(text)]) {
      expect(shown).not.toMatch(obeyed);
    }
  });

  it.each(attacks)('that %s does nothing, even where nobody made it printable', (_, text) => {
    const log = vi.spyOn(console, 'log').mockReturnValue();
    print(`name: ${text}`);
    expect(log.mock.lastCall?.[0]).not.toMatch(obeyed);
  });

  it.each(attacks)('that %s is escaped in JSON, and the same to whoever parses it', (_, text) => {
    const log = vi.spyOn(console, 'log').mockReturnValue();
    printJson({ text });
    const json = String(log.mock.lastCall?.[0]);
    expect(json).not.toMatch(obeyed);
    expect(JSON.parse(json)).toEqual({ text });
  });

  it('keeps our own colours, and no others', () => {
    expect(harmless('\u001B[31mred\u001B[39m \u001B[8mhidden')).toBe('\u001B[31mred\u001B[39m  [8mhidden');
  });

  it('never gets past, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(harmless(text).replaceAll(ours, '')).not.toMatch(obeyed);
        expect(printable(text)).not.toMatch(/\n/);
      }),
    );
  });
});

describe('the columns that a text takes', () => {
  it.each([
    ['reranker', 8],
    ['größe', 5],
    ['e\u0301', 1],
    ['推論', 4],
    ['データ', 6],
    ['ｱｲ', 2],
    ['모델', 4],
    ['🚀', 2],
    ['👩‍💻', 2],
    ['▁▂·', 3],
    ['', 0],
  ])('%s takes %i', (text, cells) => {
    expect(cellsOf(text)).toBe(cells);
  });

  it('are what a cut text is cut to', () => {
    expect(cutCells('推論サーバー', 7)).toBe('推論サ…');
    expect(cutCells('reranker', 8)).toBe('reranker');
  });

  it('are filled up on the side that is asked for', () => {
    expect(padCells('推論', 6)).toBe('推論  ');
    expect(padCells('$1', 4, 'right')).toBe('  $1');
  });

  it('lose nothing when a text is taken to pieces', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 20 }), (text, width) => {
        const pieces = inPieces(text, width);
        expect(pieces.join('')).toBe(text);
        expect(pieces.filter((piece) => cellsOf(piece) > width)).toEqual([]);
      }),
    );
  });
});

describe('a table', () => {
  it('is as wide as its widest cells where there is room', () => {
    process.stdout.columns = 80;
    expect(table(['name', '>rate'], [['trainer', '$1.00/h']])).toBe('  name        rate\n  trainer  $1.00/h');
  });

  it('cuts its widest texts, wraps its last one, and leaves numbers whole', () => {
    process.stdout.columns = 80;
    const row = ['n'.repeat(40), 'o'.repeat(30), '$12,345.67/h', 'because '.repeat(10).trim()];
    const lines = table(['name', 'owner', '>rate', 'why'], [row]).split('\n');
    expect(lines.filter((line) => cellsOf(line) > 80)).toEqual([]);
    expect(lines[1]).toMatch(/^ {2}n+… {2}o+… {2}\$12,345\.67\/h {2}because because because$/);
    expect(lines).toHaveLength(5);
  });

  it('keeps its columns under each other where signs are wide', () => {
    process.stdout.columns = 80;
    const rows = [
      ['推論サーバー', 'a'],
      ['trainer', 'b'],
    ];
    const lines = table(['name', 'x'], rows).split('\n');
    expect(lines.slice(1).map((line) => cellsOf(line))).toEqual([17, 17]);
  });

  it('fits, whatever is in it', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text, text, text), { maxLength: 5 }),
        fc.integer({ min: 80, max: 160 }),
        (rows, width) => {
          process.stdout.columns = width;
          const lines = table(['name', 'owner', 'type', 'why'], rows).split('\n');
          expect(lines.filter((line) => cellsOf(line) > width)).toEqual([]);
        },
      ),
    );
  });
});

describe('a paragraph', () => {
  it('breaks a word that is longer than a line', () => {
    const lines = wrap(`model, ${'a'.repeat(100)}, in use`, 40, '  ').split('\n');
    expect(lines.map(({ length }) => length)).toEqual([8, 40, 40, 34]);
  });
});
