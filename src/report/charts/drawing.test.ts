import { expect, test } from 'vitest';
import { type Drawing, draw } from './drawing.js';
import { shortened, textWidth, wrapped } from './text-width.js';

const drawing = (spec: Drawing['spec']): Drawing => {
  return { id: 'a-chart', section: 'gains', title: 'Title', caption: 'Caption', spec };
};

test('a chart that cannot be drawn is an error, not a message and an empty chart', async () => {
  const data = { values: [{ a: 1 }] };
  const transform = [{ calculate: 'datum.a.b.c', as: 'x' }];
  await expect(draw(drawing({ data, transform, mark: 'point' }))).rejects.toThrow(/undefined/);
});

test('two charts that clip their marks do not share an id', async () => {
  const spec: Drawing['spec'] = {
    data: { values: [{ a: 1 }] },
    mark: { type: 'bar', clip: true },
    encoding: { y: { field: 'a', type: 'quantitative' } },
  };
  const { svg } = await draw(drawing(spec));
  const reference = /clip-path="url\(#([^)]+)\)"/.exec(svg)?.[1] ?? '';
  expect(reference).toMatch(/^a-chart-clip/);
  expect(svg).toContain(`<clipPath id="${reference}">`);
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
