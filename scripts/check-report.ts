import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { refuse, wordsOf } from './usage.js';

/**
 * Opens a report (of a comparison or of a run) in headless Chromium and checks what only a browser shows. There is no
 * error and no request. Nothing is wider than the window at 400 and 1400 pixels and on A4, in light and in dark.
 * Sorting works by click and by key, tips under the pointer and from the keyboard. Buttons hide and show models.
 * Without a report, it trains a small comparison whose names are markup. Pictures and a print go to a folder, for people
 * to check.
 *
 *     npm run check:report -- [runs/quickstart/report.html [pictures]]
 */
const usage = 'Usage: npm run check:report -- [REPORT.html [FOLDER for pictures]]';
const words = wordsOf(usage, { allowPositionals: true }).positionals;
const [given, chosen] = words;
if (words.length > 2 || (given !== undefined && !existsSync(given)))
  refuse(usage, `${words.join(' ')}: there is no such report.`);
const widths = [400, 1400];
const schemes = ['light', 'dark'] as const;
/** Width of a landscape A4 page, which tables have, within its margins, in CSS pixels. */
const a4 = 1031;
const folder = mkdtempSync(join(tmpdir(), 'ple-report-'));
const pictures = resolve(chosen ?? (given === undefined ? `${folder}-pictures` : join(given, '../pictures')));
mkdirSync(pictures, { recursive: true });
const file = resolve(given ?? join(folder, 'runs/watched/report.html'));
const address = pathToFileURL(file).href;
const task = '<script>document.title=1</script>';
const label = `"'><img src=x onerror="document.title=1">`;
const faults: string[] = [];
const places = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`);
const executablePath = process.env.CHROMIUM ?? places.find(existsSync);
if (executablePath === undefined)
  refuse(usage, 'There is no Chromium (Debian: apt install chromium); CHROMIUM names one.');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  if (given === undefined) await checkMarkup();
  for (const scheme of schemes) for (const width of widths) await check(scheme, width);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
for (const fault of faults) console.error(`fault: ${fault}`);
console.log(`${faults.length === 0 ? 'No fault' : `${faults.length} faults`}; pictures are in ${pictures}`);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Trains a comparison whose names are markup, and checks that its page shows them as text. */
async function checkMarkup(): Promise<void> {
  writeConfig();
  const words = ['compare', 'compare.yaml', '--jobs', '1'];
  const stdio = ['ignore', 'ignore', 'inherit'] as const;
  const child = spawn(process.execPath, [resolve('bin/ple.js'), ...words], { cwd: folder, stdio: [...stdio] });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  if (code !== 0) faults.push(`ple compare ended with ${code}`);
  const { page, fault } = await openPage('markup', 'light', 1400);
  const text = await page.locator('main').textContent();
  for (const name of [task, label]) if (!text?.includes(name)) fault(`${name} is not shown as text`);
  const alien = await page.locator('main script, main img, main [onerror]').count();
  if (alien > 0) fault(`${alien} elements that nobody made`);
  if ((await page.title()) === '1') fault('a name has run as a script');
  await page.close();
}

/** Opens a page. Requests, console messages and errors of it are faults. */
async function openPage(name: string, scheme: 'light' | 'dark', width: number) {
  const page = await browser.newPage({ viewport: { width, height: 500 }, colorScheme: scheme });
  page.setDefaultTimeout(300_000); // a busy machine takes its time over a whole page
  const fault = (text: string) => faults.push(`${name}: ${text}`);
  page.on('console', (message) => fault(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => fault(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    fault(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== address) fault(`request: ${request.url()}`);
  });
  await page.goto(address);
  return { page, fault };
}

/** Rows with two learnable tasks. */
function writeConfig(): void {
  const rows = Array.from({ length: 20_000 }, (_, index) => {
    const [a, b] = [Math.sin(index), Math.cos(7 * index)];
    return [a, b, a + 0.5 * b + 0.1 * Math.sin(13 * index), a * b].map((value) => value.toFixed(4)).join(',');
  });
  writeFileSync(join(folder, 'rows.csv'), `${['a', 'b', 'y1', task].join(',')}\n${rows.join('\n')}\n`);
  const [first, second] = ['y1', task].map((name) => JSON.stringify(name));
  const model = 'levels: [[8], [8]], tower: [4]';
  writeFileSync(
    join(folder, 'compare.yaml'),
    `name: watched
dataset: { loader: table, path: rows.csv, tasks: { ${first}: { column: ${first}, regression: true }, ${second}: { column: ${second}, regression: true } } }
tasks: [{ name: ${first}, type: regression, standardize: true }, { name: ${second}, type: regression, standardize: true }]
train: { epochs: 30, batchSize: 32, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu, threads: 1 }
compare:
  models: [{ type: single-task, ${model} }, { label: ${JSON.stringify(label)}, type: ple, ${model}, experts: { shared: 1, task: 2 } }]
  seeds: 3
