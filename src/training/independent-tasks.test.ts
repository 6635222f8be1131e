import { expect, test } from 'vitest';
import { models } from '../models/catalogue.js';
import { ownersOf } from '../models/model.js';
import { build, smallOptions } from '../models/run.fixture.js';
import { binaryTasks } from '../models/tasks.fixture.js';
import { definitions } from './definitions.js';
import { countByTask, countParameters } from './setup.js';

test('of all models only the baseline has tasks that share no parameters', () => {
  const shape = { tasks: binaryTasks('a', 'b'), categorical: [], numeric: ['x'] };
  const independent = models.names.filter((model) => {
    const { parameters } = build({ model, shape, options: smallOptions(model, 'a', 'b') });
    return !ownersOf(parameters).includes(undefined);
  });
  expect(independent).toEqual([definitions.baseline]);
});

test('each task’s own parameters are counted apart, and add up to those of the model', () => {
  const column = { name: 'site', cardinality: 7, embedding: 3 };
  const shape = { tasks: binaryTasks('a', 'b'), categorical: [column], numeric: ['x', 'y'] };
  const { parameters } = build({ model: 'single-task', shape, options: { levels: [[6]], tower: [4] } });
  const own = { embedding: 7 * 3, network: (3 + 2) * 6 + 6 + 6 * 4 + 4 + 4 + 1 };
  expect(countByTask(parameters)).toEqual({ a: own, b: own });
  expect(countParameters(parameters)).toEqual({ embedding: 2 * own.embedding, network: 2 * own.network });
  const sharing = build({ model: 'hard-sharing', shape, options: { levels: [[6]], tower: [4] } });
  expect(countByTask(sharing.parameters)).toBeUndefined();
});
