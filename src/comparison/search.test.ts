import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import { sealed } from '../support/checksum.js';
import { temporaryFolder } from '../support/folder.fixture.js';
import { must } from '../support/must.js';
import type { ReadShape } from './plan/data-shapes.js';
import { createMatching } from './plan/decided-changes.js';
import { parsed } from './plan/planned-runs.fixture.js';
import { folderAssigner, type Run, reportedRuns, unfinished } from './plan/run.js';
import {
  bestValues,
  crossFitted,
  keysAtEdges,
  noteOnPower,
  notesOnSearch,
  readSearch,
  type Search,
  searchedModels,
} from './search.js';

const configWith = (search: string, more = '', ...overrides: string[]): ComparisonConfig =>
  parsed(
    `name: small
compare:
  models:
    - { type: single-task, levels: [[8]], tower: [] }
    - { type: mmoe, levels: [[8]], tower: [], experts: 2 }
  seeds: 3
  search: ${search}
  ${more || 'tune: { model.dropout: [0.1, 0.2, 0.3, 0.4, 0.5] }'}
dataset: { loader: synthetic, rows: { train: 10, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 9, batchSize: 10, optimizer: { type: adam } }
`,
    ...overrides,
  );
const random = configWith('{ type: random, candidates: 5 }');

const readShape: ReadShape = async ({ tasks }) => ({
  ...{ kind: 'shape', rows: { train: 1, validation: 1, test: 1 }, grouped: false, testClasses: [] },
  model: {
    ...{ categorical: [], numeric: ['a', 'b', 'c'] },
    tasks: tasks.map(({ name }) => ({ name, type: 'regression' })),
  },
});

/** The search as another process finds it in the folder. */
async function readAnew(config: ComparisonConfig, folder: string, failed = new Set<string>()): Promise<Search> {
  const models = await searchedModels(config, createMatching(config, readShape), readShape);
  return readSearch(config, models, { folder, failed, placeRuns: folderAssigner(config, () => undefined) });
}

/** 1 - nmse on validation; null: the run fails. */
type Score = (run: Run, task: string) => number | null;

/** Does what an executor does, as far as a search sees it. @returns The paths of those that fail. */
function train(folder: string, runs: readonly Run[], score: Score): readonly string[] {
  return runs.flatMap((run) => {
    const path = join(folder, run.folder);
    const scores = ['y1', 'y2'].map((task) => [task, score(run, task)] as const);
    if (scores.some(([, value]) => value === null)) return [path];
    mkdirSync(path, { recursive: true });
    const tasks = scores.map(([task, value]) => {
      return [task, { type: 'regression', validation: { nmse: 1 - Number(value) } }] as const;
    });
    const result = { schema: 2, epochs: 9, tasks: Object.fromEntries(tasks) };
    writeFileSync(join(path, 'result.json'), JSON.stringify(sealed(result)));
    return [];
  });
}

/** A search to its end. */
async function whole(config: ComparisonConfig, score: Score) {
  const folder = temporaryFolder();
  const failed = new Set(train(folder, (await readAnew(config, folder)).runs, score));
  return must((await readAnew(config, folder, failed)).outcome, 'end of the search');
}

const dropout = (values: AxisPoint | undefined) => Number(values?.['model.dropout']);
const lowest: Score = ({ values }) => 1 - dropout(values);

test('28b: a search is the same for every model, the baseline too: all combinations at each point, under its own seed', async () => {
  const tune = 'tune: { train.optimizer.learningRate: [0.1, 0.01], train.batchSize: [5, 10] }';
  const config = configWith('{ type: grid }', `${tune}\n  axes: { dataset.correlation: [0.2, 1] }`);
  const { runs } = await readAnew(config, temporaryFolder());
  const combinations = [0.1, 0.01].flatMap((rate) => [5, 10].map((batch) => [rate, batch]));
  const wanted = [0.2, 1].flatMap((correlation) =>
    ['single-task', 'mmoe'].flatMap((type) => combinations.map((values) => [correlation, type, ...values, 1_000_000])),
  );
  const trained = runs.map(({ experiment: { dataset, model, train, seed } }) => {
    return [dataset['correlation'], model.type, train.optimizer['learningRate'], train.batchSize, seed];
  });
  expect(trained).toEqual(wanted);
  expect(new Set(runs.map(({ folder }) => folder)).size).toBe(16);
});

