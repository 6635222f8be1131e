import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { elementCount, type FloatArray, float32, type RowPart } from '../support/arrays.js';
import { part } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { must } from '../support/must.js';
import type { Random } from '../support/random.js';
import { mapValues } from '../support/records.js';
import { type CommonOptions, commonOptions } from './options.js';

/** What a model is fed: the batch's features. */
export interface ModelInputs {
  /** int32 [batch, categorical columns, then each list's entries]: an index within each column's cardinality. */
  readonly categorical: Tensor;
  /** float32 [batch, numeric columns, then each list's weights]. */
  readonly numeric: Tensor;
}

/** A task as a model sees it. */
export interface ModelTask {
  readonly name: string;
  readonly type: 'binary' | 'regression' | 'multiclass';
  /** Rows of logits of a multiclass task, one per class. Absent: one row. */
  readonly outputs?: number;
}

export function namesOf(tasks: readonly ModelTask[]): readonly string[] {
  return tasks.map(({ name }) => name);
}

/** What a model must know of the data to be built. */
export interface ModelShape {
  /** In the order of the config. */
  readonly tasks: readonly ModelTask[];
  readonly categorical: readonly {
    readonly name: string;
    readonly cardinality: number;
    readonly embedding: number;
  }[];
  readonly numeric: readonly string[];
  /** For each numeric column, ascending edges of bins. Absent, or fewer than two edges: no bins. */
  readonly edges?: readonly (readonly number[])[];
  /** List columns; `length` entries of each are fed. */
  readonly lists?: readonly {
    readonly name: string;
    readonly cardinality: number;
    readonly embedding: number;
    readonly length: number;
    /**
     * `target`: a categorical column of equal embedding width. `hidden`: the attention's hidden width. Left out: no
     * attention.
     */
    readonly attention?: { readonly target: string; readonly hidden: number };
  }[];
  /** The data are not known yet and the columns are placeholders: a model must not refuse a column's name. */
  readonly withoutData?: boolean;
}

/** One trainable array. */
export interface Parameter {
  readonly value: FloatArray;
  /**
   * Embeddings are counted apart and are not decayed by L2 unless asked; biases are never decayed. A statistic is no
   * trainable value: the model moves it in training (`Context.observe`), no optimizer does.
   */
  readonly kind: 'embedding' | 'weight' | 'bias' | 'statistic';
  /**
   * Set when this parameter belongs to an independent network of one task (single-task). The network then stops, is
   * clipped and is selected on its own.
   */
  readonly task?: string | undefined;
}

/** By name; names are dotted paths such as `level1.experts.0.weight`. The order is that of creation. */
export type Parameters = Readonly<Record<string, Parameter>>;

/**
 * The tasks whose networks share nothing, in the order of their parameters; `[undefined]`, a single owner, where any
 * parameter is shared.
 */
export function independentTasks(
  parameters: Readonly<Record<string, Pick<Parameter, 'task'>>>,
): readonly (string | undefined)[] {
  const owners = [...new Set(Object.values(parameters).map(({ task }) => task))];
  return owners.includes(undefined) ? [undefined] : owners;
}

/** How one parameter starts. */
export interface ParameterStart {
  readonly shape: readonly number[];
  readonly kind: Parameter['kind'];
  readonly task?: string | undefined;
  /** How `ModelInputs.categorical` indexes the rows of a table. */
  readonly rows?: readonly RowPart[];
  /** Writes the starting values; `random` is the parameter's own stream. */
  start(values: Float32Array, random: Random): void;
}

/** By parameter name, in the order of creation. */
export type ParameterStarts = Readonly<Record<string, ParameterStart>>;

/** The weights with which one gate mixes its experts: float32 [batch, experts], rows sum to 1. */
export interface Gate {
  readonly level: number; // from 1
  readonly gate: string; // a task's name, `shared`, or the level-2 expert that it feeds
  readonly experts: readonly string[]; // in the order of the weights' columns
  readonly weights: Tensor;
}

export interface Prediction {
  /**
   * float32 [outputs, batch], task after task: the logit of a binary task, the value (in the loss's units) of a
   * regression task, the logits of a multiclass task's classes.
   */
  readonly logits: Tensor;
  readonly gates?: readonly Gate[];
  /** A scalar added to the loss. */
  readonly penalty?: Tensor;
  /** float32 [tasks, batch]: added to the loss, each task's mean over its sample space. */
  readonly rowPenalties?: Tensor;
  /** In training: heads of networks of one task for other tasks. */
  readonly auxiliary?: readonly AuxiliaryHead[];
  /**
   * If present, the loss sees its result in place of `logits`, `rowPenalties` and the batch's labels and masks.
   * Evaluation sees `logits`.
   */
  readonly trained?: (targets: Targets) => Targets & Pick<Prediction, 'logits' | 'rowPenalties'>;
}

