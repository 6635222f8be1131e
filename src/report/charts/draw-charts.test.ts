import { expect, test } from 'vitest';
import { type ReportOptions, reportFixture } from '../report.fixture.js';
import type { Chart } from '../report-data.js';
import { drawCharts } from './draw-charts.js';
import { chartStyles } from './palette.js';

const task = (name: string, type: 'binary' | 'regression' = 'binary') => ({ name, type });
const small = { rows: 300, seeds: 2, epochs: 4 } as const;
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

const drawn = new Map<string, readonly Chart[]>();
for (const [name, options] of Object.entries(cases)) drawn.set(name, await drawCharts(reportFixture(options)));

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

test.each([...drawn])(
  '%s: charts are well-formed, without undefined values, and have text alternatives',
  (_, charts) => {
    for (const { id, title, caption, svg, standalone } of charts) {
      for (const drawing of [svg, standalone]) {
        const { tags, texts } = parse(drawing);
        expect(tags[0]).toContain('role="img"');
        expect(tags[0]).toContain(`aria-labelledby="${id}-title" aria-describedby="${id}-description"`);
        expect(tags[0]).toMatch(/viewBox="0 0 [\d.]+ [\d.]+"/);
        expect(decoded(texts[0] ?? '')).toBe(title);
        expect(decoded(texts[1] ?? '')).toBe(caption);
        expect(title).not.toBe('');
        expect(drawing).not.toMatch(/NaN|undefined|Infinity|>null</);
        expect(
          tags.filter((tag) => /script|<img|onerror|href|<image|<style/.test(tag.replace(/"[^"]*"/g, ''))),
        ).toEqual([]);
      }
    }
  },
);

test.each([...drawn])(
  '%s: a drawing for a paper has real colours, one for a page has only known variables',
  (_, charts) => {
    for (const { svg, standalone } of charts) {
      expect(standalone).not.toContain('var(');
      expect(standalone).toMatch(/<rect width="[\d.]+" height="[\d.]+" fill="#ffffff"\/>/);
      const variables = new Set(svg.match(/var\(--\w+\)/g));
      expect(variables.size).toBeGreaterThan(2);
      for (const variable of variables) expect(chartStyles).toContain(`${variable.slice(4, -1)}: #`);
      expect(svg.replace(/var\(--\w+\)/g, '')).not.toMatch(/"#[0-9a-f]{3,6}"/); // no colour that a dark page would not change
    }
  },
);

test.each([...drawn])('%s: ids are unique, and references stay in their chart', (_, charts) => {
  const ids = charts.flatMap(({ svg }) => [...svg.matchAll(/ id="([^"]*)"/g)].map((match) => match[1] ?? ''));
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, svg } of charts) {
    expect(id).toMatch(/^[A-Za-z0-9-]+$/);
    for (const [, reference = ''] of svg.matchAll(/url\(#([^)]*)\)/g)) {
      expect(reference).toMatch(new RegExp(`^${id}-`));
      expect(svg).toContain(` id="${reference}"`);
    }
  }
});

test('what there is to draw decides the sections', () => {
  const sections = (name: string) => [...new Set(drawn.get(name)?.map(({ section }) => section))];
  expect(sections('ten models')).toEqual(['scatter', 'gains', 'experts', 'learning', 'calibration']);
  expect(sections('two types of task, a failed model, moving weights')).toContain('weights');
  expect(sections('an axis')).toEqual(['scatter', 'axis', 'experts', 'learning']);
  expect(sections('one task')).not.toContain('scatter');
  expect(sections('nothing finished')).toEqual([]);
});

test('names of markup are shown as text, and captions have them', () => {
  const charts = drawn.get('names of markup') ?? [];
  const shown = charts.flatMap(({ svg }) => parse(svg).texts).map(decoded);
  for (const name of [...evil, "a & b's <b>"]) expect(shown).toContain(name);
});

test('characters that XML does not have are replaced', async () => {
  const models = [
    { label: 'single-task', type: 'single-task' },
    { label: 'bell \u0007, half \ud800', type: 'mmoe' },
  ];
  const charts = await drawCharts(reportFixture({ ...small, models }));
  for (const { svg } of charts)
    expect([...svg].filter((character) => character < ' ' || /\p{Surrogate}/u.test(character))).toEqual([]);
  expect(charts[0]?.svg).toContain('bell \ufffd, half \ufffd');
});

test('charts fit a page of a phone: width of little more than 400 pixels', () => {
  const widths = [...drawn.values()].flat().map(({ svg }) => Number(/ width="([\d.]+)"/.exec(svg)?.[1]));
  expect(Math.max(...widths)).toBeLessThan(500);
  expect(Math.min(...widths)).toBeGreaterThan(200);
});
