import type { Tensor } from '@tensorflow/tfjs';
import type { Dataset, Task } from '../../data/dataset.js';
import type { Signature, Step } from '../../engine/engine.js';
import { whole } from '../../engine/parity-device.fixture.js';
import { cut } from '../../engine/training-step.fixture.js';
import { models } from '../../models/catalogue.js';
import { initialize } from '../../models/model.js';
import { mixed, three, withLists } from '../../models/model-tests.fixture.js';
import { build, type Given, present, shapeFor, smallOptions } from '../../models/run.fixture.js';
import { jointLoss } from '../../objective/joint-loss.js';
import { optimizers } from '../../optimizers/catalogue.js';
import type { Optimizer } from '../../optimizers/optimizer.js';
import type { HostArrays } from '../../support/arrays.js';
import { randomFromSeed } from '../../support/random.js';
import { batchArrays, chunkNoise, evaluationStep, initialState, trainingStep } from '../step.js';
import { stepChunk } from '../step-chunk.fixture.js';

export const steps = whole ? 10 : 3;

/** Variants of the common options: all have dropout, and each other choice occurs in one. */
const variants = [
  { activation: 'gelu', dropout: 0.2 },
  { activation: 'silu', normalization: 'layer', dropout: 0.3 },
  { activation: 'tanh', dropout: { layers: 0.5, embeddings: 0 } },
  { activation: 'prelu', normalization: 'layer', dropout: { layers: 0.1, embeddings: 0.3 } },
  { normalization: 'layer', dropout: 0.25 },
  { normalization: 'batch', dropout: 0.1 },
] as const;

/** For tests: steps that train and evaluate each model, with their inputs. */
export interface ParityModel {
  readonly label: string;
  /** Outputs of a training step, and `gradient/<parameter>`. */
  readonly training: { readonly step: Step; readonly signature: Signature };
  readonly evaluation: { readonly step: Step; readonly signature: Signature };
  /** Steps `from` to `to`, of `steps`. */
  trainingChunk(from: number, to: number): HostArrays;
  evaluationChunk(from: number, to: number): HostArrays;
}

/** A multiclass task between two others. */
const withClasses = three.map((task) =>
  task.name === 'click' ? { ...task, type: 'multiclass' as const, outputs: 3 } : task,
);

/**
 * A part of all cases: each model once, with a variant on few rows; each kind of inputs and tasks occurs with some
 * model.
 */
function oneOfEach(): ParityModel[] {
  const shapes = [
    { tasks: three, ...mixed },
    { tasks: withClasses, ...mixed },
    { tasks: three, ...withLists },
  ] as const;
  const varieties = models.names.map((model, index) => {
    const shape = shapeFor(model, present(shapes[models.get(model).binaryOnly ? 0 : index % shapes.length]));
    return varied({ model, shape, options: smallOptions(model, 'click', 'view') }, index, 16);
  });
  return [...varieties, lazyTables()];
}

/** Of 40 ids a step reads a few. */
function lazyTables(): ParityModel {
  const { numeric, ...columns } = mixed;
  const categorical = columns.categorical.map((column) => ({ ...column, cardinality: 40 }));
  const shape = { tasks: three, numeric, categorical };
  const given = { model: 'stem', shape, options: smallOptions('stem', 'click', 'view') };
  return parityModel('stem with lazy tables', given, 8, { lazy: true, l2Embeddings: 0.001 });
}

/** Every model with defaults, with one of the variants on fewer rows, and with a multiclass task; then two on lists. */
function allOfThem(): ParityModel[] {
  const lists = (['hard-sharing', 'single-task'] as const).map((model) =>
    parityModel(
      `${model} on lists, with attention`,
      { model, shape: { tasks: three, ...withLists }, options: smallOptions(model, 'click', 'view') },
      model === 'single-task' ? 64 : 512,
    ),
  );
  return [...ofAllModels(), ...lists, lazyTables()];
}

export const parityModels = whole ? allOfThem() : oneOfEach();

