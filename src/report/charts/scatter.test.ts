import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { fontSize } from './plot.js';
import { scatters } from './scatter.js';
import { layersOf } from './spec.fixture.js';
import { textWidth } from './text-width.js';

const mixed = await reportFixture({
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'time', type: 'regression' },
  ],
  failed: ['mmoe'],
  rows: 400,
});
test('models stand at their gains, with the intervals of the gains', () => {
  const { comparison } = mixed;
  const [section] = scatters(comparison);
  expect(section?.drawings.map(({ title }) => title)).toEqual(['click and time']);
  const layers = layersOf(section?.drawings[0]?.panels[0]?.spec);
  const models = comparison.rows.slice(1).filter(({ label }) => label !== 'mmoe');
  const points = layers.at(-1) ?? [];
  expect(points.map(({ x, y }) => [x, y])).toEqual(
    models.map(({ tasks: { click, time } }) => [click?.gain, time?.gain]),
  );
  const bars = (key: 'x' | 'y') => layers.find((rows) => rows[0] && `${key}2` in rows[0] && 'tip' in rows[0]) ?? [];
  expect(bars('x').map(({ x, x2 }) => [x, x2])).toEqual(models.map(({ tasks }) => tasks.click?.interval));
  expect(bars('y').map(({ y, y2 }) => [y, y2])).toEqual(models.map(({ tasks }) => tasks.time?.interval));
});

test('every interval ends within the frame, and no word of a corner crosses a zero line', () => {
  const { comparison } = mixed;
  for (const sign of [1, -1]) {
    const by = (ends: readonly [number, number] | null) =>
      ends && ([-900 * Math.abs(ends[0]), sign * ends[1]] as const);
    const rows = comparison.rows.map((row) => ({
      ...row,
      tasks: Object.fromEntries(
        Object.entries(row.tasks).map(([name, gain]) => [name, { ...gain, interval: by(gain.interval) }]),
      ),
    }));
    const spec = scatters({ ...comparison, rows })[0]?.drawings[0]?.panels[0]?.spec;
    const layers = layersOf(spec);
    const [x, y] = domainsOf(spec);
    for (const row of layers.flat())
      for (const [domain, ends] of [
        [x, [row['x'], row['x2']]],
        [y, [row['y'], row['y2']]],
      ] as const)
        for (const end of ends)
          if (typeof end === 'number') {
            expect(end).toBeGreaterThanOrEqual(domain?.[0] ?? Number.NaN);
            expect(end).toBeLessThanOrEqual(domain?.[1] ?? Number.NaN);
          }
    const zero = (-362 * (x?.[0] ?? 0)) / ((x?.[1] ?? 0) - (x?.[0] ?? 0));
    for (const { text, left: at } of layers.flat().filter((row) => 'left' in row)) {
      const width = textWidth(String(text), fontSize);
      const [start, end] = Number(at) < 181 ? [Number(at), Number(at) + width] : [Number(at) - width, Number(at)];
      expect(start > zero || end < zero).toBe(true);
    }
  }
});

/** The domains of the horizontal and the vertical axis. */
function domainsOf(spec: unknown): readonly (readonly number[])[] {
  const found = [...JSON.stringify(spec).matchAll(/"(x|y)":\{[^{}]*"scale":\{[^{}]*"domain":\[([^\]]*)\]/g)];
  return ['x', 'y'].map(
    (axis) =>
      found
        .find(([, name]) => name === axis)?.[2]
        ?.split(',')
        .map(Number) ?? [],
  );
}
