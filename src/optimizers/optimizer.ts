import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { independentTasks, type Parameter, type Parameters } from '../models/model.js';
import { elementCount, type HostArrays } from '../support/arrays.js';
import { part } from '../support/catalogue.js';
import { must } from '../support/must.js';
import { tf } from '../support/tf.js';
import { learningRateSchedules } from './schedules/catalogue.js';
import type { FollowedScores, LearningRateSchedule, TrainingLength } from './schedules/learning-rate-schedule.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** What one update reads. All of it may be traced: nothing here has values that can be read. */
interface Update {
  readonly parameters: Tensors;
  /** Same names and shapes as `parameters`. */
  readonly gradients: Tensors;
  readonly slots: Tensors;
  /** float32 scalar: number of updates done before this one. */
  readonly step: Tensor;
  /** float32, for this update: a scalar, or [owners] with one for each owner's parameters (`ownersOf`). */
  readonly learningRate: Tensor;
}

/**
 * An optimizer over a fixed set of parameters: initial state, and a pure function to the next parameters and state.
 */
export interface Optimizer {
  /** Embedding tables of which an update moves only rows whose gradient is not 0. */
  readonly lazy: readonly string[];
  /** Fresh initial values of what is kept between updates, by names that no parameter has (`<slot>/<parameter>`). */
  slots(): HostArrays;
  /**
   * Clips by value and by norm, adds the L2 gradient (PyTorch's order), then applies the rule. Fails on a parameter
   * without a gradient.
   */
  update(input: Update): { readonly parameters: Tensors; readonly slots: Tensors };
}

/** How one array moves. Arrays are updated one by one: the compiled engine joins small ones. */
export interface Rule {
  /**
   * Arrays kept for each parameter, with the value that fills them at the start. They have its shape, or one number per
   * row.
   */
  readonly slots: Readonly<Record<string, number | { readonly initial: number; readonly perRow: true }>>;
  /** Decoupled decay: a parameter is multiplied by 1 - learning rate * decay before it is moved. Left out: none. */
  readonly decay?: Readonly<Record<Parameter['kind'], number>>;
  /** A gradient of 0 changes neither the parameter nor the slots, to the bit. */
  readonly restsAtZero?: boolean;
  /** Called once per step and learning rate: scalars that arrays share are computed here, not once per array. */
  begin(step: Tensor, learningRate: Tensor): Move;
}

/** Moves one array. `slot` gives the array's slots by name. */
type Move = (
  parameter: Tensor,
  gradient: Tensor,
  slot: (name: string) => Tensor,
) => { readonly parameter: Tensor; readonly slots: Tensors };

/** Options that every optimizer has; `learningRate` is the default of that key. */
export function commonOptions(learningRate: number) {
  return {
    learningRate: z.number().positive().default(learningRate).describe('The learning rate at the start.'),
    // A config checks it against the options of the schedule that it names, and describes it.
    schedule: z.looseObject({ type: z.string() }).optional(),
    decay: z
      .strictObject({ ratio: z.number().positive().max(1), unit: z.enum(['epoch', 'step']).default('epoch') })
      .optional()
      .describe(
        '`{ ratio, unit }`: the learning rate times ratio^t, t being completed epochs (`unit: epoch`, the default) or steps (`step`). Not with a `schedule`.',
      ),
    l2: z
      .number()
      .nonnegative()
      .default(0)
      .describe('l2 * p is added to the gradient of weights, not of biases (PyTorch’s coupled `weight_decay`).'),
    l2Embeddings: z.number().nonnegative().default(0).describe('The same for embedding tables.'),
    lazy: z
      .boolean()
      .optional()
      .describe(
        'Whether a step moves only the rows of embedding tables that have a gradient in its batch (like PyTorch’s SparseAdam): the others keep value and moments, without L2 or decay. `train.average` leaves such tables out. Absent: for tables of 200,000 rows or more.',
      ),
    clipValue: z
      .number()
      .positive()
      .optional()
      .describe('Each element of a gradient is cut to [-clipValue, clipValue], before `clipNorm`.'),
    clipNorm: z
      .number()
      .positive()
      .optional()
      .describe('Gradients are scaled down to a joint norm of at most this, in single-task by task.'),
  };
}

