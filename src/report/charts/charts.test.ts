import { expect, test } from 'vitest';
import { must } from '../../support/must.js';
import { toText } from '../html.js';
import { comparisonOf, everyModel, ofOneSeed, storedReport } from '../report.fixture.js';
import { chartFiles, type Section, sectionHtml } from './chart.js';
import { comparisonCharts } from './charts.js';
import { chartStyles } from './palette.js';
import { drawPlot } from './plot.js';

const evil = {
  ...{ '"click"': '<script>alert(1)</script>', '"time"': '"><img src=x>', '"MMoE"': '"var(--ink)"' },
  '"CGC"': 'bell \u0007, half \ud800',
};
const twoTypes = await storedReport('two-types');
const named = await storedReport('two-types', (facts) => {
  const texts = Object.entries(evil);
  return JSON.parse(
    texts.reduce((text, [name, other]) => text.replaceAll(name, JSON.stringify(other)), JSON.stringify(facts)),
  );
});
const nothing = comparisonOf(everyModel.filter(({ label }) => label === 'Failed'));
const axis = await storedReport('axis');

const drawn = new Map<string, readonly Section[]>();
for (const [name, data] of Object.entries({
  ...{ 'two types of task, a failed model, names of markup': named, 'an axis': axis },
  'one seed and task': await storedReport('two-types', ofOneSeed),
  'nothing finished': { ...twoTypes, runs: new Map(), comparison: nothing },
}))
  drawn.set(name, comparisonCharts(data));

const plotsOf = (sections: readonly Section[]) =>
  sections.flatMap((section) => toText(sectionHtml(section)).match(/<svg xmlns[\s\S]*?<\/svg><\/g><\/svg>/g) ?? []);

