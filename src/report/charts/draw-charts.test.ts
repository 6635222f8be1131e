import { expect, test } from 'vitest';
import { runTasks } from '../page/run-page.js';
import { type ReportOptions, reportFixture } from '../report.fixture.js';
import { drawCharts, drawRunCharts } from './draw-charts.js';
import type { ChartSection } from './drawing.js';
import { chartStyles } from './palette.js';

const task = (name: string, type: 'binary' | 'regression' = 'binary') => ({ name, type });
const small = { rows: 300, seeds: 3, epochs: 4 } as const;
const evil = ['<script>alert(1)</script>', '"><img src=x>'] as const;

const cases: Readonly<Record<string, ReportOptions>> = {
  'ten models': { rows: 300 },
  'two types of task, a failed model, moving weights': {
    ...small,
    tasks: [task('click'), task('time', 'regression'), task('share')],
    failed: ['mmoe'],
    decay: true,
  },
  'an axis': {
    ...small,
    tasks: [task('y1', 'regression'), task('y2', 'regression')],
    axis: { key: 'dataset.correlation', values: [0.2, 0.5, 1] },
  },
  'one seed': { ...small, seeds: 1 },
  'one task': { ...small, tasks: [task('income')] },
  'no baseline': { ...small, failed: ['single-task'] },
  'nothing finished': { ...small, models: [{ label: 'a', type: 'mmoe' }], failed: ['a'] },
  'names of markup': {
    ...small,
    decay: true,
    tasks: evil.map((name) => task(name)),
    models: [
      { label: 'single-task', type: 'single-task' },
      { label: '"><img src=x>', type: 'mmoe' },
      { label: "a & b's <b>", type: 'ple' },
    ],
  },
};

const drawn = new Map<string, readonly ChartSection[]>();
for (const [name, options] of Object.entries(cases)) drawn.set(name, await drawCharts(await reportFixture(options)));
const [run] = [...(await reportFixture({ ...small, decay: true })).runs.values()].slice(-1);
if (run) drawn.set('a single run', await drawRunCharts(run, runTasks(run)));

/** Every drawing of a page, and with `alone` every one that stands alone. */
const panelsOf = (sections: readonly ChartSection[]) =>
  sections.flatMap(({ charts }) => charts.flatMap(({ panels }) => panels));
const aloneOf = async (sections: readonly ChartSection[]) =>
  Promise.all(
    sections.flatMap(({ charts }) => charts.map(async ({ id, standalone }) => ({ id, svg: await standalone() }))),
  );

