import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { axisBars } from './axis-bars.js';
import { layersOf } from './spec.fixture.js';

test('bars of gains against an axis stand at each of its values', async () => {
  const axis = { key: 'dataset.correlation', values: [0.2, 0.5, 1] };
  const tasks = ['y1', 'y2'].map((name) => ({ name, type: 'regression' as const }));
  const { comparison } = await reportFixture({ tasks, axis, failed: ['mmoe'], rows: 60, seeds: 3, epochs: 2 });
  const [section] = axisBars(comparison);
  expect(section?.title).toBe('Gains by correlation');
  expect(section?.drawings.map(({ title }) => title)).toEqual(['y1', 'y2']);
  const [rows = [], intervals = []] = layersOf(section?.drawings[0]?.panels[0]?.spec);
  expect(rows).toHaveLength(3 * 8); // neither the baseline nor the failed one
  for (const { label, axis: at, tasks: own } of comparison.rows) {
    const isOwn = (row: (typeof rows)[number]) => row.offset === label && row.x === String(at['dataset.correlation']);
    const interval = intervals.find(isOwn);
    expect(rows.find(isOwn)?.y).toBe(own.y1?.gain ?? undefined);
    expect([interval?.y, interval?.y2]).toEqual([own.y1?.interval?.[0], own.y1?.interval?.[1]]);
  }
});
