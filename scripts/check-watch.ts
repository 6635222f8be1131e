import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import { openChromium } from './chromium.js';
import { refuse, wordsOf } from './usage.js';

/**
 * Trains a small comparison whose model and task names are markup, and opens `ple watch` in headless Chromium meanwhile. It checks that the
 * page follows the training to its end without a reload, keeps what the reader looks at in its place, and shows names as text; that it asks nothing
 * of another address, and logs nothing; that it answers at 127.0.0.1 alone. Pictures go to a folder, to be looked at.
 *
 *     npm run check:watch -- [pictures]
 */
const usage = 'Usage: npm run check:watch -- [FOLDER for pictures]';
const words = wordsOf(usage, { allowPositionals: true }).positionals;
if (words.length > 1) refuse(usage, `${words.join(' ')}: name one folder.`);
const launcher = resolve(import.meta.dirname, '../bin/ple.js');
const folder = mkdtempSync(join(tmpdir(), 'ple-watch-'));
const pictures = resolve(words[0] ?? join(folder, '../ple-watch-pictures'));
mkdirSync(pictures, { recursive: true });
const task = '<script>document.title=1</script>';
const label = `"'><img src=x onerror="document.title=1">`;
const faults: string[] = [];
const children: ChildProcess[] = [];
try {
  await check();
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
for (const fault of faults) console.error(`fault: ${fault}`);
console.log(`${faults.length === 0 ? 'No fault' : `${faults.length} faults`}; pictures are in ${pictures}`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function check(): Promise<void> {
  writeConfig();
  const compare = start(['compare', 'compare.yaml', '--jobs', '1']);
  const trained = new Promise((done) => compare.on('close', done));
  await until('a folder', () => existsSync(join(folder, 'runs/watched')));
  const watch = start(['watch', 'watched']);
  const url = await new Promise<string>((done) =>
    watch.stdout?.once('data', (text: Buffer) => done(text.toString().split('\n')[0] ?? '')),
  );
  await refusedElsewhere(Number(new URL(url).port));
  const browser = await openChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const dark = await browser.newPage({ viewport: { width: 400, height: 900 }, colorScheme: 'dark' });
    for (const one of [page, dark]) follow(one, url);
    await page.goto(url);
    await dark.goto(url);
    await waitFor('the curves of a run', page.locator('#live svg path[data-model]'));
    const before = await page.locator('#live').innerHTML();
    await page.locator('button[data-model]').first().click();
    await waitFor('the curves of a run', dark.locator('#live svg path[data-model]'));
    const places = await Promise.all([page, dark].map(scrolledToCurves));
    await page.screenshot({ path: join(pictures, 'running.png'), fullPage: true });
    await until('a change', async () => (await page.locator('#live').innerHTML()) !== before);
    await checkPlace(page, places[0]);
    if ((await page.locator('figure [data-model="0"]:not(.off)').count()) > 0)
      faults.push('a hidden model is shown again');
    await page.locator('button[data-model]').first().click();
    const middle = await page.locator('#state').textContent();
    if (!/^Running: \d+ of 6 runs done, 1 training now\.$/.test(middle ?? '')) faults.push(`state: ${middle}`);
    await trained;
    await waitFor('the end', page.locator('#state', { hasText: /^Finished: 6 of 6/ }));
    await waitFor('the forest plot', page.locator('#forest svg'));
    await waitFor('the end', dark.locator('#forest svg'));
    await checkPlace(dark, places[1]); // sections have been added above
    await checkText(page);
    for (const [name, one] of Object.entries({ light: page, dark })) {
      const wide = await one.locator('html').evaluate((root) => root.scrollWidth);
      const inner = one.viewportSize()?.width ?? 0;
      if (wide > inner) faults.push(`${name}: ${wide} pixels wide in a window of ${inner}`);
      await one.screenshot({ path: join(pictures, `finished-${name}.png`), fullPage: true });
      const ids = await one.locator('[id]').evaluateAll((all) => all.map(({ id }) => id));
      const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
      if (twice.length > 0) faults.push(`${name}: ids that occur twice: ${[...new Set(twice)].join(', ')}`);
    }
    const head = page.locator('table.sortable th[aria-sort]').first();
    await head.getByRole('button').click();
    if ((await head.getAttribute('aria-sort')) !== 'ascending') faults.push('a table is not sorted');
  } finally {
    await browser.close();
  }
  watch.kill('SIGINT');
  const code = await new Promise((done) => watch.on('close', done));
  if (code !== 0) faults.push(`ple watch ended with ${code}`);
}

/** What the page asks, logs and throws. */
function follow(page: Page, url: string): void {
  page.setDefaultTimeout(300_000);
  page.on('console', (message) => faults.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith(`${url}live?since=`))
      faults.push(`request: ${request.url()}`);
  });
}

