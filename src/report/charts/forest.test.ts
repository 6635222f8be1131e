import { expect, test } from 'vitest';
import type { TaskGain } from '../../comparison/comparison.js';
import { reportFixture } from '../report.fixture.js';
import { forest } from './forest.js';

test('each task has a scale of its own: its widest interval fills most of its panel, whatever the other tasks need', async () => {
  const two = ['near', 'far'].map((name) => ({ name, type: 'regression' as const }));
  const { comparison: other } = await reportFixture({ tasks: two, models: tenth, rows: 300 });
  const rows = other.rows.map((row) => ({
    ...row,
    tasks: Object.fromEntries(
      Object.entries(row.tasks).map(([name, gain]) => [name, name === 'far' ? tenfold(gain) : gain]),
    ),
  }));
  const drawn = (from: typeof rows) =>
    JSON.stringify(forest({ ...other, rows: from })[0]?.charts[0]?.panels[0]).match(/"domain":\[[^\]]*\]/g);
  expect(drawn(rows)).toEqual(drawn([...other.rows]));
  expect(drawn(rows)?.length).toBeGreaterThan(0);
});

const tenth = ['single-task', 'mmoe', 'ple'].map((label) => ({ label, type: label }));

function tenfold(gain: TaskGain): TaskGain {
  const by = (ends: readonly [number, number] | null) => ends && ([10 * ends[0], 10 * ends[1]] as const);
  return {
    ...gain,
    gain: gain.gain && 10 * gain.gain,
    interval: by(gain.interval),
    simultaneous: by(gain.simultaneous),
  };
}
