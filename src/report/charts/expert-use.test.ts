import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { runsOfComparison, singleRun } from './charted-runs.js';
import { expertUse } from './expert-use.js';
import { layersOf } from './spec.fixture.js';

const models = ['single-task', 'cgc', 'ple'].map((type) => ({ label: type, type }));

test('the heat map has the mean weights of every gate under the first seed; collapsed gates of all seeds are told', async () => {
  const data = await reportFixture({ rows: 60, seeds: 3, epochs: 3, models });
  const [section] = expertUse(runsOfComparison(data));
  expect(section?.drawings.map(({ title }) => title)).toEqual(['cgc', 'ple']);
  const path = data.comparison.rows.find(({ label }) => label === 'ple')?.runs[0]?.path ?? '';
  const layers = layersOf(section?.drawings[1]?.panels[0]?.spec);
  const cells = [...(layers[0] ?? []), ...(layers[2] ?? [])]; // of both levels, without the numbers
  const gates = data.runs.get(path)?.gates ?? [];
  expect(gates).toHaveLength(5); // two tasks and the shared gate, then two tasks
  expect(cells.map(({ x, y, fillOpacity }) => [x, y, fillOpacity])).toEqual(
    gates.flatMap(({ gate, experts, mean }) => experts.map((expert, index) => [expert, gate, mean[index]])),
  );
  expect(section?.drawings[0]?.remarks?.[0]).toBe(
    'Gate income of level 1 gives more than 95 % to one expert (seeds 1, 2 and 3).',
  );
  const run = data.runs.get(path);
  const alone = run && expertUse(singleRun(run))[0];
  expect([section, alone].map((one) => one?.note.some((text) => text.startsWith('Of several seeds')))).toEqual([
    true,
    false,
  ]);
});
