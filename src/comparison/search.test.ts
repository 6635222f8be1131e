import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import type { Experiment } from '../config/experiment.js';
import { sealed } from '../support/checksum.js';
import type { ReadShape } from './plan/data-shapes.js';
import { createMatching } from './plan/decided-changes.js';
import { parsed } from './plan/planned-runs.fixture.js';
import { type Run, runPlacer, unfinished } from './plan/run.js';
import { notesOnSearch, readSearch, type Search, searchedPlaces } from './search.js';

const configWith = (search: string): ComparisonConfig =>
  parsed(`name: small
compare:
  models:
    - { type: single-task, levels: [[8]], tower: [] }
    - { type: mmoe, levels: [[8]], tower: [], experts: 2 }
  seeds: 3
  tune: { model.dropout: [0.1, 0.2, 0.3, 0.4, 0.5] }
  search: ${search}
dataset: { loader: synthetic, rows: { train: 10, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 9, batchSize: 10, optimizer: { type: adam } }
`);
const random = configWith('{ type: random, candidates: 5 }');

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
  const places = await searchedPlaces(config, createMatching(config, readShape), readShape);
  return readSearch(config, places, { folder, failed, place: runPlacer(config, () => undefined) });
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
    const tasks = Object.fromEntries(
      scores.map(([task, value]) => [task, { type: 'regression', validation: { nmse: 1 - Number(value) } }]),
    );
    writeFileSync(join(path, 'result.json'), JSON.stringify(sealed({ schema: 2, epochs: 9, tasks })));
    return [];
  });
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ple-search-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A search to its end. */
async function whole(config: ComparisonConfig, score: Score): Promise<Search> {
  const folder = temporaryFolder();
  const { next } = await readAnew(config, folder);
  const failed = new Set(train(folder, next, score));
  const search = await readAnew(config, folder, failed);
  expect(search.next).toEqual([]);
  return search;
}

const dropout = (values: AxisPoint | undefined) => Number(values?.['model.dropout']);
const lowest: Score = ({ values }) => 1 - dropout(values);

test('a search goes on where its folder is; another process finds the same', async () => {
  const folder = temporaryFolder();
  const { next } = await readAnew(random, folder);
  expect(next).toHaveLength(10);
  train(folder, next.slice(0, 4), lowest);
  const later = await readAnew(random, folder);
  expect([later.next.length, unfinished(later.next).length]).toEqual([10, 6]);
  train(folder, unfinished(later.next), lowest);
  const [search, again] = [await readAnew(random, folder), await readAnew(random, folder)];
  expect(search.next).toEqual([]);
  expect(again.record()).toEqual(search.record());
  const scores = { y1: expect.any(Number), y2: expect.any(Number) };
  const [run] = next;
  expect(search.record()).toMatchObject({
    ...{ type: 'random', seeds: [1_000_000] },
    models: [
      {
        label: 'single-task',
        candidates: [{ runs: [{ path: run?.folder, epochs: 9, trained: true, scores }] }, ...rest],
      },
      { label: 'mmoe', groups: [['y1', 'y2']] },
    ],
  });
});
const rest = Array.from({ length: 4 }, () => ({ runs: [{ seed: 1_000_000 }] }));

test('a candidate that fails ranks last, and stays in the list; if all fail, no values are found', async () => {
  const search = await whole(random, (run, task) => (dropout(run.values) === 0.1 ? null : lowest(run, task)));
  const chosen = [{ tasks: ['y1', 'y2'], values: { 'model.dropout': 0.2 } }];
  expect([search.chosen('mmoe', {}), search.chosen('single-task', {})]).toEqual([chosen, chosen]);
  const failed = search.record()?.models[1]?.candidates.find(({ values }) => dropout(values) === 0.1);
  expect(failed).toMatchObject({
    runs: [{ epochs: 0, trained: false, scores: { y1: null, y2: null } }],
    chosenFor: [],
  });
  const none = await whole(random, () => null);
  expect(() => none.chosen('mmoe', {})).toThrow(/^Tuning of 'mmoe' found no values: of each of the 5 combinations/);
});

test('tasks that share no parameters are searched as if alone', async () => {
  const apart: Score = ({ values }, task) => (task === 'y1' ? dropout(values) : 1 - 2 * dropout(values));
  const search = await whole(random, apart);
  expect(search.chosen('single-task', {})).toEqual([
    { tasks: ['y1'], values: { 'model.dropout': 0.5 } },
    { tasks: ['y2'], values: { 'model.dropout': 0.1 } },
  ]);
  expect(search.chosen('mmoe', {})).toEqual([{ tasks: ['y1', 'y2'], values: { 'model.dropout': expect.any(Number) } }]);
  const groups = search.record()?.models.map((model) => model.groups);
  expect(groups).toEqual([[['y1'], ['y2']], [['y1', 'y2']]]);
});

test('a choice at an end of the list of a grid is noted, and models of different numbers of settings are', async () => {
  const rows = [
    { label: 'single-task', searched: 5 },
    { label: 'mmoe', searched: 5 },
  ];
  const noted = async (config: ComparisonConfig, score: Score) =>
    notesOnSearch(rows, (await whole(config, score)).record());
  const grid = configWith('{ type: grid }');
  expect(await noted(grid, lowest)).toEqual([
    'Chosen at an end of its list: dropout 0.1 (single-task, mmoe). Better values may lie beyond: list more.',
  ]);
  const inside: Score = ({ values }) => -Math.abs(dropout(values) - 0.3);
  expect(await noted(grid, inside)).toEqual([]);
  expect(await noted(random, lowest)).toEqual([]);
  expect(notesOnSearch([...rows, { label: 'ple', searched: 1 }], undefined)).toEqual([
    'Models searched different numbers of settings: single-task 5, mmoe 5, ple 1. The budgets are unequal: a larger search favours its model.',
  ]);
});