export type CommonOptions = Readonly<z.infer<z.ZodObject<ReturnType<typeof commonOptions>>>>;

export interface OptimizerDefinition {
  readonly name: string;
  /** One line for `ple list optimizers`. */
  readonly summary: string;
  readonly options: z.ZodObject;
  /**
   * Parses `options` (fails on what the schema refuses).
   * @param owners of the learning rates; left out: those of these parameters
   */
  build(parameters: Parameters, options: unknown, owners?: readonly (string | undefined)[]): Optimizer;
  /** Parses `options`: the shapes of the slots of a parameter of this shape. */
  slotShapes(options: unknown, shape: readonly number[]): readonly (readonly number[])[];
  /** Parses `options`: the learning rate to give to its updates. */
  learningRate(options: unknown, length: TrainingLength): LearningRate;
}

export function defineOptimizer<Options extends z.ZodObject & z.ZodType<CommonOptions>>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly options: Options;
  readonly build: (options: z.infer<Options>) => Rule;
}): OptimizerDefinition {
  const options = definition.options.refine(({ decay, schedule }) => decay === undefined || schedule === undefined, {
    error: 'has no effect beside a schedule, which sets the learning rate alone: remove decay (or the schedule)',
    path: ['decay'],
  });
  return part('optimizer', {
    name: definition.name,
    summary: definition.summary,
    options,
    build: (parameters, given, owners = independentTasks(parameters)) => {
      const parsed = options.parse(given);
      return optimizer(parameters, parsed, definition.build(parsed), owners);
    },
    slotShapes: (given, shape) =>
      Object.values(definition.build(options.parse(given)).slots).map((slot) => slotShape(slot, shape)),
    learningRate: (given, length) => buildLearningRate(options.parse(given), length),
  });
}

function optimizer(
  parameters: Parameters,
  options: CommonOptions,
  rule: Rule,
  owners: readonly (string | undefined)[],
): Optimizer {
  const l2 = { weight: options.l2, embedding: options.l2Embeddings, bias: 0, statistic: 0 };
  const trainable = Object.fromEntries(Object.entries(parameters).filter(([, { kind }]) => kind !== 'statistic'));
  const names = Object.keys(trainable);
  const lazy = names.filter((name) => isLazy(must(trainable[name], name), options));
  const selects = (name: string, kind: Parameter['kind']) =>
    lazy.includes(name) && !(rule.restsAtZero && l2[kind] === 0 && !rule.decay?.[kind]);
  return {
    lazy,
    slots: () =>
      Object.fromEntries(
        Object.entries(rule.slots).flatMap(([slot, initial]) =>
          Object.entries(trainable).map(([name, { value }]) => {
            const shape = slotShape(initial, value.shape);
            const data = new Float32Array(elementCount(shape));
            data.fill(typeof initial === 'object' ? initial.initial : initial);
            return [`${slot}/${name}`, { dtype: 'float32', shape, data }] as const;
          }),
        ),
      ),
    update: ({ parameters: values, gradients, slots, step, learningRate }) => {
      const { clipNorm, clipValue } = options;
      const cut = (gradient: Tensor) =>
        clipValue === undefined ? gradient : gradient.minimum(clipValue).maximum(-clipValue);
      const raw = Object.fromEntries(names.map((name) => [name, cut(named(gradients, name, 'gradient'))]));
      const clipped = clipNorm === undefined ? raw : clipByNorm(raw, clipNorm, (name) => trainable[name]?.task);
      const begin = (rate: Tensor) => ({ rate, move: rule.begin(step, rate) });
      const moves =
        learningRate.rank === 0
          ? [begin(learningRate)]
          : owners.map((_, index) => begin(learningRate.slice(index, 1).asScalar()));
      const nextParameters: Record<string, Tensor> = {};
      const nextSlots: Record<string, Tensor> = {};
      for (const [name, { kind, task }] of Object.entries(trainable)) {
        const value = named(values, name, 'value');
        const gradient = named(clipped, name, 'gradient');
        const decayed = l2[kind] === 0 ? gradient : gradient.add(value.mul(l2[kind]));
        const { rate, move } = must(moves[moves.length === 1 ? 0 : owners.indexOf(task)], `learning rate of ${name}`);
        const kept = rule.decay?.[kind] ? value.mul(tf.sub(1, rate.mul(rule.decay[kind]))) : value;
        const slot = (kind: string) => named(slots, `${kind}/${name}`, 'optimizer slot');
        const next = move(kept, decayed, slot);
        const choose = selects(name, kind) ? ofTouched(named(gradients, name, 'gradient')) : (moved: Tensor) => moved;
        nextParameters[name] = choose(next.parameter, value);
        for (const [kind, tensor] of Object.entries(next.slots))
          nextSlots[`${kind}/${name}`] = choose(tensor, slot(kind));
      }
      return { parameters: nextParameters, slots: nextSlots };
    },
  };
}

