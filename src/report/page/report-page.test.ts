import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Comparison } from '../../comparison/comparison.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { answers } from '../answer.js';
import { comparisonCharts } from '../charts/charts.js';
import { html, toText } from '../html.js';
import { everyVerdict, storedReport } from '../report.fixture.js';
import type { ReportData } from '../report-data.js';
import { reportPage, typographic } from './report-page.js';

const bare = (changes: Partial<ReportData> = {}): ReportData => ({
  comparison: everyVerdict,
  runs: new Map(),
  command: 'ple compare --config a.yaml',
  config: 'name: a',
  ...changes,
});

const plainText = (markup: string) =>
  markup
    .replace(/<(small|\/p|\/li|\/h\d)[^>]*>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/[\s\u00a0]+/g, ' ');

test('the page leads with the answer and the notes', () => {
  const page = reportPage(bare(), []);
  const header = page.slice(page.indexOf('<header>'), page.indexOf('</header>'));
  const answer = plainText(toText(html`${typographic(answers(everyVerdict)[0]?.answer.join(' ') ?? '')}`));
  expect(plainText(header)).toContain(` every verdict ${answer} 9 models`);
  expect(header).toContain('<p>A note.</p>');
});

const data = await storedReport('two-types');
const [run] = data.runs.values();
if (!run) throw new Error('no run');
test('the page asks for nothing, runs one script, by its own policy, and has each section once, in the order of its contents', async () => {
  const page = reportPage(data, comparisonCharts(data));
  const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? '';
  const hash = createHash('sha256').update(script).digest('base64');
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`);
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).not.toMatch(
    /\b(src|srcset|action|poster)="|href="(?!#)|@import|url\((?!#)|<(link|iframe|object|embed|base)\b/,
  );
  const sections = [...page.matchAll(/<section id="([^"]*)"/g)].map(([, id]) => id);
  const links = [...page.matchAll(/<li><a href="#([^"]*)"/g)].map(([, id]) => id);
  expect(links).toEqual(sections);
  expect(new Set(sections).size).toBe(sections.length);
  expect(sections.at(-1)).toBe('again');
  expect(page.length).toBeLessThan(1_000_000);
  for (const id of new Set([...page.matchAll(/ aria-describedby="([^"]*)"/g)].map(([, note]) => note)))
    expect(page.split(` id="${id}"`)).toHaveLength(2);
});

test('what a config or a data set says is text everywhere', () => {
  const tag = '<script>alert(1)</script>';
  const breakout = `"><img src=x onerror='alert(2)'>`;
  const comparison: Comparison = JSON.parse(
    JSON.stringify({ ...everyVerdict, axes: { income: ['PLE'] } })
      .replaceAll('"point":{}', '"point":{"income":"PLE"}')
      .replace(/A note|income/g, tag)
      .replace(/every verdict|PLE/g, JSON.stringify(breakout).slice(1, -1)),
  );
  const own: FinishedRun = {
    ...run,
    environment: { [tag]: { [breakout]: tag } },
    result: { ...run.result, name: breakout, dataset: { ...run.result.dataset, checksum: breakout } },
  };
  const page = reportPage(
    { comparison, runs: new Map([['PLE-1', own]]), command: `ple ${breakout}`, config: `name: ${tag}` },
    [],
  );
  const tags = page.match(/<[a-z!/][^>]*>/gi)?.map((text) => text.replace(/"[^"]*"/g, '')) ?? [];
  expect(tags.filter((text) => /alert|onerror|img|src/.test(text))).toEqual([]);
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('&quot;&gt;&lt;img src=x onerror=&#39;alert(2)&#39;&gt;');
});

test('what a search chose for a model stands with its runs', () => {
  const models = everyVerdict.models.map((model) => ({ ...model, tuned: { 'model.dropout': 0.1 } }));
  const page = reportPage(bare({ comparison: { ...everyVerdict, models } }), []);
  expect(page).toContain('<p>Chosen by the search: <code>{&quot;model.dropout&quot;:0.1}</code></p>');
  expect(reportPage(bare(), [])).not.toMatch('Chosen by the search');
});