test('a search goes on where its folder is; another process finds the same', async () => {
  const folder = temporaryFolder();
  const { runs } = await readAnew(random, folder);
  expect(runs).toHaveLength(10);
  train(folder, runs.slice(0, 4), lowest);
  const later = await readAnew(random, folder);
  expect([later.runs.length, unfinished(later.runs).length, later.outcome]).toEqual([10, 6, undefined]);
  train(folder, unfinished(later.runs), lowest);
  const [search, again] = [await readAnew(random, folder), await readAnew(random, folder)];
  expect(again.outcome?.record).toEqual(search.outcome?.record);
  const scores = { y1: expect.any(Number), y2: expect.any(Number) };
  const candidates = runs
    .slice(0, 5)
    .map(({ folder: path }) => ({ runs: [{ path, epochs: 9, trained: true, scores }] }));
  const models = [
    { label: 'single-task', candidates },
    { label: 'mmoe', groups: [['y1', 'y2']] },
  ];
  expect(search.outcome?.record).toMatchObject({ type: 'random', seeds: [1_000_000], models });
});

test('a candidate that fails ranks last, and stays in the list; if all fail, no values are found', async () => {
  const search = await whole(random, (run, task) => (dropout(run.values) === 0.1 ? null : lowest(run, task)));
  const chosen = [{ tasks: ['y1', 'y2'], values: { 'model.dropout': 0.2 } }];
  expect([search.chosen('mmoe', {}, 1), search.chosen('single-task', {}, 1)]).toEqual([chosen, chosen]);
  const failed = search.record?.models[1]?.candidates.find(({ values }) => dropout(values) === 0.1);
  const runs = [{ epochs: 0, trained: false, scores: { y1: null, y2: null } }];
  expect(failed).toMatchObject({ runs, chosenFor: [] });
  const none = whole(random, ({ label }) => (label === 'mmoe' ? null : 1));
  await expect(none).rejects.toThrow(/^Tuning of 'mmoe' found no values: of each of the 5 combinations/);
});

test('tasks that share no parameters are searched as if alone', async () => {
  const apart: Score = ({ values }, task) => (task === 'y1' ? dropout(values) : 1 - 2 * dropout(values));
  const search = await whole(random, apart);
  expect(search.chosen('single-task', {}, 1)).toEqual([
    { tasks: ['y1'], values: { 'model.dropout': 0.5 } },
    { tasks: ['y2'], values: { 'model.dropout': 0.1 } },
  ]);
  expect(search.chosen('mmoe', {}, 1)).toEqual([
    { tasks: ['y1', 'y2'], values: { 'model.dropout': expect.any(Number) } },
  ]);
  expect(search.record?.models.map((model) => model.groups)).toEqual([[['y1'], ['y2']], [['y1', 'y2']]]);
});

test('a choice at an end of the list of a grid is noted, and models of different numbers of settings are', async () => {
  const rows = ['single-task', 'mmoe'].map((label) => ({ label, searched: 5 }));
  const noted = async (config: ComparisonConfig, score: Score) =>
    notesOnSearch(rows, (await whole(config, score)).record);
  const grid = configWith('{ type: grid }');
  expect(await noted(grid, lowest)).toEqual([
    'Chosen at an end of its list: dropout 0.1 (single-task, mmoe). Better values may lie beyond: list more.',
  ]);
  expect(await noted(grid, ({ values }) => -Math.abs(dropout(values) - 0.3))).toEqual([]);
  expect(await noted(random, lowest)).toEqual([]);
  expect(notesOnSearch([...rows, { label: 'ple', searched: 1 }], undefined)).toEqual([
    'Models searched different numbers of settings: single-task 5, mmoe 5, ple 1. The budgets are unequal: a larger search favours its model.',
  ]);
});

