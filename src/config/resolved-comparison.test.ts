import { expect, test } from 'vitest';
import { definitions } from '../training/definitions.js';
import { parseComparison, stringifyComparison } from './comparison.js';

const text = `
name: all-keys
dataset: { loader: synthetic, rows: { train: 100, validation: 50, test: 50 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression, standardize: true }]
train: { epochs: 2, batchSize: 10, optimizer: { type: adam } }
compare:
  models:
    - { label: sharing, type: hard-sharing, levels: [[8]], tower: [4], tune: { model.levels: [[[8]], [[9]]] } }
    - { label: another, type: single-task, levels: [[8]], tower: [4] }
    - { type: ple, levels: [[4], [4]], tower: [], experts: 2 }
    - { type: single-task, levels: [[8]], tower: [4] }
  seeds: [4, 7]
  axes: { dataset.correlation: [0.2], model.tower: [[4], [3, 2]] }
  match: { parameters: 500, embeddings: true }
  tune: { train.optimizer.learningRate: [0.1, 0.01] }
  tuneSeed: [5, 6]
  uncertainty: both
  metrics: { y1: nmse }
  front: { loss.weights.y2.initial: { times: [0.5, 2] } }
`;

test('a resolved comparison with every key asks for the same runs', () => {
  const comparison = parseComparison(text, 'compare.yaml', [], definitions);
  const again = parseComparison(stringifyComparison(comparison), 'resolved.yaml', [], definitions);
  const { experiment, settings, ...rest } = comparison;
  expect({ ...again, experiment: null, settings: null }).toEqual({ ...rest, experiment: null, settings: null });
  for (const { label } of comparison.models) {
    expect(again.settings(label)).toEqual(settings(label));
    for (const [index, point] of comparison.points.entries()) {
      const seed = comparison.seeds[index] ?? 0;
      expect(again.experiment(label, point, seed)).toEqual(experiment(label, point, seed));
    }
  }
});
