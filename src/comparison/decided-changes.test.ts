import { expect, test } from 'vitest';
import { parseComparison } from '../config/comparison.js';
import type { ModelShape } from '../models/model.js';
import { definitions } from '../training/definitions.js';
import { createMatching } from './decided-changes.js';
import { networkParameters } from './match.js';

const config = parseComparison(
  `name: small
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
`,
  'small.yaml',
  [],
  definitions,
);
const shapeWith = (width: number): ModelShape => ({
  tasks: ['income', 'never-married'],
  categorical: Array.from({ length: 10 }, (_, column) => ({ name: `c${column}`, cardinality: 50, embedding: width })),
  numeric: [],
});

test('a tuned width of the inputs is counted where widths are matched; the measure is the baseline as configured', async () => {
  const read: number[] = [];
  const matching = await createMatching(config, async ({ inputs }) => {
    read.push(inputs.embedding);
    return {
      kind: 'shape',
      model: shapeWith(inputs.embedding),
      rows: { train: 1, validation: 1, test: 1 },
      grouped: false,
    };
  });
  expect(new Set(read)).toEqual(new Set([4, 16]));
  const baseline = 2 * (40 * 32 + 32 + 32 * 8 + 8 + 8 + 1);
  for (const embedding of [4, 16]) {
    for (const label of ['single-task', 'hard-sharing']) {
      const { changes, match } = matching(label, {}, { 'inputs.embedding': embedding });
      const { model } = config.experiment(label, {}, 1, changes);
      const network = networkParameters({ type: model.type, options: model, shape: shapeWith(embedding) });
      expect(match?.network).toBe(network); // that of the run
      expect(Math.abs(network - baseline)).toBeLessThan(baseline / 50);
      expect(network - (match?.miss ?? Number.NaN)).toBe(baseline);
    }
  }
});
