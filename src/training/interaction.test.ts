import { expect, test } from 'vitest';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { present } from '../models/run.fixture.js';
import { madeDataset } from './dataset.fixture.js';
import { setUp } from './setup.js';
import { binaryTasks, experimentOf, linear } from './trainer.fixture.js';

test('inputs.interaction reaches the model', () => {
  const split = { rows: 8, label: linear };
  const { dataset } = madeDataset(binaryTasks, split);
  const experiment = experimentOf('{ type: hard-sharing, levels: [[4]], tower: [] }', binaryTasks);
  const parametersWith = (interaction: 'none' | 'cross') =>
    setUp({ ...experiment, inputs: { ...experiment.inputs, interaction } }, dataset, createCompiledEngine({}))
      .parameters;
  const [none, cross] = [parametersWith('none'), parametersWith('cross')];
  expect(Object.keys(none).filter((name) => name.startsWith('interaction'))).toEqual([]);
  const [width] = present(none['bottom.0.weight']).value.shape.slice(2);
  expect(present(cross['interaction.1.weight']).value.shape).toEqual([1, width, width]);
});