function ofAllModels(): ParityModel[] {
  return models.names.flatMap((model, index) => {
    const shape = shapeFor(model, { tasks: three, ...mixed });
    const given = { model, shape, options: smallOptions(model, 'click', 'view') };
    return [
      parityModel(model, given, 512),
      varied(given, index, 64),
      ...(models.get(model).binaryOnly
        ? []
        : [parityModel(`${model} with a multiclass task`, { ...given, shape: { tasks: withClasses, ...mixed } }, 64)]),
    ];
  });
}

function varied(given: Given, index: number, batchSize: number): ParityModel {
  const variant = present(variants[index % variants.length]);
  // Layer normalisation of few features, most of them dropped, magnifies rounding.
  const wide = { levels: given.options.levels.map((widths) => widths.map(() => 16)), tower: [16] };
  const label = `${given.model} with ${JSON.stringify(variant)}`;
  return parityModel(label, { ...given, options: { ...given.options, ...wide, ...variant } }, batchSize);
}

function parityModel(label: string, given: Given, batchSize: number, ofOptimizer: object = {}): ParityModel {
  const model = build(given);
  const random = randomFromSeed(6); // no relu’s input is so near 0 that a device’s rounding decides its sign within ten steps
  const parameters = initialize(model.parameters, random);
  const tasks: Task[] = given.shape.tasks.map(({ name, outputs }, index) => ({
    name,
    ...(outputs !== undefined
      ? { type: 'multiclass', offset: 0, scale: 1, classes: Array.from({ length: outputs }, (_, c) => `c${c}`) }
      : index % 2 === 0 || models.get(given.model).binaryOnly
        ? { type: 'binary', offset: 0, scale: 1, positiveWeight: 2.5 }
        : { type: 'regression', offset: 0.5, scale: 2 }),
  }));
  const dataset: Pick<Dataset, 'categorical' | 'numeric' | 'lists' | 'tasks'> = {
    categorical: given.shape.categorical,
    numeric: given.shape.numeric.map((name) => ({ name })),
    lists: given.shape.lists ?? [],
    tasks,
  };
  const adam = optimizers.get('adam').build(parameters, {
    type: 'adam',
    learningRate: 0.01,
    clipNorm: 1,
    l2: 0.001,
    // With the usual 1e-8, a gradient that is zero but for rounding moves its parameter as far as any other.
    epsilon: 0.001,
    ...ofOptimizer,
  });
  let gradients: Readonly<Record<string, Tensor>> = {};
  const optimizer: Optimizer = {
    ...adam,
    update(given) {
      gradients = given.gradients;
      return adam.update(given);
    },
  };
  const train = trainingStep(model, jointLoss(tasks), optimizer, Object.keys(parameters));
  const step: Step = (state, batch) => {
    const { state: next, outputs } = train(state, batch);
    const named = Object.entries(gradients).map(([name, gradient]) => [`gradient/${name}`, gradient] as const);
    return { state: next, outputs: { ...outputs, ...Object.fromEntries(named) } };
  };
  const arrays = batchArrays(dataset, batchSize, 1, model.noise);
  const data = random.stream('data');
  const noise = chunkNoise(model.noise, batchSize, random.stream('noise'), { completedSteps: 0, steps });
  const { categorical, lists = [] } = given.shape;
  const cardinalities = [
    ...categorical.map(({ cardinality }) => cardinality),
    ...lists.flatMap(({ cardinality, length }) => Array.from({ length }, () => cardinality)),
  ];
  const drawn = (name: string) => {
    const rows = data.stream(name);
    const values: Record<string, (place: number) => number> = {
      categorical: (place) => rows.below(present(cardinalities[place % cardinalities.length])),
      labels: () => rows.below(2),
      mask: () => (rows.uniform() < 0.8 ? 2 ** (rows.below(5) - 2) : 0), // rows have weights from 1/4 to 4
      lossWeights: () => 0.5 + rows.uniform(),
      learningRate: () => 0.01,
    };
    return values[name] ?? (() => rows.normal());
  };
  const chunk = stepChunk(arrays.training, steps, drawn, noise);
  return {
    label,
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
