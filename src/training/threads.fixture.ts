import { expect } from 'vitest';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { models } from '../models/catalogue.js';
import { initialize } from '../models/model.js';
import { requiredOptions } from '../models/run.fixture.js';
import { balancings } from '../objective/balancing/catalogue.js';
import { jointLoss } from '../objective/joint-loss.js';
import { optimizers } from '../optimizers/catalogue.js';
import type { HostArrays } from '../support/arrays.js';
import { randomFromSeed } from '../support/random.js';
import { findSharing } from './gradients/sharing.js';
import { batchArrays, initialState, trainingStep } from './step.js';
import { stepChunk } from './step-chunk.fixture.js';

const steps = 2;
const cardinality = 10;
const categorical = Array.from({ length: 30 }, (_, i) => ({ name: `c${i}`, cardinality, embedding: 4 }));
const tasks = ['a', 'b'].map((name) => ({ name, type: 'binary', offset: 0, scale: 1 }) as const);

/**
 * Trains a model with one thread and with two: the bits must be equal. Batches of 60, 601 and 1800 rows have one small
 * block of rows, one large one, and four.
 */
export async function expectSameBits(
  type: string,
  batchSize: number,
  {
    balancing = 'fixed',
    optimizer: given = {},
    ...options
  }: Readonly<Record<string, unknown>> & {
    readonly balancing?: string;
    readonly optimizer?: object;
  } = {},
): Promise<void> {
  const { build, options: schema } = models.get(type);
  const built = ({ categorical: columns }: { readonly categorical: typeof categorical }) =>
    build(
      { tasks, categorical: columns, numeric: [] },
      schema.parse({ type, ...requiredOptions(type, 'a', 'b'), ...options }),
    );
  const dataset = { categorical, numeric: [], lists: [], tasks };
  const model = built(dataset);
  const random = randomFromSeed(1);
  const parameters = initialize(model.parameters, random.stream('parameters'));
  const optimizer = optimizers.get('adam').build(parameters, { type: 'adam', ...given });
  const method = balancings.get(balancing).build({ tasks, stepsPerEpoch: steps }, { type: balancing });
  const balanced = method && { method, sharing: findSharing(dataset, built) };
  const signature = {
    state: initialState(parameters, optimizer, { balanced }),
    batch: batchArrays(dataset, batchSize, 1, {}, { balanced }).training,
  };
  const step = trainingStep(model, jointLoss(tasks), optimizer, Object.keys(parameters), { balanced });
  const values: Record<string, () => number> = {
    categorical: () => random.below(cardinality),
    labels: () => random.below(2),
    learningRate: () => 0.001,
  };
  const chunk = stepChunk(signature.batch, steps, (name) => values[name] ?? (() => 1));
  const states: HostArrays[] = [];
  for (const threads of [1, 2]) {
    const program = await createCompiledEngine({ threads }).compile(step, signature);
    await program.run(chunk);
    states.push(await program.readState());
    await program.release();
  }
  const [one = {}, two = {}] = states;
  const differing = Object.entries(one).filter(([key, { data }]) =>
    data.some((value, i) => value !== two[key]?.data[i]),
  );
  expect(differing.map(([key]) => key)).toEqual([]);
  expect(one).not.toEqual(signature.state);
}
