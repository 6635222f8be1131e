import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { refuse, wordsOf } from './usage.js';

/**
 * Opens a report in headless Chromium and checks what only a browser can tell: no error, no request, sorting by click and by key, nothing
 * wider than the window at 400 and 1400 pixels, in light and in dark. Pictures and a print go to a folder (beside the report: `pictures`), to
 * be looked at.
 *
 *     npm run check:report -- runs/quickstart/report.html [pictures]
 */
const usage = 'Usage: npm run check:report -- REPORT.html [FOLDER for pictures]';
const words = wordsOf(usage, { allowPositionals: true }).positionals;
const [file = '', chosen] = words;
if (words.length > 2 || !existsSync(file)) refuse(usage, `${words.join(' ')}: there is no such report.`);
const executable = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
if (executable === undefined) {
  console.error(
    'There is no Chromium: install it (Debian: apt install chromium) or name one in the environment variable CHROMIUM.',
  );
  process.exit(2);
}
const pictures = chosen ?? join(dirname(file), 'pictures');
mkdirSync(pictures, { recursive: true });
const address = pathToFileURL(resolve(file)).href;
const faults: string[] = [];
const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
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
  await page.locator('details').evaluateAll((all) => {
    for (const details of all) details.setAttribute('open', '');
  });
  await checkWidth(page, fault);
  if (width === 1400) await page.pdf({ path: join(pictures, `${scheme}.pdf`), preferCSSPageSize: true });
  await page.close();
}

async function checkWidth(page: Page, fault: (text: string) => void): Promise<void> {
  const wide = await page.locator('html').evaluate((root) => root.scrollWidth);
  const inner = page.viewportSize()?.width ?? 0;
  if (wide > inner) fault(`${wide} pixels wide in a window of ${inner}`);
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
