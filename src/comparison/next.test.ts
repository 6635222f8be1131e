import { expect, test } from 'vitest';
import { next, type Plan } from './next.js';
import { plannedRuns, smallConfig } from './plan/planned-runs.fixture.js';
import type { Run } from './plan/run.js';

const runs = plannedRuns(smallConfig('  { seeds: 2, models: [{ type: single-task }] }'));
const ended = (run: Run): Run => ({ ...run, state: 'finished' });

/** A folder with these runs. @param searching What the search trains next. */
function buildPlan(reported: readonly Run[], searching: readonly Run[] = []): Plan {
  return {
    folders: { runs: 'all', tuning: 'all/tuning' },
    search: async () => ({
      stage: 'tuning',
      runs: searching,
      ...(searching.length > 0 ? {} : { outcome: { chosen: () => undefined, record: undefined } }),
    }),
    decide: async () => () => [],
    runs: async (_, seeds) => reported.filter(({ seed }) => seeds.includes(seed)),
  };
}
const nothing = new Set<string>();

test('the search is trained first, then the seeds, then the table is made', async () => {
  expect(await next(buildPlan(runs, runs), [1, 2], nothing)).toMatchObject({
    kind: 'train',
    folder: 'all/tuning',
    runs,
  });
  const first = await next(buildPlan(runs), [1], nothing);
  expect([first.kind, first.stage, first.runs.map(({ seed }) => seed)]).toEqual(['train', 'runs', [1]]);
  expect(await next(buildPlan(runs.map(ended)), [1, 2], nothing)).toMatchObject({ kind: 'table' });
});

test('a run that failed in this process has ended', async () => {
  const failed = runs.map((run): Run => ({ ...run, state: 'failed' }));
  expect(await next(buildPlan(failed), [1, 2], nothing)).toMatchObject({ kind: 'table' });
});
