import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tenModels } from '../report.fixture.js';
import { type Box, type Place, placeLabels } from './label-placement.js';

const area = { width: 350, height: 320 };
const fontSize = 11.5;
const labels = tenModels.map(({ label }) => label);

const covers = (a: Box, b: Box) =>
  Math.min(a.right, b.right) > Math.max(a.left, b.left) && Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top);

function faults(points: readonly Place[]): string[] {
  const placed = placeLabels(points, area, fontSize).flatMap((box, index) =>
    box ? [{ box, label: points[index]?.label ?? '' }] : [],
  );
  const pairs = placed.flatMap((a, i) =>
    placed.slice(i + 1).flatMap((b) => (covers(a.box, b.box) ? [`${a.label} on ${b.label}`] : [])),
  );
  const hidden = placed.flatMap(({ box, label }) =>
    points.flatMap(({ x, y }) =>
      x > box.left && x < box.right && y > box.top && y < box.bottom ? [`${label} on a point`] : [],
    ),
  );
  const outside = placed.filter(
    ({ box }) => box.left < 0 || box.top < 0 || box.right > area.width || box.bottom > area.height,
  );
  return [...pairs, ...hidden, ...outside.map(({ label }) => `${label} outside`)];
}

test('points with room around them have labels, to their right but for one at the edge', () => {
  const [left, right] = placeLabels(
    [
      { label: 'mmoe', x: 50, y: 50 },
      { label: 'ple', x: 345, y: 200 },
    ],
    area,
    fontSize,
  );
  expect(left?.left).toBeGreaterThan(50);
  expect(right?.right).toBeLessThan(345);
});

test('labels of ten clustered points do not overlap, wherever the cluster is', () => {
  const coordinate = (to: number) => fc.double({ min: 10, max: to - 10, noNaN: true });
  const offset = fc.double({ min: -20, max: 20, noNaN: true });
  const cluster = fc.tuple(
    coordinate(area.width),
    coordinate(area.height),
    fc.array(fc.tuple(offset, offset), { minLength: 10, maxLength: 10 }),
  );
  const within = (value: number, to: number) => Math.min(Math.max(value, 0), to);
  fc.assert(
    fc.property(cluster, ([x, y, offsets]) => {
      const points = offsets.map(([dx, dy], index) => {
        return { label: labels[index] ?? '', x: within(x + dx, area.width), y: within(y + dy, area.height) };
      });
      expect(faults(points)).toEqual([]);
    }),
    { numRuns: 60, seed: 3 },
  );
});