/** Tags and texts of an SVG. Fails where it is not well-formed. */
function parse(svg: string): { readonly tags: readonly string[]; readonly texts: readonly string[] } {
  const parts = svg.split(/(<[^>]*>)/).filter((part) => part !== '');
  const tags = parts.filter((part) => part.startsWith('<'));
  const texts = parts.filter((part) => !part.startsWith('<'));
  const open: string[] = [];
  for (const tag of tags) {
    expect(tag).toMatch(/^<(?:\/[\w:]+|[\w:]+(?: [\w:-]+="[^"<]*")*)>$/);
    const name = /[\w:]+/.exec(tag)?.[0] ?? '';
    if (tag.startsWith('</')) expect(open.pop()).toBe(name);
    else open.push(name);
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

test.each([...drawn])('%s: drawings are well-formed, named and coloured', (_, sections) => {
  const plots = plotsOf(sections);
  expect(plots).toHaveLength(sections.flatMap(({ charts }) => charts.flatMap((chart) => chart.plots)).length);
  const files = sections.flatMap(chartFiles);
  for (const svg of [...plots, ...files.map((file) => file.svg)]) {
    const { tags } = parse(svg);
    expect(tags[0]).toMatch(/role="img".* viewBox="0 0 \d+ \d+" /);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|>null</);
    const names = tags.map((tag) => tag.replace(/"[^"]*"/g, ''));
    expect(names.filter((tag) => /script|<img|onerror|href|<image|<style/.test(tag))).toEqual([]);
    const foreign = [...svg].filter((one) => (one < ' ' && one !== '\n') || /\p{Surrogate}/u.test(one));
    expect(foreign).toEqual([]); // characters that XML does not have
  }
  for (const { name, svg } of files) {
    expect(name).toMatch(/^[a-z]+(-\d+)?\.svg$/);
    expect(svg).toMatch(
      /^<svg [^>]*><title>[^<]+<\/title><desc>[^<]+<\/desc><rect width="100%" height="100%" fill="#ffffff">/,
    );
    expect(parse(svg).tags.join()).not.toMatch(/var\(|data-/);
  }
  expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
  for (const svg of plots) {
    const variables = new Set(
      parse(svg)
        .tags.join()
        .match(/var\(--\w+\)/g),
    );
    expect(variables.size).toBeGreaterThan(1);
    for (const variable of variables) expect(chartStyles).toContain(`${variable.slice(4, -1)}: #`);
    expect(svg.match(/"#[0-9a-f]{3,6}"/)?.[0]).toBeUndefined(); // no colour that a dark page would not change
  }
  for (const section of sections)
    for (const svg of plotsOf([section]))
      expect(svg).toMatch(new RegExp(`^<svg [^>]*aria-label="[^"]+" aria-describedby="${section.id}-note"`));
});

test('what there is to draw decides the sections', () => {
  expect([...drawn.values()].map((sections) => sections.map(({ id }) => id))).toEqual([
    ['forest', 'tasks', 'learning', 'experts'],
    ['forest', 'axis', 'tasks', 'learning', 'experts'],
    ['forest', 'learning', 'experts'],
    [],
  ]);
  const forest = drawn.get('an axis')?.[0]?.charts[0]?.plots.map(({ title, y }) => [title, y.names]);
  const mean = ', mean over all points';
  expect(forest).toEqual([
    ...['y1', 'y2', 'Δm'].map((name) => [name, ['PLE, 0.2', 'PLE, 1', 'MMoE, 0.2', 'MMoE, 1']]),
    ...['y1', 'y2', 'Δm'].map((name) => [name + mean, ['PLE', 'MMoE']]),
  ]);
});

test('names of markup are shown as text, in tips and files too', () => {
  const sections = [...drawn.values()][0] ?? [];
  const shown = plotsOf(sections)
    .flatMap((svg) => parse(svg).texts)
    .map(decoded);
  const filed = sections
    .flatMap(chartFiles)
    .flatMap(({ svg }) => parse(svg).texts)
    .map(decoded);
  const names = Object.values(evil).map((name) => name.replace('\u0007', '\ufffd').replace('\ud800', '\ufffd'));
  for (const name of names) for (const texts of [shown, filed]) expect(texts).toContain(name);
  const tips = plotsOf(sections).flatMap((svg) =>
    [...svg.matchAll(/ data-tip="([^"]*)"/g)].map(([, text = '']) => decoded(text)),
  );
  for (const name of names) expect(tips.some((text) => text.includes(name))).toBe(true);
});

test('a gain far outside is written at the edge, and leaves the others their scale', () => {
  const gains = twoTypes.comparison.gains.map((gain) =>
    gain.model === 'MMoE' && gain.task ? { ...gain, gain: -9, low: -9.1, high: -8.9, simultaneous: null } : gain,
  );
  const sections = comparisonCharts({ ...twoTypes, comparison: { ...twoTypes.comparison, gains } });
  const [forest] = plotsOf(sections.filter(({ id }) => id === 'forest'));
  expect(parse(must(forest, 'forest')).texts.some((text) => /^◀ -9\.0+$/.test(text))).toBe(true);
  const [low = 0] = must(sections[0]?.charts[0]?.plots[0]?.x.domain, 'domain');
  expect(low).toBeGreaterThan(-1);
});

test('a learning curve ends where more than half of the runs have stopped, each with a dot at the epoch that was kept', () => {
  const [plot = ''] = plotsOf(comparisonCharts(twoTypes).filter(({ id }) => id === 'learning'));
  const thick = must(/<path d="(M[^"]*)"[^>]*stroke-width="2"/.exec(plot)?.[1], 'mean');
  expect(thick.split('L')).toHaveLength(7); // seeds 1 to 4 stop at 7, 6, 8 and 7
  const best = [...plot.matchAll(/data-tip="single-task, seed (\d)\nkept epoch (\d)/g)].map((match) => match.slice(1));
  expect(best).toEqual(['16', '25', '37', '46'].map((text) => [...text]));
});

test('where the last epoch is kept, learning curves say so, and their axis is named', () => {
  const learning = comparisonCharts(axis).filter(({ id }) => id === 'learning');
  expect(learning[0]?.note).toContain('its dot is the last, whose parameters were kept');
  expect(plotsOf(learning)[0]).toContain('>epoch</text>');
});

test('a heat map has the gates’ mean weights of the first seed, own experts before shared ones', () => {
  const [experts] = comparisonCharts(twoTypes).filter(({ id }) => id === 'experts');
  const [plot] = must(experts?.charts[0], 'chart').plots;
  expect(plot?.x.names?.at(-1)).toBe('shared/1');
  expect(plot?.title).toBe('CGC');
  const gate = must(twoTypes.runs.get('run-2-1')?.gates[0], 'gate');
  const text = plotsOf(experts ? [experts] : [])[0] ?? '';
  for (const [index, weight] of gate.mean.entries())
    expect(text).toContain(`gate ${gate.gate} gives ${weight.toFixed(3)} to expert ${gate.experts[index]}`);
});

test('ticks of large values are powers of ten', () => {
  const ticks = (domain: readonly [number, number], format?: string) => {
    const axis = { domain, ...(format === undefined ? {} : { format }) };
    const { svg } = drawPlot({ height: 100, x: { names: [''] }, y: axis, marks: [] }, 368);
    return parse(`<svg>${toText(svg)}</svg>`).texts;
  };
  expect(ticks([-1e15, 1.6e15], '+f')).toEqual(['−1e+15', '0', '+1e+15']);
  expect(ticks([1.4e15, 1.9e15])).toEqual(['1.4e+15', '1.6e+15', '1.8e+15']);
  expect(ticks([0, 400_000])).toEqual(['0', '200,000', '400,000']);
});
