import { describe, expect, it } from 'vitest';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { models } from '../models/catalogue.js';
import { initialize, type Model } from '../models/model.js';
import { requiredOptions } from '../models/run.fixture.js';
import { balancings } from '../objective/balancing/catalogue.js';
import { jointLoss } from '../objective/joint-loss.js';
import { optimizers } from '../optimizers/catalogue.js';
import { float32, type HostArrays, int32 } from '../support/arrays.js';
import { randomFromSeed } from '../support/random.js';
import type { Balanced } from './gradients/balanced-gradients.js';
import { sharingOf } from './gradients/sharing.js';
import { batchArrays, initialState, trainingStep } from './step.js';

const steps = 3;
const cardinality = 10;
const categorical = Array.from({ length: 30 }, (_, i) => ({ name: `c${i}`, cardinality, embedding: 4 }));
const tasks = ['a', 'b'].map((name) => ({ name, type: 'binary', offset: 0, scale: 1 }) as const);

describe.each(models.names)('%s', (name) => {
  const definition = models.get(name);
  const shape = { tasks, categorical, numeric: [] };
  const model = definition.build(shape, definition.options.parse({ type: name, ...requiredOptions(name, 'a', 'b') }));

  // One small block, one large one, and four; of the largest batch, ONNX Runtime would share the embeddings' gradient.
  it.each([60, 601, 1800])('trains to the same bits with one thread and two, in batches of %i', async (batchSize) => {
    await expectSameBits(model, batchSize);
  });
});

// Means and variances over all rows of a batch, and the running ones in the state: of one block, and of four.
it.each([60, 1800])(
  'batch normalisation trains to the same bits with one thread and two, in batches of %i',
  async (batchSize) => {
    const definition = models.get('mmoe');
    const options = { type: definition.name, normalization: 'batch' };
    const model = definition.build({ tasks, categorical, numeric: [] }, options);
    expect(Object.keys(model.parameters)).toContain('level1.experts.0.variance');
    await expectSameBits(model, batchSize);
  },
);

// Inner products of long gradients, of all methods that read them.
it('a balancing method trains to the same bits with one thread and two', async () => {
  const definition = models.get('mmoe');
  const model = definition.build({ tasks, categorical, numeric: [] }, { type: definition.name, activation: 'gelu' });
  const parameters = initialize(model.parameters, randomFromSeed(1));
  const method = balancings.get('gradnorm').build({ tasks, stepsPerEpoch: steps }, { type: 'gradnorm' });
  const sharing = sharingOf(model, parameters, { categorical, numeric: [], lists: [], tasks });
  await expectSameBits(model, 601, method && { method, sharing });
});

async function expectSameBits(model: Model, batchSize: number, balanced: Balanced | null = null): Promise<void> {
  const random = randomFromSeed(1);
  const parameters = initialize(model.parameters, random.stream('parameters'));
  const optimizer = optimizers.get('adam').build(parameters, { type: 'adam' });
  const signature = {
    state: initialState(parameters, optimizer, { balanced }),
    batch: batchArrays({ categorical, numeric: [], lists: [], tasks }, batchSize, 1, {}, { balanced }).training,
  };
  const step = trainingStep(model, jointLoss(tasks), optimizer, Object.keys(parameters), { balanced });
  const values = (count: number, draw: () => number) => Array.from({ length: steps * count }, draw);
  const ones = (...sides: number[]) =>
    float32(
      [steps, ...sides],
      Float32Array.from(
        values(
          sides.reduce((a, b) => a * b, 1),
          () => 1,
        ),
      ),
    );
  const chunk = {
    categorical: int32(
      [steps, batchSize, 30],
      Int32Array.from(values(30 * batchSize, () => random.below(cardinality))),
    ),
    numeric: float32([steps, batchSize, 0]),
    labels: float32([steps, 2, batchSize], Float32Array.from(values(2 * batchSize, () => random.below(2)))),
    mask: ones(2, batchSize),
    weights: ones(2),
    learningRate: float32([steps], new Float32Array(steps).fill(0.001)),
  };
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
