import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AxisPoint, ComparisonConfig } from '../../config/comparison.js';
import type { Experiment } from '../../config/experiment.js';
import type { ReadShape } from '../plan/data-shapes.js';
import { createMatching } from '../plan/decided-changes.js';
import { parsed } from '../plan/planned-runs.fixture.js';
import { hasTrained, type Run, runPlacer } from '../plan/run.js';
import { searchedPlaces } from './candidates.js';
import { readSearch, type Search } from './search.js';

/** A config whose experiments are resolved once each. */
const halvingConfig = (
  search: string,
  { tune = '{ model.dropout: [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8] }', more = '' } = {},
): ComparisonConfig => {
  const config = parsed(
    `name: small
compare:
  models:
    - { type: single-task, levels: [[8]], tower: [] }
    - { type: mmoe, levels: [[8]], tower: [], experts: 2 }
  seeds: 3
  tune: ${tune}
  search: ${search}
${more}dataset: { loader: synthetic, rows: { train: 10, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 9, batchSize: 10, optimizer: { type: adam } }
`,
  );
  const resolved = new Map<string, Experiment>();
  return {
    ...config,
    experiment: (...of) => {
      const key = JSON.stringify(of);
      const experiment = resolved.get(key) ?? config.experiment(...of);
      resolved.set(key, experiment);
      return experiment;
    },
  };
};

const readShape: ReadShape = async ({ tasks }: Experiment) => ({
  kind: 'shape',
  model: {
    tasks: tasks.map(({ name }) => ({ name, type: 'regression' })),
    categorical: [],
    numeric: ['a', 'b', 'c'],
  },
  rows: { train: 1, validation: 1, test: 1 },
  grouped: false,
});

/** The search as another process finds it in the folder. */
async function readAnew(config: ComparisonConfig, folder: string, failed = new Set<string>()): Promise<Search> {
  const places = known.get(config) ?? (await searchedPlaces(config, createMatching(config, readShape), readShape));
  known.set(config, places);
  const place = runPlacer(config, () => undefined);
  return readSearch(config, places, { folder, failed, place, extend: async () => [] });
}
const known = new Map<ComparisonConfig, Awaited<ReturnType<typeof searchedPlaces>>>();
const nine = halvingConfig('{ type: halving, candidates: 9 }');

/** 1 - nmse on validation after an epoch; null: the run fails in it. */
type Score = (run: Run, task: string, epoch: number) => number | null;

/**
 * Does what an executor does, as far as a search sees it: trains each run as far as it is asked, from where it is.
 * @returns The paths of those that fail.
 */
function train(folder: string, runs: readonly Run[], score: Score): readonly string[] {
  return runs.flatMap((run) => {
    const path = join(folder, run.folder);
    mkdirSync(path, { recursive: true });
    const last = run.until ?? run.experiment.train.epochs;
    const before = trained.get(path) ?? 0;
    for (let epoch = before + 1; epoch <= last; epoch++) {
      const scores = ['y1', 'y2'].map((task) => [task, score(run, task, epoch)] as const);
      if (scores.some(([, value]) => value === null)) break;
      const validation = Object.fromEntries(
        scores.map(([task, value]) => [task, { nmse: 1 - Number(value), mse: 1, samples: 10, labelVariance: 1 }]),
      );
      const line = {
        epoch,
        steps: 1,
        train: { loss: 1, tasks: { y1: 1, y2: 1 } },
        validation,
        weights: {},
        seconds: 1,
      };
      appendFileSync(join(path, 'epochs.jsonl'), `${JSON.stringify(line)}\n`);
      trained.set(path, epoch);
      if (epoch === run.experiment.train.epochs) writeFileSync(join(path, 'result.json'), '{}');
    }
    return hasTrained(run, folder) ? [] : [path];
  });
}
const trained = new Map<string, number>();

const dropout = (values: AxisPoint | undefined) => Number(values?.['model.dropout']);
const triedDropouts = (runs: readonly Run[], label: string) =>
  runs.flatMap((run) => (run.label === label ? [dropout(run.values)] : [])).toSorted();