function slotShape(slot: Rule['slots'][string], shape: readonly number[]): readonly number[] {
  return typeof slot === 'object' ? shape.with(-1, 1) : shape;
}

/** From so many rows on, the update of all rows of a table is most of a step. */
const manyRows = 200_000;

function isLazy({ kind, value: { shape } }: Parameter, { lazy }: CommonOptions): boolean {
  return kind === 'embedding' && (lazy ?? hasManyRows(shape));
}

export function hasManyRows(table: readonly number[]): boolean {
  return (table[0] ?? 0) >= manyRows;
}

/** Takes rows as they were moved where the gradient has a value that is not 0; all others to the bit as they were. */
function ofTouched(gradient: Tensor): (moved: Tensor, before: Tensor) => Tensor {
  const touched = gradient.abs().max(-1, true).notEqual(0); // [rows, 1]
  return (moved, before) => tf.where(touched, moved, before);
}

function named(tensors: Tensors, name: string, what: string): Tensor {
  return must(tensors[name], `${what} of ${name}`);
}

/** The learning rate of a run, step by step. */
export interface LearningRate {
  /** The rate after these numbers of completed epochs and steps. */
  at(completedEpochs: number, completedSteps: number, scores: FollowedScores): number;
  /** `learningRate` of the options. */
  readonly start: number;
  /**
   * Present only if the rate depends on the scores of epochs. Networks that share nothing then each have a rate, by
   * their own scores.
   */
  readonly follow?: LearningRateSchedule['follow'];
}

/** @throws ConfigError for a schedule that does not fit the length of training. */
function buildLearningRate({ learningRate, decay, schedule }: CommonOptions, length: TrainingLength): LearningRate {
  if (schedule) {
    const { factor, follow } = learningRateSchedules.get(schedule.type).build(schedule, length);
    return {
      start: learningRate,
      at: (_epochs, steps, scores) => learningRate * factor(steps, scores),
      ...(follow ? { follow } : {}),
    };
  }
  if (!decay) return { start: learningRate, at: () => learningRate };
  return {
    start: learningRate,
    at: (epochs, steps) => learningRate * decay.ratio ** (decay.unit === 'epoch' ? epochs : steps),
  };
}

/**
 * Scales gradients by min(1, limit / (norm + 1e-6)), as PyTorch's `clip_grad_norm_` does. The norm is over all arrays
 * with an equal `groupOf`: independent networks do not clip each other.
 */
function clipByNorm(
  gradients: Readonly<Record<string, Tensor>>,
  limit: number,
  groupOf: (name: string) => string | undefined,
): Record<string, Tensor> {
  const squares = new Map<string | undefined, Tensor>();
  for (const [name, gradient] of Object.entries(gradients)) {
    const square = gradient.square().sum();
    const before = squares.get(groupOf(name));
    squares.set(groupOf(name), before ? before.add(square) : square);
  }
  const scales = new Map<string | undefined, Tensor>();
  for (const [group, square] of squares) {
    scales.set(group, tf.scalar(limit).div(square.sqrt().add(1e-6)).minimum(1));
  }
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => [name, gradient.mul(scales.get(groupOf(name)) ?? 1)]),
  );
}
