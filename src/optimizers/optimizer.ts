import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { independentTasks, type Parameter, type Parameters } from '../models/model.js';
import { float32, type HostArrays } from '../support/arrays.js';
import { part } from '../support/catalogue.js';
import { must } from '../support/must.js';
import { mapValues, recordOf } from '../support/records.js';
import { tf } from '../support/tf.js';
import { learningRateSchedules } from './schedules/catalogue.js';
import type { FollowedScores, LearningRateSchedule, TrainingLength } from './schedules/learning-rate-schedule.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** What one update reads. All of it may be traced: nothing here has values that can be read. */
interface Update {
  /** Those that it moves, among others. */
  readonly parameters: Tensors;
  /** Same names and shapes as those parameters. */
  readonly gradients: Tensors;
  readonly slots: Tensors;
  /** float32 scalar: number of updates done before this one. */
  readonly step: Tensor;
  /** float32, for this update: a scalar, or [owners] with one for each owner's parameters (`independentTasks`). */
  readonly learningRate: Tensor;
}

/**
 * An optimizer over a fixed set of parameters: initial state, and a pure function to the next parameters and state.
 */
export interface Optimizer {
  /** Embedding tables of which an update moves only rows whose gradient is not 0. */
  readonly lazy: readonly string[];
  /** Initial values of the slots, which are kept between updates, by `<slot>/<parameter>`: no parameter has such a name. */
  slots(): HostArrays;
  /**
   * Clips by value and by norm, adds the L2 gradient (PyTorch's order), then applies the rule. Fails on a parameter
   * without a gradient.
   */
  update(input: Update): { readonly parameters: Tensors; readonly slots: Tensors };
}

/**
 * How one array moves. Arrays are updated one by one. With small ones as one vector, a step of PLE takes 6 % less time,
 * and one of single-task 18 %, but engines would have to store parameters as parts of it.
 */
export interface UpdateRule {
  /**
   * Arrays kept for each parameter, with the value that fills them at the start. They have its shape, or one number per
   * row.
   */
  readonly slots: Readonly<Record<string, number | { readonly initial: number; readonly perRow: true }>>;
  /** Decoupled decay: a parameter is multiplied by 1 - learning rate * decay before it is moved. Left out: none. */
  readonly decay?: Readonly<Record<Parameter['kind'], number>>;
  /** Slots that shrink by a factor in every step whose gradient is 0. */
  readonly fading?: readonly string[];
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
export function optimizerOptions(learningRate: number) {
  return {
    learningRate: byTask(z.number().positive())
      .default(learningRate)
      .describe('The rate at the start. `{ <task>: rate }`: by task, with `adatask` alone.'),
    // A config checks it against the options of the schedule that it names, and describes it.
    schedule: z.looseObject({ type: z.string() }).optional(),
    decay: z
      .strictObject({ ratio: z.number().positive().max(1), unit: z.enum(['epoch', 'step']).default('epoch') })
      .optional()
      .describe(
        '`{ ratio, unit }`: the rate times ratio^t, t being completed epochs (`unit: epoch`, default) or steps (`step`). Not with a `schedule`.',
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
        'true: a step moves only the rows of embedding tables that have a gradient in its batch, as PyTorch’s SparseAdam. Other rows keep value and moments, without L2 or decay. `train.average` leaves such tables out. Absent: for tables of 200,000 rows or more.',
      ),
    clipValue: z
      .number()
      .positive()
      .optional()
      .describe('Gradients are cut to [-clipValue, clipValue] element by element, before `clipNorm`.'),
    clipNorm: byTask(z.number().positive())
      .optional()
      .describe(
        'Gradients are scaled down to a joint norm of at most this; by task in single-task and with `adatask`. `{ <task>: norm }`: with `adatask` alone.',
      ),
  };
}

/** One value for all tasks, or one for each. */
function byTask<Option extends z.ZodType>(option: Option) {
  return z.union([option, z.record(z.string().describe('task'), option)]);
}

/** @param task absent: the first */
function ofTask(value: OptimizerOptions['learningRate'], task?: string): number {
  if (typeof value === 'number') return value;
  return must(task === undefined ? Object.values(value)[0] : value[task], 'value of the task');
}

export type OptimizerOptions = Readonly<z.infer<z.ZodObject<ReturnType<typeof optimizerOptions>>>>;

export interface OptimizerDefinition {
  readonly name: string;
  /** One line for `ple list optimizers`. */
  readonly summary: string;
  readonly options: z.ZodObject;
  /**
   * Parses `options` (fails on what the schema refuses).
   * @param owners one for each learning rate; left out: those of these parameters
   */
  build(parameters: Parameters, options: unknown, owners?: readonly (string | undefined)[]): Optimizer;
  /** Parses `options`: the shapes of the slots of a parameter of this shape. */
  slotShapes(options: unknown, shape: readonly number[]): readonly (readonly number[])[];
  /** Parses `options`: the learning rate to give to its updates. */
  learningRate(options: unknown, length: TrainingLength): LearningRate;
}

export function defineOptimizer<Options extends z.ZodObject & z.ZodType<OptimizerOptions>>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly options: Options;
  readonly build: (options: z.infer<Options>) => UpdateRule;
}): OptimizerDefinition {
  const options = definition.options.refine(({ decay, schedule }) => decay === undefined || schedule === undefined, {
    error: 'has no effect beside a schedule, which sets the learning rate alone: remove decay (or the schedule)',
    path: ['decay'],
  });
  return part('optimizer', {
    name: definition.name,
    summary: definition.summary,
    options,
    build: (parameters, values, owners = independentTasks(parameters)) => {
      const parsed = options.parse(values);
      return optimizer(parameters, parsed, definition.build(parsed), owners);
    },
    slotShapes: (values, shape) =>
      Object.values(definition.build(options.parse(values)).slots).map((slot) => slotShape(slot, shape)),
    learningRate: (values, length) => buildLearningRate(options.parse(values), length),
  });
}

