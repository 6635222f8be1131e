import { expect, test } from 'vitest';
import { type Drawing, description, drawSection, type PanelSpec, type Section, tip } from './drawing.js';
import { seriesOf } from './palette.js';
import { shortened, textWidth, wrapped } from './text-width.js';

const section = (spec: PanelSpec, drawing: Partial<Drawing> = {}): Section => ({
  id: 'a-section',
  title: 'Section',
  note: 'Note',
  key: [],
  size: 'medium',
  drawings: [
    {
      id: 'a-chart',
      title: 'Title',
      remarks: ['Remark'],
      panels: [{ title: '', spec }],
      key: [],
      columns: 1,
      ...drawing,
    },
  ],
});
const draw = async (of: Section) => {
  const [chart] = (await drawSection(of)).charts;
  if (!chart) throw new Error('no chart');
  return chart;
};
const bar: PanelSpec = {
  data: {
    values: [
      { a: 1, tip: tip(3, 'one "a" & <b>', '0.123456') },
      { a: 2, tip: tip(null, 'two') },
      { a: 3, tip: tip(4) },
    ],
  },
  mark: { type: 'bar', clip: true },
  encoding: { y: { field: 'a', type: 'quantitative' }, x: { field: 'a', type: 'nominal' }, ...description },
};

test('a chart that cannot be drawn is an error, not a message and an empty chart', async () => {
  const data = { values: [{ a: 1 }] };
  const transform = [{ calculate: 'datum.a.b.c', as: 'x' }];
  await expect(draw(section({ data, transform, mark: 'point' }))).rejects.toThrow(/undefined/);
});

test('panels of a chart that clip their marks do not share an id', async () => {
  const { panels } = await draw(
    section(bar, {
      panels: [
        { title: '1', spec: bar },
        { title: '2', spec: bar },
      ],
    }),
  );
  for (const [index, svg] of panels.entries()) {
    const reference = /clip-path="url\(#([^)]+)\)"/.exec(svg)?.[1] ?? '';
    expect(reference).toMatch(new RegExp(`^a-chart-${index + 1}-clip`));
    expect(svg).toContain(`<clipPath id="${reference}">`);
  }
});

test('marks have their tips, line by line and unrounded, and the place of their model; other marks have neither', async () => {
  const { panels } = await draw(section(bar));
  expect(panels[0]?.match(/ data-(tip|model)="[^"]*"/g)).toEqual([
    ' data-model="3"',
    ' data-tip="one &quot;a&quot; &amp; &lt;b&gt;&#xA;0.123456"',
    ' data-tip="two"',
    ' data-model="4"',
  ]);
  expect(panels[0]).not.toMatch(/aria-(?!label="Title"|describedby="a-section-note")/);
});

test('a drawing that stands alone has all panels, title, key, note and remarks, and no tips', async () => {
  const key = seriesOf(['one', 'two']);
  const panels = [
    { title: 'left', spec: bar },
    { title: 'right', spec: bar },
  ];
  const svg = await (await draw(section(bar, { panels, key, columns: 2 }))).standalone();
  const texts = [...svg.matchAll(/>([^<>]+)</g)].map(([, text]) => text);
  for (const text of ['Title', 'left', 'right', 'one', 'two', 'Note Remark']) expect(texts).toContain(text);
  expect(svg).not.toContain('data-');
  expect(Number(/ width="([\d.]+)"/.exec(svg)?.[1])).toBeGreaterThan(80);
});

test('texts are shortened in the middle and wrapped at spaces to a width', () => {
  expect(textWidth('WWW', 10)).toBeGreaterThan(2 * textWidth('iii', 10));
  expect(shortened('short', 10, 100)).toBe('short');
  const short = shortened('a long label that ends in 0.001', 10, 100);
  expect(short).toMatch(/^a lo.*….*001$/);
  expect(textWidth(short, 10)).toBeLessThanOrEqual(100);
  const lines = wrapped('a long label that ends in 0.001', 10, 80);
  expect(lines.join(' ')).toBe('a long label that ends in 0.001');
  expect(Math.max(...lines.map((line) => textWidth(line, 10)))).toBeLessThanOrEqual(80);
});