`,
  );
}

async function check(scheme: 'light' | 'dark', width: number): Promise<void> {
  const name = `${scheme}-${width}`;
  const { page, fault } = await openPage(name, scheme, width);
  await checkWidth(page, fault);
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  await checkIds(page, fault);
  await checkSorting(page, fault);
  await checkTips(page, fault);
  await checkModels(page, fault);
  if (width === 1400) {
    await page.emulateMedia({ media: 'print' });
    await page.pdf({ path: join(pictures, `${scheme}.pdf`), preferCSSPageSize: true });
    await page.setViewportSize({ width: a4, height: 500 });
    await checkWidth(page, fault);
    await page.emulateMedia({ media: 'screen' });
    await page.setViewportSize({ width, height: 500 });
  }
  await page.locator('details').evaluateAll((all) => {
    for (const details of all) details.setAttribute('open', '');
  });
  await checkWidth(page, fault);
  await page.close();
}

async function checkWidth(page: Page, fault: (text: string) => void): Promise<void> {
  const wide = await page.locator('html').evaluate((root) => root.scrollWidth);
  const inner = page.viewportSize()?.width ?? 0;
  if (wide > inner) fault(`${wide} pixels wide in a window of ${inner}`);
  const tables = await page
    .locator('.scroll')
    .evaluateAll((all) =>
      all.flatMap((box) => (box.scrollWidth > box.clientWidth ? [box.getAttribute('aria-label') ?? ''] : [])),
    );
  if (tables.length > 0) fault(`in a window of ${inner}, tables that have to be scrolled: ${tables.join(', ')}`);
}

async function checkIds(page: Page, fault: (text: string) => void): Promise<void> {
  const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id));
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0) fault(`ids that occur twice: ${[...new Set(twice)].join(', ')}`);
  const links = await page
    .locator('a[href^="#"]')
    .evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
  const broken = links.filter((href) => !ids.includes(href.slice(1)));
  if (broken.length > 0) fault(`links to nowhere: ${broken.join(', ')}`);
}

/** In each section, the first mark that can be pointed at; in each chart, a stop of the keyboard and the next mark. */
async function checkTips(page: Page, fault: (text: string) => void): Promise<void> {
  const tip = page.locator('#tip');
  for (const section of await page.locator('section').all()) {
    const title = await section.locator('h2').textContent();
    const marks = section.locator('[data-tip]');
    if ((await marks.count()) === 0) continue;
    const mark = marks.last();
    await mark.scrollIntoViewIfNeeded();
    const box = await mark.boundingBox();
    if (!box) fault(`${title}: a mark without a place`);
    else await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    if (!(await tip.isVisible())) fault(`${title}: no tip under the pointer`);
    await page.mouse.move(0, 0);
    if (await tip.isVisible()) fault(`${title}: the tip stays`);
  }
  await page.keyboard.press('Tab'); // what gets the focus from now on shows it
  for (const chart of await page.locator('svg[role="img"]:has([data-tip])').all()) {
    const name = await chart.getAttribute('aria-label');
    await chart.focus();
    const first = await tip.textContent();
    if (!(await tip.isVisible()) || first === '') fault(`${name}: no tip with the focus`);
    await page.keyboard.press('ArrowLeft');
    const marks = await chart
      .locator('[data-tip]')
      .evaluateAll((all) => all.map((mark) => mark.getAttribute('data-tip')));
    if ((await tip.textContent()) !== marks.at(-1) || first !== marks[0])
      fault(`${name}: the arrow keys do not go from mark to mark`);
    await page.keyboard.press('Escape');
    if (await tip.isVisible()) fault(`${name}: the tip stays after Escape`);
  }
}

/** Every model's button hides all of its marks and no other, and brings them back. */
async function checkModels(page: Page, fault: (text: string) => void): Promise<void> {
  for (const button of await page.locator('button[data-model]').all()) {
    const [model, name] = [await button.getAttribute('data-model'), await button.textContent()];
    for (const hidden of [true, false]) {
      await button.click();
      const wrong = await page
        .locator('figure [data-model]')
        .evaluateAll(
          (all, [own, off]) =>
            all.filter((mark) => mark.classList.contains('off') !== (off && mark.getAttribute('data-model') === own))
              .length,
          [model, hidden] as const,
        );
      if (wrong > 0) fault(`${name}: ${wrong} marks are not ${hidden ? 'hidden' : 'shown'} as they should be`);
    }
  }
}

/** Every head of every sortable table: up on a click, down on the Enter key; cells without a value last. */
async function checkSorting(page: Page, fault: (text: string) => void): Promise<void> {
  for (const table of await page.locator('table.sortable').all()) {
    const heads = await table.locator('th[aria-sort]').all();
    if (heads.length === 0) fault('a sortable table without heads');
    for (const [column, head] of heads.entries()) {
      const title = await head.textContent();
      const button = head.getByRole('button');
      for (const direction of ['ascending', 'descending'] as const) {
        if (direction === 'ascending') await button.click();
        else await button.press('Enter');
        if ((await head.getAttribute('aria-sort')) !== direction) fault(`${title}: aria-sort is not ${direction}`);
        const values = await table.locator('tbody tr').evaluateAll(
          (rows, index) =>
            rows.map((row) => {
              const cell = row.children[index];
              return cell?.getAttribute('data-value') ?? cell?.textContent ?? '';
            }),
          column,
        );
        if (!isSorted(values, direction)) fault(`${title}: not ${direction}: ${values.join(' ')}`);
      }
    }
  }
}

function isSorted(values: readonly string[], direction: 'ascending' | 'descending'): boolean {
  const known = values.filter((value) => value !== '');
  const isNumeric = known.every((value) => !Number.isNaN(Number(value)));
  const keys = known.map((value) => (isNumeric ? Number(value) : value));
  const sorted = keys.toSorted((a, b) => (typeof a === 'number' ? a - Number(b) : a.localeCompare(String(b))));
  if (direction === 'descending') sorted.reverse();
  return !values.slice(0, known.length).includes('') && sorted.join('\n') === keys.join('\n');
}