function optimizer(
  parameters: Parameters,
  options: OptimizerOptions,
  rule: UpdateRule,
  owners: readonly (string | undefined)[],
): Optimizer {
  const trained = Object.fromEntries(Object.entries(parameters).filter(([, { kind }]) => kind !== 'statistic'));
  const names = Object.keys(trained);
  const updates = mapValues(trained, (parameter, name) => arrayUpdate(name, parameter, rule, options));
  return {
    lazy: names.filter((name) => isLazy(must(trained[name], name), options)),
    slots: () => startingSlots(rule, trained),
    update(input) {
      const raw = recordOf(names, (name) => named(input.gradients, name, 'gradient'));
      const gradients = clipped(raw, options, (name) => trained[name]?.task);
      const begin = (rate: Tensor) => ({ rate, move: rule.begin(input.step, rate) });
      const moves =
        input.learningRate.rank === 0
          ? [begin(input.learningRate)]
          : owners.map((_, index) => begin(input.learningRate.slice(index, 1).asScalar()));
      const next = mapValues(updates, (update, name) => {
        const owner = moves.length === 1 ? 0 : owners.indexOf(trained[name]?.task);
        return update(input, named(gradients, name, 'gradient'), must(moves[owner], `learning rate of ${name}`));
      });
      return {
        parameters: mapValues(next, ({ parameter }) => parameter),
        slots: Object.assign({}, ...Object.values(next).map(({ slots }) => slots)),
      };
    },
  };
}

function startingSlots({ slots }: UpdateRule, trained: Parameters): HostArrays {
  return Object.fromEntries(
    Object.entries(slots).flatMap(([slot, initial]) =>
      Object.entries(trained).map(([name, { value }]) => {
        const array = float32(slotShape(initial, value.shape));
        array.data.fill(typeof initial === 'object' ? initial.initial : initial);
        return [`${slot}/${name}`, array];
      }),
    ),
  );
}

/** The rule at one learning rate. */
interface RatedMove {
  readonly rate: Tensor;
  readonly move: Move;
}

