import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backtestPage } from '../../cli/backtest-page.ts';
import { backtestIncident, backtestResult, busyYear } from '../support/backtest.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);

// Said aloud, so that nobody takes a skipped suite for a page that was looked at.
if (executablePath === undefined) {
  console.warn(
    'NOT TESTED: no Chromium on this machine, the page of the backtest is not opened in a browser',
  );
}

describe.skipIf(executablePath === undefined)('the page of a backtest in a browser', () => {
  let folder: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backtest-page-'));
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
      timeout: 15_000,
    });
  }, 20_000);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  /** Opens a page, and keeps what it complains of and asks the network for. */
  async function open(content: string, options: Parameters<Browser['newPage']>[0] = {}) {
    const file = join(folder, 'page.html');
    await writeFile(file, content);
    const page = await browser.newPage(options);
    page.setDefaultTimeout(10_000);
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith('file:')) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return { page, complaints };
  }

  const content = (incident = backtestIncident()) =>
    backtestPage({
      result: backtestResult({ incidents: [incident] }),
      usage: new Float64Array(181).fill(200),
      source: 'spend.csv',
      accountNames: {},
    });

  const isWiderThanScreen = (page: Page): Promise<boolean> =>
    page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');

  it.each([
    ['on a desk', { viewport: { width: 1280, height: 900 } }],
    ['on a phone', { viewport: { width: 400, height: 800 } }],
    ['in the dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' as const }],
  ])('is complete, fits, asks for nothing and complains of nothing: %s', async (_, options) => {
    const { page, complaints } = await open(content(), options);
    expect(await page.title()).toBe('Backtest of spend.csv, 2026-01-01 to 2026-06-30');
    expect(await isWiderThanScreen(page)).toBe(false);
    for (const path of ['.sound', '.excess', '.actual', '.expected', '.band']) {
      const box = await page.locator(`svg ${path}`).first().boundingBox();
      expect(box?.width, path).toBeGreaterThan(10);
    }
    const picture = await page.screenshot();
    expect(picture.length).toBeGreaterThan(10_000); // a blank one of this size has some 5 kB
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('tells the figures of a day to whoever walks there with the keyboard', async () => {
    const { page } = await open(content());
    await page.locator('.plot[data-values]').focus();
    await page.keyboard.press('End');
    const last = await page.locator('.cursor output').innerText();
    await page.keyboard.press('ArrowLeft');
    expect(last).toBe('Tue, 7 Apr 2026\nActual: $100.00\nExpected: $100.00\nNormal up to: $130.00');
    expect(await page.locator('.cursor output').innerText()).toMatch(/^Mon, 6 Apr 2026\n/);
    await page.close();
  });

  it('sorts the incidents by what somebody clicks on', async () => {
    const { result, usage } = busyYear({ series: 12, days: 200 });
    const { page } = await open(backtestPage({ result, usage, source: 'spend.csv', accountNames: {} }));
    const since = page.locator('table.sortable tbody tr td:nth-child(3)');
    const before = await since.allInnerTexts();
    await page.getByRole('button', { name: 'Since' }).click();
    expect(await since.allInnerTexts()).toEqual(before.toSorted().toReversed());
    await page.getByRole('button', { name: 'Since' }).click();
    expect(await since.allInnerTexts()).toEqual(before.toSorted());
    await page.close();
  });

  it('runs nothing that came with a name', async () => {
    const evil = '"><img src=x onerror="document.title=1"><script>document.title=1</script>';
    const { page, complaints } = await open(
      content(backtestIncident({ reason: evil, series: { team: evil } })),
    );
    expect(await page.title()).toBe('Backtest of spend.csv, 2026-01-01 to 2026-06-30');
    expect(await page.locator('h3').first().innerText()).toBe(`1. team ${evil}`);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