/** A search to its end, and the runs of each rung. */
async function whole(config: ComparisonConfig, score: Score) {
  const folder = mkdtempSync(join(tmpdir(), 'ple-halving-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const failed = new Set<string>();
  const rungs: (readonly Run[])[] = [];
  for (;;) {
    const search = await readAnew(config, folder, failed);
    if (search.next.length === 0) return { folder, search, rungs };
    for (const path of train(folder, search.next, score)) failed.add(path);
    rungs.push(search.next);
  }
}

test('a rung goes by the best epoch so far, and not by what a run has done since', async () => {
  // .8 is the best at its first epoch, and overfits; .1 is the best in the end, but never comes there.
  const score: Score = ({ values }, _, epoch) =>
    dropout(values) === 0.8
      ? 0.9 - epoch / 10
      : dropout(values) === 0.1
        ? epoch / 10 - 0.5
        : 0.3 - dropout(values) / 10 + epoch / 1000;
  const { folder, search, rungs } = await whole(nine, score);
  expect(rungs.map((runs) => [...new Set(runs.map(({ until }) => until))])).toEqual([[1], [3], [9]]);
  expect(triedDropouts(rungs[1] ?? [], 'mmoe')).toEqual([0, 0.2, 0.8]);
  expect(triedDropouts(rungs[2] ?? [], 'mmoe')).toEqual([0.8]);
  // Another process finds the same, though the runs' folders hold later epochs now, and nothing is left to train.
  const again = await readAnew(nine, folder);
  expect(again.next).toEqual([]);
  expect(again.record()).toEqual(search.record());
});

test('where all of a rung fail, the next best of the rung before take their place', async () => {
  // Of .0, .1, .2, which go on after epoch 1, none comes to epoch 3. Of .3, .4 and .5, which are next, one goes on, and
  // fails in epoch 9.
  const score: Score = ({ values }, _, epoch) =>
    (dropout(values) < 0.3 && epoch === 3) || (dropout(values) < 0.4 && epoch === 9) ? null : 1 - dropout(values);
  const { search, rungs } = await whole(nine, score);
  expect(rungs.map((runs) => triedDropouts(runs, 'mmoe'))).toEqual([
    [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
    [0, 0.1, 0.2],
    [0.3],
  ]);
  const chosen = [{ tasks: ['y1', 'y2'], values: { 'model.dropout': 0.4 } }];
  expect([search.chosen('mmoe', {}), search.chosen('single-task', {})]).toEqual([chosen, chosen]);
  const third = search.record()?.models[1]?.candidates.find(({ values }) => dropout(values) === 0.3);
  expect(third?.rungs).toMatchObject([
    { runs: [{ epochs: 1, trained: true }] },
    { spent: 0, runs: [] },
    { runs: [{ epochs: 8, trained: false }] },
  ]);
});

test('tasks that share no parameters are searched as if alone: each keeps its own, and pays for its own network', async () => {
  const score: Score = ({ values }, task) => (task === 'y1' ? dropout(values) : 1 - dropout(values));
  const { search, rungs } = await whole(nine, score);
  expect(triedDropouts(rungs[1] ?? [], 'single-task')).toEqual([0, 0.1, 0.2, 0.6, 0.7, 0.8]);
  expect(triedDropouts(rungs[2] ?? [], 'single-task')).toEqual([0, 0.8]);
  expect(search.chosen('single-task', {})).toEqual([
    { tasks: ['y1'], values: { 'model.dropout': 0.8 } },
    { tasks: ['y2'], values: { 'model.dropout': 0 } },
  ]);
  expect(triedDropouts(rungs[1] ?? [], 'mmoe')).toHaveLength(3);
  // 9 x 1, 3 x 2 and 1 x 6 epochs for each task, each of them half of the model.
  const record = search.record()?.models ?? [];
  const spent = record.map(({ candidates }) =>
    candidates.flatMap(({ rungs }) => rungs).reduce((sum, rung) => sum + rung.spent, 0),
  );
  expect(spent[0]).toBeCloseTo(9 + 3 * 2 + 1 * 6, 10);
  // By hand: single-task 2 x (3 x 8 + 8 + 8 + 1) parameters; mmoe 2 experts, 2 gates without bias, 2 towers.
  const cost = (2 * (3 * 8 + 8) + 2 * (3 * 2) + 2 * (8 + 1)) / (2 * (3 * 8 + 8 + 8 + 1));
  expect(record[1]?.candidates[0]?.cost).toBeCloseTo(cost, 10);
  expect(spent[1]).toBeCloseTo(cost * (9 + 3 * 2 + 1 * 6), 10);
});

test('by score: worst, single-task is taken at its own best trial of the rung', async () => {
  const tune = '{ score: worst, model.dropout: [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8] }';
  const config = halvingConfig('{ type: halving, candidates: 9 }', { tune });
  // Single-task has at best an nmse of .2 on y1 (dropout 0) and of .6 on y2 (dropout .8). On y1 mmoe gets worse with
  // dropout, on y2 better, and in the mean worse.
  const ofModel = { y1: (of: number) => 0.9 - of, y2: (of: number) => 0.1 + 0.5 * of };
  const score: Score = ({ label, values }, task) => {
    const of = dropout(values);
    if (label === 'single-task') return task === 'y1' ? 0.8 - of : of / 2;
    return task === 'y1' ? ofModel.y1(of) : ofModel.y2(of);
  };
  const { search, rungs } = await whole(config, score);
  expect(triedDropouts(rungs[1] ?? [], 'mmoe')).toEqual([0, 0.1, 0.2]); // y2 -40.5, y2 -34.8, y1 -40.5 %; the others -69 or less
  expect(search.chosen('mmoe', {})).toEqual([{ tasks: ['y1', 'y2'], values: { 'model.dropout': 0.1 } }]);
  for (const { reference } of search.record()?.models ?? [])
    expect(reference).toEqual({
      y1: expect.closeTo(-100 * Math.log(0.2), 9),
      y2: expect.closeTo(-100 * Math.log(0.6), 9),
    });
  const byMean = await whole(nine, score);
  expect(byMean.search.chosen('mmoe', {})).toEqual([{ tasks: ['y1', 'y2'], values: { 'model.dropout': 0 } }]);
});

test('a budget pays for as many candidates of each model as it can; no search spends more, whichever go on', async () => {
  const tune = '{ model.dropout: { uniform: [0, 0.9] }, model.levels: [[[8]], [[16]]] }';
  const totalEpochs = (count: number) =>
    count + 2 * Math.max(1, Math.floor(count / 3)) + 6 * Math.max(1, Math.floor(count / 9));
  const config = halvingConfig('{ type: halving, budget: 60 }', { tune });
  const widest: Score = ({ values }) =>
    Number(JSON.stringify(values?.['model.levels']) === '[[16]]') + dropout(values) / 10;
  const { search } = await whole(config, widest);
  for (const { candidates } of search.places) {
    const costs = candidates.map((candidate) => candidate.costs.reduce((sum, cost) => sum + cost, 0));
    const [least, most] = [Math.min(...costs), Math.max(...costs)];
    expect(least).toBeLessThan(most);
    expect(least * totalEpochs(candidates.length)).toBeLessThanOrEqual(60);
    expect(most * totalEpochs(candidates.length + 1)).toBeGreaterThan(60);
  }
  const [single = [], mmoe = []] = search.places.map(({ candidates }) => candidates.map(({ values }) => values));
  const shared = Math.min(single.length, mmoe.length);
  expect(single.slice(0, shared)).toEqual(mmoe.slice(0, shared));

  for (const { candidates } of search.record()?.models ?? []) {
    const spent = candidates.flatMap(({ rungs }) => rungs).reduce((sum, rung) => sum + rung.spent, 0);
    expect(spent).toBeLessThanOrEqual(60 + 1e-9);
    expect(spent).toBeGreaterThan(40);
  }
});