/** How one array is updated: its L2 gradient, decoupled decay, and the rule; of a lazy table only touched rows. */
function arrayUpdate(name: string, parameter: Parameter, rule: UpdateRule, options: OptimizerOptions) {
  const { kind } = parameter;
  const l2 = { weight: options.l2, embedding: options.l2Embeddings, bias: 0, statistic: 0 }[kind];
  const decay = rule.decay?.[kind];
  const lazy = isLazy(parameter, options);
  const selects = lazy && !(rule.restsAtZero && l2 === 0 && !decay);
  const fades = kind === 'embedding' && !lazy;
  return ({ parameters, gradients, slots }: Update, gradient: Tensor, { rate, move }: RatedMove) => {
    const value = named(parameters, name, 'value');
    const withL2 = l2 === 0 ? gradient : gradient.add(value.mul(l2));
    const decayed = decay ? value.mul(tf.sub(1, rate.mul(decay))) : value;
    const slot = (slotName: string) => {
      const moments = named(slots, `${slotName}/${name}`, 'optimizer slot');
      if (!fades || !rule.fading?.includes(slotName)) return moments;
      // Rounded to multiples of 2^-104, which leaves numbers of 2^-55 and more as they are. Moments of rows that batches
      // seldom name would shrink to denormal numbers, with which a processor computes many times as slowly.
      return moments.add(2 ** -80).sub(2 ** -80);
    };
    const next = move(decayed, withL2, slot);
    const choose = selects ? ofTouched(named(gradients, name, 'gradient')) : (moved: Tensor) => moved;
    return {
      parameter: choose(next.parameter, value),
      slots: Object.fromEntries(
        Object.entries(next.slots).map(([slotName, moved]) => [`${slotName}/${name}`, choose(moved, slot(slotName))]),
      ),
    };
  };
}

function slotShape(slot: UpdateRule['slots'][string], shape: readonly number[]): readonly number[] {
  return typeof slot === 'object' ? shape.with(-1, 1) : shape;
}

/** From so many rows on, the update of all rows of a table is most of a step. */
const manyRows = 200_000;

function isLazy({ kind, value: { shape } }: Parameter, { lazy }: OptimizerOptions): boolean {
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
interface LearningRate {
  /** The rate after these numbers of completed epochs and steps; of rates by task the first. */
  at(completedEpochs: number, completedSteps: number, scores: FollowedScores): number;
  /** `learningRate` of the options. @param task if it is by task; absent: the first */
  startOf(task?: string): number;
  /**
   * Present only if the rate depends on the scores of epochs. Networks that share nothing then each have a rate, by
   * their own scores.
   */
  readonly follow?: LearningRateSchedule['follow'] | undefined;
}

/** @throws ConfigError for a schedule that does not fit the length of training. */
function buildLearningRate({ learningRate, decay, schedule }: OptimizerOptions, length: TrainingLength): LearningRate {
  const startOf = (task?: string) => ofTask(learningRate, task);
  const start = startOf();
  if (schedule) {
    const { factor, follow } = learningRateSchedules.get(schedule.type).build(schedule, length);
    return { startOf, at: (_epochs, steps, scores) => start * factor(steps, scores), follow };
  }
  if (!decay) return { startOf, at: () => start };
  return { startOf, at: (epochs, steps) => start * decay.ratio ** (decay.unit === 'epoch' ? epochs : steps) };
}

/** Cuts each element, then scales to the joint norm, as the options say. */
function clipped(
  gradients: Tensors,
  { clipValue, clipNorm }: OptimizerOptions,
  groupOf: (name: string) => string | undefined,
): Tensors {
  const cut =
    clipValue === undefined
      ? gradients
      : mapValues(gradients, (gradient) => gradient.minimum(clipValue).maximum(-clipValue));
  return clipNorm === undefined ? cut : clipByNorm(cut, clipNorm, groupOf);
}

/**
 * Scales gradients by min(1, limit / (norm + 1e-6)), as PyTorch's `clip_grad_norm_` does. The norm is over all arrays
 * with an equal `groupOf`: independent networks do not clip each other.
 */
function clipByNorm(
  gradients: Tensors,
  limit: OptimizerOptions['learningRate'],
  groupOf: (name: string) => string | undefined,
): Tensors {
  const squares = new Map<string | undefined, Tensor>();
  for (const [name, gradient] of Object.entries(gradients)) {
    const square = gradient.square().sum();
    const before = squares.get(groupOf(name));
    squares.set(groupOf(name), before ? before.add(square) : square);
  }
  const scales = new Map<string | undefined, Tensor>();
  for (const [group, square] of squares) {
    scales.set(group, tf.scalar(ofTask(limit, group)).div(square.sqrt().add(1e-6)).minimum(1));
  }
  return mapValues(gradients, (gradient, name) => gradient.mul(scales.get(groupOf(name)) ?? 1));
}
