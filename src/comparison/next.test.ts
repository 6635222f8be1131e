import { expect, test } from 'vitest';
import type { Look } from './comparison.js';
import { next, type Plan } from './next.js';
import { plannedRuns, smallConfig } from './plan/planned-runs.fixture.js';
import type { Run } from './plan/run.js';

const runs = plannedRuns(smallConfig('  { seeds: 2, models: [{ type: single-task }] }'));
const ended = (run: Run): Run => ({ ...run, state: 'finished' });
const looks = [1, 2].map((seeds) => ({ seeds, of: [1, 2].slice(0, seeds), plan: [1, 2], alpha: 0.05, level: 0.01 }));
const looked = (count: number, undecided: number): readonly Look[] =>
  looks.slice(0, count).map((look) => ({ ...look, undecided }));

/** A folder with these runs. @param searching What the search trains next. */
function buildPlan(reported: readonly Run[], searching: readonly Run[] = []): Plan {
  return {
    folders: { runs: 'all', tuning: 'all/tuning' },
    search: async () => ({ places: [], runs: [], next: searching, chosen: () => undefined, record: () => undefined }),
    decide: async () => ({ of: () => [] }),
    runs: async (_, seeds) => reported.filter(({ seed }) => seeds.includes(seed)),
  };
}
const stepSeeds = (step: Awaited<ReturnType<typeof next>>) => step?.runs.map(({ seed }) => seed);
const nothing = { failed: new Set<string>(), looks: [] };

test('the search is trained first, then the seeds of the first look, which are then looked at', async () => {
  expect(await next(buildPlan(runs, runs), looks, nothing)).toMatchObject({
    kind: 'train',
    folder: 'all/tuning',
    runs,
  });
  const first = await next(buildPlan(runs), looks, nothing);
  expect([first?.kind, first?.stage, stepSeeds(first)]).toEqual(['train', 'runs', [1]]);
  expect(await next(buildPlan(runs.map(ended)), looks, nothing)).toMatchObject({ kind: 'look', look: looks[0] });
});

test('a run that failed in this process has ended', async () => {
  const failed = runs.map((run): Run => ({ ...run, state: 'failed' }));
  expect(await next(buildPlan(failed), looks, nothing)).toMatchObject({ kind: 'look', look: { seeds: 1 } });
});

test('there is a further look while verdicts are undecided, and none after the last', async () => {
  const more = await next(buildPlan(runs), looks, { ...nothing, looks: looked(1, 3) });
  expect([more?.kind, stepSeeds(more)]).toEqual(['train', [1, 2]]);
  expect(await next(buildPlan(runs), looks, { ...nothing, looks: looked(1, 0) })).toBeUndefined();
  expect(await next(buildPlan(runs), looks, { ...nothing, looks: looked(2, 3) })).toBeUndefined();
});
