import { expect, test } from 'vitest';
import { drawSection, type Section } from './drawing.js';
import { layer, type PanelSpec, plot, tip } from './plot.js';

const section = (spec: PanelSpec): Section => ({
  id: 'a-section',
  title: 'Section',
  note: ['Note'],
  size: 'medium',
  drawings: [{ id: 'a-chart', title: 'Title', remarks: ['Remark'], panels: [{ spec }] }],
});
const draw = async (of: Section) => {
  const [chart] = (await drawSection(of)).charts;
  if (!chart) throw new Error('no chart');
  return chart;
};
const rows = [
  { x: 'a', y: 1, tip: tip(3, 'one "a" & <b>', '0.123456') },
  { x: 'b', y: 2, tip: tip(null, 'two') },
  { x: 'c', y: 3, tip: tip(4) },
];
const x = { title: null, names: ['a', 'b', 'c'] };
const layers = [layer('bar', rows, { clip: true })];
const bar = plot({ width: 90, height: 90, x, y: { title: null }, layers });

test('a chart that cannot be drawn is an error, not a message and an empty chart', async () => {
  const data = { values: [{ a: 1 }] };
  const transform = [{ calculate: 'datum.a.b.c', as: 'x' }];
  await expect(draw(section({ data, transform, mark: 'point' }))).rejects.toThrow(/undefined/);
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
