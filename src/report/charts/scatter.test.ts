import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { scatters } from './scatter.js';
import { drawnLayers } from './spec.fixture.js';
import { fontSize, textWidth } from './text-width.js';

const mixed = await reportFixture({
  tasks: [
    { name: 'click', type: 'binary' },
    { name: 'time', type: 'regression' },
  ],
  failed: ['mmoe'],
  rows: 400,
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
    const panel = scatters({ ...comparison, rows })[0]?.charts[0]?.panels[0];
    const layers = drawnLayers(panel);
    const [x, y] = [panel?.plots[0]?.x.domain, panel?.plots[0]?.y.domain];
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
    for (const { text = '', corner } of layers.flat().filter((row) => row.corner)) {
      const width = textWidth(text, fontSize) + 4;
      expect(corner?.[0] === 'left' ? width < zero : 362 - width > zero).toBe(true);
    }
  }
});