describe('cross-fitted', () => {
  const config = configWith('{ type: grid }', 'tune: { model.dropout: [0.1, 0.2, 0.3, 0.4] }\n  tuneSeed: cross-fit');
  // [seed - 1][setting] of y1; that of y2 is the square. Seed 2 is an outlier.
  const scores = [
    [0.5, 0.9, 0.7, 0.1],
    [0.1, 0.2, 0.9, 0.6],
    [0.6, 0.7, 0.6, 0.5],
  ];
  const score: Score = ({ seed, values }, task) => {
    const value = scores[seed - 1]?.[Math.round(10 * dropout(values)) - 1] ?? Number.NaN;
    return task === 'y1' ? value : value ** 2;
  };

  test('each seed is judged at the setting with the best mean over the other seeds, and task by task where they share nothing', async () => {
    const { chosen, record } = await whole(config, score);
    const best = (seed: number, of: (value: number) => number) => {
      const sums = [0, 1, 2, 3].map((setting) =>
        scores.reduce((sum, row, other) => sum + (other === seed - 1 ? 0 : of(row[setting] ?? 0)), 0),
      );
      return { 'model.dropout': (sums.indexOf(Math.max(...sums)) + 1) / 10 };
    };
    const both = (value: number) => value + value ** 2;
    const [y1, y2] = [['y1'], ['y2']];
    for (const seed of [1, 2, 3]) {
      expect(chosen('mmoe', {}, seed)).toEqual([{ tasks: [...y1, ...y2], values: best(seed, both) }]);
      const [one, other] = [best(seed, (value) => value), best(seed, (value) => value ** 2)];
      expect(chosen('single-task', {}, seed)).toEqual(
        one['model.dropout'] === other['model.dropout']
          ? [{ tasks: [...y1, ...y2], values: one }]
          : [
              { tasks: y1, values: one },
              { tasks: y2, values: other },
            ],
      );
    }
    // By hand, of y1 + y2: without seed 1 the sums are 1.07, 1.43, 2.67, 1.71; without 2 1.71, 2.90, 2.15, .86; without 3 .86, 1.95, 2.90, 1.07.
    const ofModel = must(record?.models[1], 'mmoe');
    const judged = ofModel.candidates.map(({ runs }) =>
      runs.flatMap(({ seed, chosenFor }) => (chosenFor?.[0] ? seed : [])),
    );
    expect(judged).toEqual([[], [2], [1, 3], []]);
    expect(record).toMatchObject({ crossFit: true, seeds: [1, 2, 3] });
    expect(crossFitted(must(record, 'record'), ofModel)).toEqual({ mixed: ['y1', 'y2'] });
  });

  test('a choice at an end of the list is one of the tasks that made it', async () => {
    const { record } = await whole(config, ({ values }, task) =>
      task === 'y1' ? dropout(values) : -((dropout(values) - 0.2) ** 2),
    );
    expect(record?.models.map((model) => crossFitted(record, model))).toEqual([
      { atEdge: ['y1'] },
      { atEdge: ['y1', 'y2'] },
    ]);
    expect(notesOnSearch([], record)[0]).toMatch(/undecided\.$/);
  });

  test('its runs are those that are reported, of a model with one setting too: those of a plain comparison with these values', async () => {
    const folder = temporaryFolder();
    const fitted = configWith('null', 'tuneSeed: cross-fit', 'compare.models.1.tune={ model.dropout: [0.1, 0.2] }');
    const { stage, runs } = await readAnew(fitted, folder);
    expect([stage, runs.length]).toEqual(['runs', 3 + 2 * 3]);
    const plain = configWith('null', 'axes: {}', 'compare.models.1.dropout=0.2');
    const placed = await folderAssigner(plain, () => undefined)(
      reportedRuns(plain, () => [{ changes: {} }], plain.seeds),
      folder,
    );
    const hashes = (all: readonly Run[]) => all.map(({ label, seed, hash8 }) => `${label} ${seed} ${hash8}`).toSorted();
    expect(hashes(runs.filter(({ values }) => values?.['model.dropout'] !== 0.1))).toEqual(hashes(placed));
  });
});

