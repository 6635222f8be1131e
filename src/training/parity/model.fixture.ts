import type { Tensor } from '@tensorflow/tfjs';
import type { Dataset, Task } from '../../data/dataset.js';
import type { Signature, Step } from '../../engine/engine.js';
import { cut } from '../../engine/training-step.fixture.js';
import { type Case, cases } from '../../models/cases.fixture.js';
import { models } from '../../models/catalogue.js';
import { evaluating } from '../../models/model.js';
import { initialize } from '../../models/parameters.js';
import { build, present } from '../../models/run.fixture.js';
import { jointLoss } from '../../objective/joint-loss.js';
import { optimizers } from '../../optimizers/catalogue.js';
import { float32, type HostArray, type HostArrays, int32, sizeOf } from '../../support/arrays.js';
import { randomFromSeed } from '../../support/random.js';
import { tf } from '../../support/tf.js';
import { batchArrays, evaluationStep, initialState, trainingStep } from '../step.js';

export const steps = 10;
const batchSize = 512;

/** For tests: steps that train and evaluate each model, and what they are fed. */
export interface ParityModel {
  readonly model: string;
  /** Outputs of a training step, and `gradient/<parameter>`. */
  readonly training: { readonly step: Step; readonly signature: Signature };
  readonly evaluation: { readonly step: Step; readonly signature: Signature };
  /** Steps `from` to `to`, of ten. */
  trainingChunk(from: number, to: number): HostArrays;
  evaluationChunk(from: number, to: number): HostArrays;
}

/** Every model once: of its cases, the one with the most parameters. */
export function parityModels(): ParityModel[] {
  return models.names.map((name) => {
    const own = cases.filter(({ model }) => model === name).toSorted((a, b) => b.count - a.count);
    return parityModel(present(own[0]));
  });
}

function parityModel(given: Case): ParityModel {
  const model = build(given);
  const random = randomFromSeed(5);
  const parameters = initialize(model.parameters, random);
  const names = Object.keys(parameters);
  const tasks: Task[] = given.shape.tasks.map((name, index) => ({
    name,
    ...(index % 2 === 0
      ? { type: 'binary', offset: 0, scale: 1, positiveWeight: 2.5 }
      : { type: 'regression', offset: 0.5, scale: 2 }),
  }));
  const dataset: Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'> = {
    categorical: given.shape.categorical,
    numeric: given.shape.numeric.map((name) => ({ name })),
    lists: [],
    tasks,
  };
  const optimizer = optimizers.get('adam').build(parameters, {
    type: 'adam',
    learningRate: 0.01,
    clipNorm: 1,
    l2: 0.001,
    // With the usual 1e-8, a gradient that is zero but for rounding moves its parameter as far as any other.
    epsilon: 0.001,
  });
  const loss = jointLoss(tasks);
  const train = trainingStep(model, loss, optimizer, names);
  const step: Step = (state, batch) => {
    const objective = (...values: Tensor[]) => {
      const { logits, penalty } = model.apply(
        Object.fromEntries(names.map((name, index) => [name, present(values[index])])),
        { categorical: present(batch.categorical), numeric: present(batch.numeric) },
        evaluating,
      );
      const joint = loss(logits, present(batch.labels), present(batch.mask), present(batch.weights)).loss;
      return (penalty ? tf.add(joint, penalty) : joint).asScalar();
    };
    const { grads } = tf.valueAndGrads(objective)(names.map((name) => present(state[name])));
    const { state: next, outputs } = train(state, batch);
    const gradients = names.map((name, index) => [`gradient/${name}`, present(grads[index])] as const);
    return { state: next, outputs: { ...outputs, ...Object.fromEntries(gradients) } };
  };
  const arrays = batchArrays(dataset, batchSize);
  const data = random.stream('data');
  const chunk = Object.fromEntries(
    Object.entries(arrays.training).map(([name, spec]) => [name, drawn(name, [steps, ...spec.shape])]),
  );
  function drawn(name: string, shape: readonly number[]): HostArray {
    const rows = data.stream(name);
    if (name === 'categorical') {
      const cardinalities = given.shape.categorical.map(({ cardinality }) => cardinality);
      return int32(
        shape,
        Int32Array.from({ length: sizeOf(shape) }, (_, i) =>
          rows.below(present(cardinalities[i % cardinalities.length])),
        ),
      );
    }
    const values: Record<string, () => number> = {
      labels: () => rows.below(2),
      mask: () => (rows.uniform() < 0.8 ? 2 ** (rows.below(5) - 2) : 0), // rows have weights from 1/4 to 4
      weights: () => 0.5 + rows.uniform(),
      learningRate: () => 0.01,
    };
    return float32(shape, Float32Array.from({ length: sizeOf(shape) }, values[name] ?? (() => rows.normal())));
  }
  return {
    model: given.model,
    training: { step, signature: { state: initialState(parameters, optimizer), batch: arrays.training } },
    evaluation: {
      step: evaluationStep(model, () => {}),
      signature: {
        state: Object.fromEntries(Object.entries(parameters).map(([name, { value }]) => [name, value])),
        batch: arrays.inputs,
      },
    },
    trainingChunk: (from, to) => cut(chunk, from, to),
    evaluationChunk: (from, to) =>
      cut({ categorical: present(chunk.categorical), numeric: present(chunk.numeric) }, from, to),
  };
}
