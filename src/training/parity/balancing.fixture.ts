import { z } from 'zod';
import type { Signature, Step } from '../../engine/engine.js';
import { models } from '../../models/catalogue.js';
import { initialize, namesOf } from '../../models/model.js';
import { mixed, three } from '../../models/model-tests.fixture.js';
import { build, shapeFor, smallOptions } from '../../models/run.fixture.js';
import { balancings } from '../../objective/balancing/catalogue.js';
import { jointLoss } from '../../objective/joint-loss.js';
import { optimizers } from '../../optimizers/catalogue.js';
import type { HostArrays } from '../../support/arrays.js';
import { randomFromSeed } from '../../support/random.js';
import type { Balanced } from '../gradients/balanced-gradients.js';
import { findSharing, smoothed } from '../gradients/sharing.js';
import { batchArrays, chunkBalancingNoise, chunkNoise, initialState, trainingStep } from '../step.js';
import { stepChunk } from '../step-chunk.fixture.js';

export const balancingNames = balancings.names;

/** The required options of a method: an option without a default names a task. */
export function balancingOptions(name: string, task: string): Readonly<Record<string, unknown>> {
  const required = Object.entries(balancings.get(name).options.shape).filter(
    ([key, option]) => key !== 'type' && !z.safeParse(option, undefined).success,
  );
  return { type: name, ...Object.fromEntries(required.map(([key]) => [key, task])) };
}

/** For tests: training steps of a small model on up to three tasks. Some batches have no rows of the last task. */
export function balancingSteps(
  name: string,
  modelName: string,
  own: Readonly<Record<string, unknown>> = {},
  { steps, batchSize } = { steps: 10, batchSize: 64 },
) {
  const shape = shapeFor(modelName, { tasks: three, ...mixed });
  const [task = '', other = ''] = namesOf(shape.tasks);
  // A smooth activation: WebGPU adds gradients in any order, so a relu with an input near 0 would differ between runs.
  const options = { ...smallOptions(modelName, task, other), dropout: 0.1, activation: 'silu' as const };
  const model = build({ model: modelName, shape, options });
  const random = randomFromSeed(6);
  const parameters = initialize(model.parameters, random);
  const tasks = shape.tasks.map(({ name: named }, index) => ({
    name: named,
    ...(index === 1 && !models.get(modelName).binaryOnly
      ? ({ type: 'regression', offset: 0.5, scale: 2 } as const)
      : ({ type: 'binary', offset: 0, scale: 1 } as const)),
  }));
  const dataset = {
    tasks,
    categorical: shape.categorical,
    numeric: shape.numeric.map((column) => ({ name: column })),
    lists: [],
  };
  const method = balancings.get(name).build({ tasks, stepsPerEpoch: 1 }, { ...balancingOptions(name, task), ...own });
  const balanced: Balanced | null = method && {
    method,
    sharing: findSharing(dataset, ({ categorical }) =>
      build({ model: modelName, shape: { ...shape, categorical }, options: smoothed(options) }),
    ),
  };
  const optimizer = optimizers.get('adam').build(parameters, { type: 'adam', learningRate: 0.01, epsilon: 0.001 });
  const { training } = batchArrays(dataset, batchSize, 1, model.noise, { balanced });
  const data = random.stream('data');
  const drawn: HostArrays = {
    ...chunkNoise(model.noise, batchSize, random.stream('noise'), { completedSteps: 0, steps }),
    ...chunkBalancingNoise(balanced, random.stream('balancing'), { completedSteps: 0, steps }),
  };
  const cardinalities = shape.categorical.map(({ cardinality }) => cardinality);
  const values = (array: string, size: number) => {
    const stream = data.stream(array);
    // Of every third batch, no row is in the sample space of the last task.
    const isLast = (place: number) => place % size >= (size * (tasks.length - 1)) / tasks.length;
    const absent = (place: number) => Math.floor(place / size) % 3 === 1 && isLast(place);
    const value: Record<string, (place: number) => number> = {
      categorical: (place) => stream.below(cardinalities[place % cardinalities.length] ?? 1),
      labels: () => stream.below(2),
      mask: (place) => (absent(place) ? 0 : Number(stream.uniform() < 0.8)),
      lossWeights: () => 0.5 + stream.uniform(),
      learningRate: () => 0.01,
    };
    return value[array] ?? (() => stream.normal());
  };
  const chunk = stepChunk(training, steps, values, drawn);
  const step: Step = trainingStep(model, jointLoss(tasks), optimizer, Object.keys(parameters), { balanced });
  const signature: Signature = { state: initialState(parameters, optimizer, { balanced }), batch: training };
  return { step, signature, chunk, balanced };
}