const grid = [0.001, 0.003, 0.01].flatMap((rate) => [0.5, 1, 2].map((weight) => ({ rate, weight })));
test.each<[AxisPoint, readonly AxisPoint[], string[]]>([
  [{ rate: 0.003, weight: 1 }, grid, []],
  [{ rate: 0.001, weight: 1 }, grid, ['rate']],
  [{ rate: 0.003, weight: 2 }, grid, ['weight']],
  [{ rate: 0.01, weight: 0.5 }, grid, ['rate', 'weight']],
  [{ batch: 128 }, [{ batch: 64 }, { batch: 128 }], ['batch']],
  [{ dropout: 0 }, [{ dropout: 0 }, { dropout: 0.1 }], []],
  [{ levels: [[16]] }, [{ levels: [[8]] }, { levels: [[16]] }], []],
  [{ rate: 0.1 }, [{ rate: 0.1 }], []],
])('%j is at an end of %j: %j', (chosen, tried, keys) => expect(keysAtEdges(chosen, tried)).toEqual(keys));

/** AUC and nmse on validation of a binary and a regression task, by seed; undefined: the run failed. */
type Scores = readonly [click: number | null, watch: number | null] | undefined;

test.each<[string, readonly (readonly Scores[])[], number]>([
  // Sums: 969, 961, 960, 958. Of AUC and 1 - nmse, the second would be the best.
  ['the best mean over tasks, of .001 AUC and 1 %', [[[0.9, 0.5]], [[0.8, 0.2]], [[0.95, 0.9]], [[0.89, 0.5]]], 0],
  ['no run that failed, nor one without a score', [[undefined], [[null, 0.01]], [[0.99, null]], [[0.01, 40]]], 3],
  ['the first of equal ones', [[[0.9, 0.5]], [[0.9, 0.5]]], 0],
  // .8, .5: mean .65; .7, .7; .69, .69
  [
    'the best mean over seeds',
    [
      [
        [0.8, 0.2],
        [0.5, 0.5],
      ],
      [
        [0.7, 0.3],
        [0.7, 0.3],
      ],
      [
        [0.69, 0.31],
        [0.69, 0.31],
      ],
    ],
    1,
  ],
  [
    'none of which a seed failed',
    [
      [
        [0.8, 0.2],
        [0.5, 0.5],
      ],
      [[0.7, 0.3], undefined],
      [
        [0.69, 0.31],
        [0.69, 0.31],
      ],
    ],
    2,
  ],
])('values are chosen together: %s', (_, candidates, best) => {
  // 21: on the test split the worst of them would lead.
  const tried = candidates.map((seeds, values) => ({
    values: { values },
    results: seeds.map((scores) => {
      if (!scores) return undefined;
      const task = (type: string, metric: string, value: number | null, test: number) => {
        return { type, validation: { [metric]: value }, test: { [metric]: test } };
      };
      const [click, watch] = scores;
      const leak = values === best ? 0 : 1;
      return {
        tasks: { click: task('binary', 'auc', click, leak), watch: task('regression', 'nmse', watch, 1 - leak) },
      };
    }),
  }));
  expect(bestValues(tried, [['click', 'watch']])).toEqual([{ values: best }]);
});

test('a cross-fitted search with more settings than seeds is told before it is trained', () => {
  const fitted = (seeds: number) =>
    configWith('{ type: grid }', '', 'compare.tuneSeed=cross-fit', `compare.seeds=${seeds}`);
  expect(noteOnPower(fitted(4))).toMatch('A model has 5 settings, and 4 seeds judge them');
  expect(noteOnPower(fitted(5))).toBeNull();
  expect(noteOnPower(fitted(3))).toBeNull(); // tested otherwise
  expect(noteOnPower(configWith('{ type: grid }', '', 'compare.seeds=4'))).toBeNull();
});