/** Network k's loss is w_k (L_k + sum of weight L_j over its heads): head j has task j's labels, mask and loss. */
export interface AuxiliaryHead {
  /** Tasks, by index: whose network it is, and what the head predicts. */
  readonly network: number;
  readonly task: number;
  /** float32 [outputs, batch] of `task`. */
  readonly logits: Tensor;
  readonly weight: number;
}

/**
 * float32 [tasks, batch]. A row's mask is its weight in the task's sample space, 0 outside; its label there may be NaN.
 */
export interface Targets {
  readonly labels: Tensor;
  readonly mask: Tensor;
}

/** The circumstances in which a model is applied. */
export interface Context {
  readonly training: boolean;
  /**
   * In training, the step's random numbers by name, with the shapes of `noiseShapes`: fed with the batch, so that all
   * engines see the same.
   */
  readonly noise: Readonly<Record<string, Tensor>>;
  /** float32 [batch]: 1 for a row, 0 for padding. Given in training if the model has statistics. */
  readonly rows?: Tensor;
  /** In training, takes the next value of a statistic. */
  readonly observe?: (name: string, value: Tensor) => void;
}

/** The context of evaluation: no noise. */
export const evaluating: Context = { training: false, noise: {} };

/** Members and units of every layer that draws noise in training, by its name. */
export type NoiseUnits = Readonly<Record<string, readonly [members: number, width: number]>>;

/**
 * A model is a value: how its parameters start, and a pure function from parameters, inputs and context to logits. The
 * function is traced: it uses tfjs operations alone and reads no tensor. Only `layers/` looks at the axes of tensors
 * between layers.
 */
export interface Model {
  readonly parameters: ParameterStarts;
  /** Parameters that training alone reads: they are in checkpoints, but neither counted nor served. */
  readonly trainingOnly?: ParameterStarts;
  readonly noise: NoiseUnits;
  /** Set by a model that compares tasks row by row: what to do where their sample spaces differ. */
  readonly needsOneSampleSpace?: string;
  apply(parameters: Readonly<Record<string, Tensor>>, inputs: ModelInputs, context: Context): Prediction;
}

/** A part of a model with parameters of its own. */
export interface Layer {
  readonly parameters: ParameterStarts;
  readonly noise?: NoiseUnits | undefined;
}

/** One application of a model, which is handed to each of its layers. */
export interface ForwardPass {
  readonly parameters: Readonly<Record<string, Tensor>>;
  readonly inputs: ModelInputs;
  readonly context: Context;
}

/**
 * A model of these layers, whose parameters have the layers' order.
 * @param heads layers that are applied in training alone
 */
export function composed(
  layers: readonly Layer[],
  predict: (pass: ForwardPass) => Prediction,
  heads: readonly Layer[] = [],
): Model {
  const parametersOf = (some: readonly Layer[]) => Object.assign({}, ...some.map(({ parameters }) => parameters));
  return {
    parameters: parametersOf(layers),
    trainingOnly: parametersOf(heads),
    noise: Object.assign({}, ...[...layers, ...heads].map(({ noise }) => noise)),
    apply: (parameters, inputs, context) => predict({ parameters, inputs, context }),
  };
}

export interface ModelDefinition {
  readonly name: string;
  /** One line for `ple list models` and docs/models.md. */
  readonly summary: string;
  /** Paper, and figure or equations. */
  readonly source: string;
  readonly revision?: number;
  readonly options: z.ZodObject;
  /** The fewest tasks that the model takes. */
  readonly minimumTasks: number;
  /** The most tasks that the model takes: infinite for most models. */
  readonly maximumTasks: number;
  /** Whether the model takes binary tasks only. */
  readonly binaryOnly: boolean;
  /** What the last width of every level must be a multiple of, with these options: 1 for most models. */
  widthMultiple(options: unknown): number;
  /** Parses `options` (fails on what the schema refuses) and checks them against the shape with a `ConfigError`. */
  build(shape: ModelShape, options: unknown): Model;
}

