import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseComparison } from '../../config/comparison.js';
import type { Experiment } from '../../config/experiment.js';
import type { ModelShape } from '../../models/model.js';
import { binaryTasks } from '../../models/tasks.fixture.js';
import { definitions } from '../../training/definitions.js';
import { searchedPlaces } from './candidates.js';
import { createMatching, decide, decisionsOf, notesOnSearch } from './decided-changes.js';
import { networkParameters } from './match.js';
import { planSearch } from './search.js';

const text = `name: small
compare:
  models:
    - { type: single-task, levels: [[32]], tower: [8] }
    - { type: hard-sharing, levels: [[32]], tower: [8] }
  seeds: 5
  match: parameters
  tune: { inputs.embedding: [4, 16] }
dataset: { loader: census-income, path: nowhere, group: 1 }
tasks: [{ name: income, type: binary }, { name: never-married, type: binary }]
train: { epochs: 1, batchSize: 10, optimizer: { type: adam } }
`;
const config = parseComparison(text, 'small.yaml', [], definitions);
const shapeWith = (width: number): ModelShape => ({
  tasks: binaryTasks('income', 'never-married'),
  categorical: Array.from({ length: 10 }, (_, column) => ({ name: `c${column}`, cardinality: 50, embedding: width })),
  numeric: [],
});

const shapeOf = async ({ inputs }: Experiment) => {
  const rows = { train: 1, validation: 1, test: 1 };
  return { kind: 'shape', model: shapeWith(inputs.embedding), rows, grouped: false } as const;
};

test('a tuned width of the inputs is counted where widths are matched; the measure is the baseline as configured', async () => {
  const read: number[] = [];
  const matching = createMatching(config, async (experiment) => {
    read.push(experiment.inputs.embedding);
    return shapeOf(experiment);
  });
  const baseline = 2 * (40 * 32 + 32 + 32 * 8 + 8 + 8 + 1);
  for (const embedding of [4, 16]) {
    for (const label of ['single-task', 'hard-sharing']) {
      const { changes, match } = await matching(label, {}, { 'inputs.embedding': embedding });
      const { model } = config.experiment(label, {}, 1, changes);
      const network = networkParameters({ type: model.type, options: model, shape: shapeWith(embedding) });
      expect(match?.network).toBe(network); // that of the run
      expect(Math.abs(network - baseline)).toBeLessThan(baseline / 50);
      expect(network - (match?.miss ?? Number.NaN)).toBe(baseline);
    }
  }
  expect(new Set(read)).toEqual(new Set([4, 16]));
});

/**
 * A search of two widths by single-task and of three numbers of experts by mmoe, whose runs have these validation AUCs,
 * task by task.
 */
async function decided(aucs: Readonly<Record<string, readonly (readonly [income: number, married: number])[]>>) {
  const folder = mkdtempSync(join(tmpdir(), 'ple-decided-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const spaces = text
    .replace('levels: [[32]], tower: [8] }', 'levels: [[32]], tower: [8], tune: { inputs.embedding: [4, 16] } }')
    .replace(
      '{ type: hard-sharing, levels: [[32]], tower: [8] }',
      '{ type: mmoe, levels: [[32]], tower: [8], tune: { model.experts: [2, 3, 4] } }',
    )
    .replace('  tune: { inputs.embedding: [4, 16] }\n', '')
    .replace('{ loader: census-income, path: nowhere, group: 1 }', synthetic)
    .replaceAll('type: binary', 'type: regression');
  const searched = parseComparison(spaces, 'spaces.yaml', [], definitions);
  const matching = createMatching(searched, shapeOf);
  const places = await searchedPlaces(searched, matching, shapeOf);
  const search = await planSearch(searched, places, folder, () => undefined);
  for (const [label, values] of Object.entries(aucs)) {
    const runs = search.runs.filter((run) => run.label === label);
    for (const [index, { folder: name }] of runs.entries()) {
      const [income, married] = values[index] ?? [0, 0];
      const task = (auc: number) => ({ type: 'binary', validation: { auc }, test: { auc: 1 - auc } });
      const tasks = { income: task(income), 'never-married': task(married) };
      mkdirSync(join(search.folder, name), { recursive: true });
      const [dataset, counts] = [
        { checksum: '', rows: { train: 1, validation: 1, test: 1 } },
        { embedding: 1, network: 1 },
      ];
      const throughput = { samplesPerSecond: 1, stepMilliseconds: 1, batchSize: 1 };
      const made = { schema: 1, name, epochs: 1, bestEpoch: 1, engine: { name: 'compiled', device: 'cpu' } };
      const result = { ...made, model: label, seed: 1, parameters: counts, dataset, throughput, tasks };
      writeFileSync(join(search.folder, name, 'result.json'), JSON.stringify(result));
    }
  }
  return { searched, changes: await decide(searched, matching, search.chosen) };
}
const synthetic = '{ loader: synthetic, rows: { train: 10, validation: 10, test: 10 }, dimension: 4 }';

test('a model of independent networks decides task by task, another for all its tasks; each is matched with its own values', async () => {
  const { searched, changes } = await decided({
    'single-task': [
      [0.8, 0.6],
      [0.7, 0.75], // the better mean
    ],
    mmoe: [
      [0.9, 0.5],
      [0.8, 0.7], // the best mean
      [0.6, 0.8],
    ],
  });
  const [income, married, ...others] = changes.of('single-task', {});
  expect(others).toEqual([]);
  expect(income).toMatchObject({ tasks: ['income'], values: { 'inputs.embedding': 4 } });
  expect(married).toMatchObject({ tasks: ['never-married'], values: { 'inputs.embedding': 16 } });
  expect(income?.match?.miss).toBe(0); // as configured
  expect(married?.match?.levels[0]?.[0]).toBeLessThan(32); // with wider inputs
  expect(decisionsOf(changes.of('single-task', {}), 2)).toEqual({
    searched: 2,
    tunedByTask: { income: { 'inputs.embedding': 4 }, 'never-married': { 'inputs.embedding': 16 } },
    matchByTask: { income: income?.match, 'never-married': married?.match },
  });

  const [whole, ...parts] = changes.of('mmoe', {});
  expect(parts).toEqual([]);
  expect(whole?.tasks).toBeUndefined();
  expect(decisionsOf(changes.of('mmoe', {}), 3)).toEqual({
    searched: 3,
    tuned: { 'model.experts': 3 },
    match: whole?.match,
  });
  expect(searched.experiment('mmoe', {}, 1, whole?.changes).model).toMatchObject({
    experts: 3,
    levels: whole?.match?.levels,
    tower: whole?.match?.tower,
  });
});

test('with a budget, a note says that a model was not searched, but not how many combinations the others tried', () => {
  const rows = (...sizes: readonly number[]) => sizes.map((searched, index) => ({ label: `m${index + 1}`, searched }));
  const search = { type: 'random', budget: 20, seeds: [1], models: [] } as const;
  expect(notesOnSearch(rows(1, 4), search)).toEqual([
    'Models searched different numbers of settings: m1 1, m2 4. The budgets are unequal: a larger search favours its model.',
  ]);
  expect(notesOnSearch(rows(3, 4), search)).toEqual([]);
  expect(notesOnSearch(rows(3, 4), { ...search, budget: null })).toHaveLength(1);
});
