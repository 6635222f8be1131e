import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { openChromium } from './chromium.js';
import { refuse, wordsOf } from './usage.js';

/**
 * Opens a report (of a comparison or of a run) in headless Chromium and checks what only a browser can tell: no error, no request; nothing
 * wider than the window at 400 and 1400 pixels and on A4, in light and in dark; sorting by click and by key; tips under the pointer and from
 * the keyboard; models hidden and shown by their buttons. Pictures and a print go to a folder (beside the report: `pictures`), to be looked at.
 *
 *     npm run check:report -- runs/quickstart/report.html [pictures]
 */
const usage = 'Usage: npm run check:report -- REPORT.html [FOLDER for pictures]';
const words = wordsOf(usage, { allowPositionals: true }).positionals;
const [file = '', chosen] = words;
if (words.length > 2 || !existsSync(file)) refuse(usage, `${words.join(' ')}: there is no such report.`);
/** Width of a landscape A4 page, which tables have, within its margins, in CSS pixels. */
const a4 = 1031;
const pictures = chosen ?? join(dirname(file), 'pictures');
mkdirSync(pictures, { recursive: true });
const address = pathToFileURL(resolve(file)).href;
const faults: string[] = [];
const browser = await openChromium();
try {
  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [400, 1400]) await check(browser, scheme, width);
  }
} finally {
  await browser.close();
}
for (const fault of faults) console.error(`fault: ${fault}`);
console.log(`${faults.length === 0 ? 'No fault' : `${faults.length} faults`}; pictures are in ${pictures}`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function check(within: Browser, scheme: 'light' | 'dark', width: number): Promise<void> {
  const name = `${scheme}-${width}`;
  const page = await within.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
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
  await checkWidth(page, fault);
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  await checkIds(page, fault);
  await checkSorting(page, fault);
  await checkTips(page, fault);
  await checkModels(page, fault);
  if (width === 1400) {
    await page.emulateMedia({ media: 'print' });
    await page.pdf({ path: join(pictures, `${scheme}.pdf`), preferCSSPageSize: true });
    await page.setViewportSize({ width: a4, height: 900 });
    await checkWidth(page, fault);
    await page.emulateMedia({ media: 'screen' });
    await page.setViewportSize({ width, height: 900 });
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
  if (values.slice(0, known.length).includes('')) return false;
  const numbers = known.map(Number);
  const sign = direction === 'ascending' ? 1 : -1;
  return known.slice(1).every((value, index) => {
    const before = known[index] ?? '';
    const difference = numbers.some(Number.isNaN)
      ? before.localeCompare(value)
      : (numbers[index] ?? 0) - (numbers[index + 1] ?? 0);
    return sign * difference <= 0;
  });
}