async function checkText(page: Page): Promise<void> {
  const text = await page.locator('main').textContent();
  for (const name of [task, label]) if (!text?.includes(name)) faults.push(`${name} is not shown as text`);
  const alien = await page.locator('main script, main img, main a, main [onerror]').count();
  if (alien > 0) faults.push(`${alien} elements that nobody made`);
  if ((await page.title()) === '1') faults.push('a name has run as a script');
}

async function refusedElsewhere(port: number): Promise<void> {
  const others = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');
  if (others.length === 0) console.log('This machine has no other address: that it is refused there is not checked.');
  for (const { address } of others) {
    const outcome = await new Promise<string>((done) => {
      const socket = connect({ host: address, port });
      socket
        .on('connect', () => done('connected'))
        .on('error', (error: NodeJS.ErrnoException) => done(error.code ?? ''));
    });
    if (outcome !== 'ECONNREFUSED') faults.push(`${address}: ${outcome}`);
    else console.log(`${address}:${port} refuses connections`);
  }
}

function topOf(page: Page): Promise<number> {
  return page.locator('#live').evaluate((section) => section.getBoundingClientRect().top);
}

async function scrolledToCurves(page: Page): Promise<number> {
  await page.locator('#live').evaluate((section) => section.scrollIntoView());
  await setTimeout(300);
  if ((await page.locator('html').evaluate((root) => root.scrollTop)) === 0) faults.push('the page did not scroll');
  return topOf(page);
}

async function checkPlace(page: Page, before = 0): Promise<void> {
  const moved = (await topOf(page)) - before;
  if (Math.abs(moved) > 2) faults.push(`the curves have moved by ${moved} pixels`);
}

async function waitFor(what: string, element: Locator): Promise<void> {
  await element
    .first()
    .waitFor({ state: 'attached', timeout: 300_000 })
    .catch(() => faults.push(`it did not come to ${what}`));
}

function start(line: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [launcher, ...line], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function until(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (await test()) return;
    await setTimeout(100);
  }
  throw new Error(`It did not come to ${what}.`);
}

/** Rows of which both tasks can be learnt. */
function writeConfig(): void {
  const rows = Array.from({ length: 20_000 }, (_, index) => {
    const [a, b] = [Math.sin(index), Math.cos(7 * index)];
    return [a, b, a + 0.5 * b + 0.1 * Math.sin(13 * index), a * b].map((value) => value.toFixed(4)).join(',');
  });
  writeFileSync(join(folder, 'rows.csv'), `${['a', 'b', 'y1', task].join(',')}\n${rows.join('\n')}\n`);
  const config = {
    name: 'watched',
    dataset: {
      loader: 'table',
      path: 'rows.csv',
      tasks: { y1: { column: 'y1', regression: true }, [task]: { column: task, regression: true } },
    },
    tasks: ['y1', task].map((name) => ({ name, type: 'regression', standardize: true })),
    train: { epochs: 12, batchSize: 32, optimizer: { type: 'adam', learningRate: 0.01 } },
    engine: { device: 'cpu', threads: 1 },
    compare: {
      models: [
        { type: 'single-task', levels: [[8], [8]], tower: [4] },
        { label, type: 'ple', levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 } },
      ],
      seeds: 3,
    },
  };
  writeFileSync(join(folder, 'compare.yaml'), JSON.stringify(config));
}
