import { expect, test } from 'vitest';
import { toText } from '../html.js';
import { type ReportOptions, reportFixture } from '../report.fixture.js';
import { type ChartSection, chartSvg, panelSvg } from './chart.js';
import { comparisonCharts } from './charts.js';
import { chartStyles } from './palette.js';

const evil = ['<script>alert(1)</script>', '"><img src=x>'] as const;
const [click = '', time = ''] = evil;
const regressions = ['y1', 'y2'].map((name) => ({ name, type: 'regression' as const }));
const single = { label: 'single-task', type: 'single-task' };
const small = { rows: 200, seeds: 3, epochs: 3, models: [single, { label: 'ple', type: 'ple' }] } as const;

const cases: Readonly<Record<string, ReportOptions>> = {
  'two types of task, a failed model, moving weights, names of markup': {
    ...small,
    decay: true,
    failed: ['lost'],
    tasks: [
      { name: click, type: 'binary' },
      { name: time, type: 'regression' },
    ],
    models: [
      single,
      { label: '"><img src=x>', type: 'mmoe' },
      { label: "a & b's <b>", type: 'ple' },
      { label: 'bell \u0007, half \ud800', type: 'cgc' },
      { label: 'lost', type: 'mmoe' },
    ],
  },
  'an axis': { ...small, tasks: regressions, axis: { key: 'dataset.correlation', values: [0.2, 1] } },
  'one seed and task': { ...small, seeds: 1, tasks: [{ name: 'income', type: 'binary' }] },
  'nothing finished': { ...small, models: [single], failed: ['single-task'] },
};

const drawn = new Map<string, readonly ChartSection[]>();
for (const [name, options] of Object.entries(cases))
  drawn.set(name, await comparisonCharts(await reportFixture(options)));

/** Every drawing of a page, and with `alone` every one that stands alone. */
const panelSvgs = (sections: readonly ChartSection[]) =>
  sections.flatMap((section) =>
    section.charts.flatMap((chart) => chart.panels.map((panel) => toText(panelSvg(section, chart, panel)))),
  );
const chartSvgs = (sections: readonly ChartSection[]) =>
  sections.flatMap((section) => section.charts.map((chart) => chartSvg(section, chart)));

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
  for (const text of texts) expect(text).toMatch(/^(?:[^&<>]|&(?:amp|lt|gt|quot|#\d+);)*$/);
  return { tags, texts };
}

const decoded = (text: string) =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');

test.each([...drawn])('%s: drawings are well-formed, named and coloured, with ids of their own', (_, sections) => {
  const [panels, alone] = [panelSvgs(sections), chartSvgs(sections)];
  for (const svg of [...panels, ...alone]) {
    const { tags } = parse(svg);
    expect(tags[0]).toMatch(/role="img".* viewBox="0 0 \d+ \d+" /);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|>null</);
    const names = tags.map((tag) => tag.replace(/"[^"]*"/g, ''));
    expect(names.filter((tag) => /script|<img|onerror|href|<image|<style/.test(tag))).toEqual([]);
    const foreign = [...svg].filter((one) => (one < ' ' && one !== '\n') || /\p{Surrogate}/u.test(one));
    expect(foreign).toEqual([]); // characters that XML does not have
  }
  for (const svg of alone) {
    expect(svg).toMatch(/^<svg [^>]*><title>[^<]+<\/title><desc>[^<]+<\/desc>/);
    expect(svg).not.toMatch(/var\(|data-/);
    expect(svg).toContain('<rect width="100%" height="100%" fill="#ffffff"></rect>');
  }
  for (const svg of panels) {
    const variables = new Set(svg.match(/var\(--\w+\)/g));
    expect(variables.size).toBeGreaterThan(2);
    for (const variable of variables) expect(chartStyles).toContain(`${variable.slice(4, -1)}: #`);
    expect(svg.match(/"#[0-9a-f]{3,6}"/)?.[0]).toBeUndefined(); // no colour that a dark page would not change
  }
  for (const section of sections) {
    const { id, note } = section;
    expect(note.join('')).not.toBe('');
    for (const svg of panelSvgs([section]))
      expect(svg).toMatch(new RegExp(`^<svg [^>]*aria-label="[^"]+" aria-describedby="${id}-note"`));
  }
  const charts = sections.flatMap((section) => section.charts.map(({ id }) => id));
  for (const id of charts) expect(id).toMatch(/^[A-Za-z0-9-]+$/);
  expect(new Set(charts).size).toBe(charts.length);
});

test('what there is to draw decides the sections', () => {
  expect([...drawn.values()].map((sections) => sections.map(({ id }) => id))).toEqual([
    ['forest', 'scatter', 'learning', 'paths', 'experts', 'calibration', 'weights'],
    ['axis', 'scatter', 'learning', 'paths', 'experts'],
    ['forest', 'learning', 'experts', 'calibration'],
    [],
  ]);
});

test('names of markup are shown as text, in tips too', () => {
  const svgs = panelSvgs([...drawn.values()][0] ?? []);
  const shown = svgs.flatMap((svg) => parse(svg).texts).map(decoded);
  for (const name of [...evil, "a & b's <b>", 'bell \ufffd, half \ufffd']) expect(shown).toContain(name);
  const tips = svgs.flatMap((svg) => [...svg.matchAll(/ data-tip="([^"]*)"/g)].map(([, text = '']) => decoded(text)));
  for (const name of evil) expect(tips.some((text) => text.includes(name))).toBe(true);
});