/** Tags and texts of an SVG. Fails where it is not well-formed. */
function parse(svg: string): { readonly tags: readonly string[]; readonly texts: readonly string[] } {
  const parts = svg.split(/(<[^>]*>)/).filter((part) => part !== '');
  const tags = parts.filter((part) => part.startsWith('<'));
  const texts = parts.filter((part) => !part.startsWith('<'));
  const open: string[] = [];
  for (const tag of tags) {
    expect(tag).toMatch(/^<(?:\/[\w:]+|[\w:]+(?: [\w:-]+="[^"<]*")*\/?)>$/);
    const name = /[\w:]+/.exec(tag)?.[0] ?? '';
    if (tag.startsWith('</')) expect(open.pop()).toBe(name);
    else if (!tag.endsWith('/>')) open.push(name);
  }
  expect(open).toEqual([]);
  for (const text of texts) expect(text).toMatch(/^(?:[^&<>]|&(?:amp|lt|gt|#\d+);)*$/);
  return { tags, texts };
}

const decoded = (text: string) =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

test.each([...drawn])('%s: drawings are well-formed, without undefined values, and have names', async (_, sections) => {
  const alone = await aloneOf(sections);
  for (const svg of [...panelsOf(sections), ...alone.map((drawing) => drawing.svg)]) {
    const { tags } = parse(svg);
    expect(tags[0]).toMatch(/role="img".* viewBox="0 0 [\d.]+ [\d.]+">$/);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|>null</);
    expect(tags.filter((tag) => /script|<img|onerror|href|<image|<style/.test(tag.replace(/"[^"]*"/g, '')))).toEqual(
      [],
    );
  }
  for (const { id, note, charts } of sections) {
    expect(note).not.toBe('');
    for (const svg of charts.flatMap(({ panels }) => panels))
      expect(svg).toMatch(new RegExp(`^<svg [^>]*aria-label="[^"]+" aria-describedby="${id}-note"`));
  }
  for (const { svg } of alone) expect(svg).toMatch(/^<svg [^>]*><title>[^<]+<\/title><desc>[^<]+<\/desc>/);
});

test.each([...drawn])(
  '%s: a drawing for a paper has real colours, one for a page has only known variables',
  async (_, sections) => {
    for (const { svg } of await aloneOf(sections)) {
      expect(svg).not.toMatch(/var\(|data-/);
      expect(svg).toMatch(/<rect width="[\d.]+" height="[\d.]+" fill="#ffffff"\/>/);
    }
    for (const svg of panelsOf(sections)) {
      const variables = new Set(svg.match(/var\(--\w+\)/g));
      expect(variables.size).toBeGreaterThan(2);
      for (const variable of variables) expect(chartStyles).toContain(`${variable.slice(4, -1)}: #`);
      expect(svg.match(/"#[0-9a-f]{3,6}"/)?.[0]).toBeUndefined(); // no colour that a dark page would not change
    }
  },
);

test.each([...drawn])('%s: ids are unique, and references stay in their drawing', (_, sections) => {
  const charts = sections.flatMap((section) => section.charts);
  const names = [...sections, ...charts].map(({ id }) => id);
  for (const id of names) expect(id).toMatch(/^[A-Za-z0-9-]+$/);
  expect(new Set(charts.map(({ id }) => id)).size).toBe(charts.length);
  const ids = panelsOf(sections).flatMap((svg) => [...svg.matchAll(/ id="([^"]*)"/g)].map((match) => match[1] ?? ''));
  expect(new Set(ids).size).toBe(ids.length);
  for (const svg of panelsOf(sections))
    for (const [, reference = ''] of svg.matchAll(/url\(#([^)]*)\)/g)) expect(svg).toContain(` id="${reference}"`);
});

test('what there is to draw decides the sections', () => {
  const sections = (name: string) => drawn.get(name)?.map(({ id }) => id);
  expect(sections('ten models')).toEqual(['forest', 'scatter', 'learning', 'experts', 'parameters', 'calibration']);
  expect(sections('two types of task, a failed model, moving weights')).toEqual([
    ...['forest', 'scatter', 'learning', 'experts', 'parameters', 'calibration', 'predicted', 'weights'],
  ]);
  expect(sections('an axis')).toEqual(['axis', 'scatter', 'learning', 'experts', 'parameters', 'predicted']);
  expect(sections('one task')).not.toContain('scatter');
  expect(sections('nothing finished')).toEqual([]);
  expect(sections('a single run')).toEqual(['learning', 'calibration', 'experts', 'weights']);
});

test('names of markup are shown as text, in tips too', () => {
  const svgs = panelsOf(drawn.get('names of markup') ?? []);
  const shown = svgs.flatMap((svg) => parse(svg).texts).map(decoded);
  for (const name of [...evil, "a & b's <b>"]) expect(shown).toContain(name);
  const tips = svgs.flatMap((svg) => [...svg.matchAll(/ data-tip="([^"]*)"/g)].map(([, text = '']) => decoded(text)));
  for (const name of evil) expect(tips.some((text) => text.replaceAll('&quot;', '"').includes(name))).toBe(true);
});

test('characters that XML does not have are replaced', async () => {
  const models = [
    { label: 'single-task', type: 'single-task' },
    { label: 'bell \u0007, half \ud800', type: 'mmoe' },
  ];
  const sections = await drawCharts(await reportFixture({ ...small, models }));
  for (const svg of panelsOf(sections))
    expect(
      [...svg].filter((character) => (character < ' ' && character !== '\n') || /\p{Surrogate}/u.test(character)),
    ).toEqual([]);
  expect(panelsOf(sections)[0]).toContain('bell \ufffd, half \ufffd');
});

test('panels fit a page of a phone: width of little more than 400 pixels, or half of that', () => {
  const sections = [...drawn.values()].flat();
  const widths = (size: ChartSection['size']) =>
    panelsOf(sections.filter((section) => section.size === size)).map((svg) =>
      Number(/ width="([\d.]+)"/.exec(svg)?.[1]),
    );
  expect(Math.min(...widths('medium'))).toBe(440);
  expect(Math.max(...widths('medium'))).toBeLessThan(480);
  expect(Math.min(...widths('small'))).toBe(216);
  expect(Math.max(...widths('small'))).toBeLessThan(240);
});

test('the page of ten models is drawn small enough', () => {
  const size = panelsOf(drawn.get('ten models') ?? []).reduce((sum, svg) => sum + svg.length, 0);
  expect(size).toBeLessThan(1_000_000);
});