export function defineModel<Own extends z.ZodRawShape>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly revision?: number;
  /** Left out: 2. */
  readonly minimumTasks?: number;
  /** Left out: any number. */
  readonly maximumTasks?: number;
  /** Left out: tasks of any type. */
  readonly binaryOnly?: boolean;
  /** Default of the option. */
  readonly tower: number[];
  /** `levels` and the model's own options; those of all models are added. */
  readonly options: Own;
  /** Left out: 1. */
  readonly widthMultiple?: (options: z.infer<z.ZodObject<Own>>) => number;
  readonly build: (shape: ModelShape, options: z.infer<z.ZodObject<Own>> & CommonOptions) => Model;
}): ModelDefinition {
  const {
    name,
    minimumTasks = 2,
    maximumTasks = Number.POSITIVE_INFINITY,
    binaryOnly = false,
    widthMultiple,
  } = definition;
  const [special, common] = [z.object(definition.options), z.object(commonOptions(definition))];
  const options = z.strictObject({ type: z.literal(name), ...special.shape, ...common.shape });
  return part('model', {
    ...definition,
    minimumTasks,
    maximumTasks,
    binaryOnly,
    options,
    widthMultiple: (values) => widthMultiple?.(special.parse(values)) ?? 1,
    build(shape, values) {
      const parsed = options.parse(values);
      checkTasks(shape.tasks);
      const model = definition.build(shape, { ...special.parse(parsed), ...common.parse(parsed) });
      checkSizes(model.parameters);
      return model;
    },
  });

  function checkTasks(tasks: readonly ModelTask[]): void {
    if (tasks.length > maximumTasks) {
      throw new ConfigError(
        `tasks: model '${name}' takes at most ${maximumTasks}, and the config lists ${tasks.length}: remove the others, or take another model.`,
      );
    }
    const other = tasks.find(({ type }) => type !== 'binary');
    if (!binaryOnly || other === undefined) return;
    throw new ConfigError(
      `tasks: model '${name}' takes binary tasks alone, and '${other.name}' is of type ${other.type}: remove it, or take another model.`,
    );
  }
}

/** Most values of one parameter: 4 GiB, as much as one array of Node 20 has. */
const mostValues = 2 ** 30;

function checkSizes(parameters: ParameterStarts): void {
  for (const [name, { shape, kind }] of Object.entries(parameters)) {
    if (elementCount(shape) <= mostValues) continue;
    const mend =
      kind === 'embedding'
        ? 'lower inputs.embedding, raise inputs.minCount, or hash the column'
        : 'take narrower layers';
    throw new ConfigError(`model: the parameter ${name} would have ${shape.join(' x ')} values: ${mend}.`);
  }
}

/** How all that is trained starts. */
export function trainingStarts({ parameters, trainingOnly }: Model): ParameterStarts {
  return { ...parameters, ...trainingOnly };
}

/** Draws every parameter from the stream of its name. */
export function initialize(starts: ParameterStarts, random: Random): Parameters {
  return mapValues(starts, ({ kind, task, shape, start }, name) => {
    const value = float32(shape);
    start(value.data, random.stream(name));
    return { value, kind, task };
  });
}

/**
 * Weights [members, outputs, inputs] of `members` layers that are computed together. Each starts Glorot uniform
 * by its own fan, from its own stream: a batched matrix must not look like one wide layer, nor two experts alike.
 */
export function glorot(members: readonly string[], inputs: number, outputs: number): ParameterStart {
  const limit = Math.sqrt(6 / (inputs + outputs));
  const size = inputs * outputs;
  return {
    shape: [members.length, outputs, inputs],
    kind: 'weight',
    start(values, random) {
      for (const [index, member] of members.entries()) {
        const stream = random.stream(member);
        for (let i = 0; i < size; i++) {
          const [input, output] = [Math.floor(i / outputs), i % outputs]; // drawn input by input
          values[index * size + output * inputs + input] = limit * (2 * stream.uniform() - 1);
        }
      }
    },
  };
}

/** Biases [members, 1, outputs]: zero. */
export function zeroBias(members: readonly string[], outputs: number): ParameterStart {
  return { shape: [members.length, 1, outputs], kind: 'bias', start: () => undefined };
}

/** The names of the parameters that gradients move: all but statistics. */
export function trainable(parameters: Readonly<Record<string, Pick<Parameter, 'kind'>>>): readonly string[] {
  return Object.entries(parameters).flatMap(([name, { kind }]) => (kind === 'statistic' ? [] : [name]));
}

/** Values that all start alike. Their kind is `bias`: like biases they are never decayed. */
export function filled(shape: readonly number[], value: number): ParameterStart {
  return { shape, kind: 'bias', start: (values) => void values.fill(value) };
}

/** The layer as a part of the network of one task: see `Parameter.task`. */
export function ownedBy(task: string, layer: Layer): Layer {
  return { ...layer, parameters: mapValues(layer.parameters, (start) => ({ ...start, task })) };
}

export function parameterNamed(parameters: Readonly<Record<string, Tensor>>, name: string): Tensor {
  return must(parameters[name], `parameter '${name}'`);
}
