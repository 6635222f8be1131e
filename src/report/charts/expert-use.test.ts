import { expect, test } from 'vitest';
import { reportFixture } from '../report.fixture.js';
import { runsOfComparison } from './charted-runs.js';
import { expertUse } from './expert-use.js';

const models = ['single-task', 'cgc', 'ple'].map((type) => ({ label: type, type }));

test('collapsed gates of all seeds are told, and that the first seed is drawn of several', async () => {
  const data = await reportFixture({ rows: 60, seeds: 3, epochs: 3, models });
  const [section] = expertUse(runsOfComparison(data));
  expect(section?.charts.map(({ title }) => title)).toEqual(['cgc', 'ple']);
  expect(section?.charts[0]?.remarks?.[0]).toBe(
    'Gate income of level 1 gives more than 95 % to one expert (seeds 1, 2 and 3).',
  );
  const [alone] = expertUse(runsOfComparison(await reportFixture({ rows: 60, seeds: 1, epochs: 3, models })));
  expect([section, alone].map((one) => one?.note.some((text) => text.startsWith('Of several seeds')))).toEqual([
    true,
    false,
  ]);
});
