import { expect, test } from 'vitest';
import type { Engine } from '../engine/engine.js';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { pureJs } from '../engine/tfjs/backends.js';
import { createTfjsEngine } from '../engine/tfjs/tfjs-engine.js';
import { initialize } from '../models/model.js';
import { build } from '../models/run.fixture.js';
import { binaryTasks } from '../models/tasks.fixture.js';
import { jointLoss } from '../objective/joint-loss.js';
import { optimizers } from '../optimizers/catalogue.js';
import type { HostArrays } from '../support/arrays.js';
import { must } from '../support/must.js';
import { randomFromSeed } from '../support/random.js';
import { batchArrays, type Extras, evaluatedValues, initialState, trainingStep } from './step.js';
import { stepChunk } from './step-chunk.fixture.js';

const batchSize = 8;
const categorical = [{ name: 'id', cardinality: 6, embedding: 3 }];
const shape = { tasks: binaryTasks('a', 'b'), categorical, numeric: ['x', 'y', 'z'] };
const tasks = shape.tasks.map(({ name }) => ({ name, type: 'binary', offset: 0, scale: 1 }) as const);
const dataset = { tasks, categorical, numeric: shape.numeric.map((name) => ({ name })), lists: [] };
const model = build({ model: 'hard-sharing', shape, options: { levels: [[4]], tower: [3] } });
const parameters = initialize(model.parameters, randomFromSeed(1));
const names = Object.keys(parameters);
const engines: [string, Engine][] = [
  ['compiled', createCompiledEngine({ threads: 1 })],
  ['tfjs', createTfjsEngine(pureJs)],
];

/** State after these batches, each a number that its rows are drawn from. */
async function after(
  engine: Engine,
  batches: readonly number[],
  options: { readonly type: string; readonly learningRate: number; readonly lazy?: boolean },
  extras: Extras = {},
): Promise<HostArrays> {
  const optimizer = optimizers.get(options.type).build(parameters, options);
  const { training: batch } = batchArrays(dataset, batchSize, 1, {}, extras);
  const step = trainingStep(model, jointLoss(tasks), optimizer, names, extras);
  const program = await engine.compile(step, { state: initialState(parameters, optimizer, extras), batch });
  const values: Record<string, (seed: number, i: number) => number> = {
    categorical: (seed, i) => [1, 4, seed][i % 3] ?? 0,
    numeric: (seed, i) => Math.sin(1 + seed * 17 + i * 5),
    labels: (seed, i) => (seed + i) % 2,
    learningRate: () => options.learningRate,
  };
  const valueReader = (name: string, size: number) => (place: number) => {
    const at = Math.floor(place / size);
    return values[name]?.(batches[at] ?? 0, place % size) ?? 1;
  };
  await program.run(stepChunk(batch, batches.length, valueReader));
  const state = await program.readState();
  await program.release();
  return state;
}

const of = (state: HostArrays, name: string) => [...must(state[name], name).data];

function expectClose(state: HostArrays, wanted: (name: string, i: number) => number): void {
  for (const name of names)
    for (const [i, value] of of(state, name).entries())
      expect(Math.abs(value - wanted(name, i)), `${name} ${i}`).toBeLessThan(2e-6);
}

test.each(engines)('%s: epochs are evaluated by the moving average of the parameters', async (_, engine) => {
  const sgd = { type: 'sgd', learningRate: 0.3 };
  const average = 0.25;
  const paths = await Promise.all([[0], [0, 1], [0, 1, 2]].map((batches) => after(engine, batches, sgd)));
  const state = await after(engine, [0, 1, 2], sgd, { average });
  expectClose(state, (name, i) => of(must(paths[2], 'path'), name)[i] ?? Number.NaN);
  const wanted = (name: string, i: number) =>
    paths.reduce((mean, path, index) => {
      const decay = Math.min(average, (index + 2) / (index + 11));
      return decay * mean + (1 - decay) * (of(path, name)[i] ?? Number.NaN);
    }, parameters[name]?.value.data[i] ?? Number.NaN);
  expectClose(evaluatedValues(state, names), wanted);
});

test.each(engines)('%s: a lazy table moves in the rows that a step reads, and has no average', async (_, engine) => {
  const adam = { type: 'adam', learningRate: 0.3, lazy: true };
  const state = await after(engine, [3, 1], adam, { average: 0.5 });
  const [weight] = names.filter((name) => parameters[name]?.kind === 'weight');
  const table = 'embeddings.3';
  expect(Object.keys(state).filter((name) => name.startsWith('average/'))).toContain(`average/${weight}`);
  expect(state[`average/${table}`]).toBeUndefined();
  expect(evaluatedValues(state, names)[table]).toEqual(state[table]);
  const moved = (name: string, start: readonly number[]) =>
    [0, 1, 2, 3, 4, 5].filter((row) => [0, 1, 2].some((i) => of(state, name)[row * 3 + i] !== start[row * 3 + i]));
  expect(moved(table, [...must(parameters[table], table).value.data])).toEqual([1, 3, 4]);
  for (const slot of ['first', 'second'])
    expect(moved(`optimizer/adam.${slot}/${table}`, Array(18).fill(0))).toEqual([1, 3, 4]);
});
