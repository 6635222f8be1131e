import type { Tensor } from '@tensorflow/tfjs';
import type { z } from 'zod';
import type { HostArrays } from '../../support/arrays.js';
import { part } from '../../support/catalogue.js';
import type { Random } from '../../support/random.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** What a method must know to be built. */
export interface BalancingShape {
  /** In the order of the config. */
  readonly tasks: readonly { readonly name: string; readonly type: string }[];
  readonly stepsPerEpoch: number;
}

/** What a method reads in one training step. All of it may be traced: nothing here has values that can be read. */
export interface Moment {
  /** float32 [tasks], without any weight; 0 where the batch has no row of the task. */
  readonly losses: Tensor;
  /** float32 [tasks]: 1 where the loss is above 0, as with rows of the task, else 0. */
  readonly present: Tensor;
  /** float32 [tasks]: the config's weights. */
  readonly lossWeights: Tensor;
  /** The method's own state. */
  readonly slots: Tensors;
  /** What was drawn for this step. */
  readonly noise: Tensors;
  /** float32 scalar: completed steps. */
  readonly step: Tensor;
  /** float32 scalar: the learning rate of the model's parameters in this step. */
  readonly learningRate: Tensor;
}

/** Numbers that the host draws for each step, from a stream of their own. */
interface Noise {
  readonly shape: readonly number[];
  draw(values: Float32Array, random: Random): void;
}

interface Kept {
  /**
   * Initial values of what is kept between steps.
   * @param shared Names of the parameters that several tasks share, wholly or in part.
   */
  slots(shared: readonly string[]): HostArrays;
  readonly noise: Readonly<Record<string, Noise>>;
  /**
   * Next values of slots that depend on the step's effect; they replace those from before the step. It costs a second
   * forward pass.
   * @param losses of these rows, with this noise, by the parameters after the step
   */
  afterStep?(moment: Moment, losses: Tensor): Tensors;
}

/** Weights from the task losses. One backward pass: the gradient of sum_k w_k L_k, in which the w are constants. */
export interface LossBalancing extends Kept {
  readonly kind: 'losses';
  /** float32 [tasks]. The config's weights are multiplied on top. */
  weights(moment: Moment): Tensor;
  /** The next values of the slots. One that is left out stays. */
  next(moment: Moment): Tensors;
}

/** Gradients of w_k L_k, one for each task, with the config's weights w. A task whose weight is 0 is not present. */
interface GradientMoment extends Moment {
  /** float32 [tasks, tasks]: inner products of the tasks' gradients, over all that is shared. */
  readonly products: Tensor;
  /** Inner products over one shared parameter. */
  parameterProducts(parameter: string): Tensor;
  readonly shared: readonly string[];
  /** The shared weights of the last layer in the model's order. If only embeddings are shared: all. */
  readonly lastShared: readonly string[];
}

/** One direction for what is shared. It takes one backward pass for each task. */
export interface GradientBalancing extends Kept {
  readonly kind: 'gradients';
  combine(moment: GradientMoment): {
    /**
     * The gradient of a shared parameter, from those of the tasks. Where a part of it is one task's own, the gradients
     * are 0 there.
     */
    mix(gradients: readonly Tensor[], parameter: string): Tensor;
    /** float32 [tasks]: what each task's gradient is multiplied by where no other task reaches. Absent: 1. */
    readonly own?: Tensor;
    /** float32 [tasks]: the weight of each task's gradient in the shared ones, for display. */
    readonly weights: Tensor;
    /** Next values, as of `LossBalancing.next`. */
    readonly slots: Tensors;
  };
}

/** Each task's gradient goes to a state of the optimizer that is the task's. It takes one backward pass for each task. */
interface StateBalancing extends Kept {
  readonly kind: 'states';
  readonly tasks: readonly string[];
}

export type Balancing = LossBalancing | GradientBalancing | StateBalancing;

/** @typeParam Given Its author gets the parsed options. What `defineBalancing` returns gets any value, and parses it. */
export interface BalancingDefinition<Options extends z.ZodObject = z.ZodObject, Given = unknown> {
  readonly name: string;
  /** One line for `ple list balancing`. */
  readonly summary: string;
  /** Paper, and equations. */
  readonly source: string;
  readonly revision?: number;
  readonly options: Options;
  /** Whether the optimizer has a state for each task. Absent: it does not. */
  readonly statesByTask?: boolean;
  /** Whether the method cancels the config's weights, so that changing them has no effect. Absent: it does not. */
  readonly undoesWeights?: (options: Given) => boolean;
  /**
   * Null: the config's weights are used as they are.
   * @throws ConfigError for options that do not fit the tasks.
   */
  readonly build: (shape: BalancingShape, options: Given) => Balancing | null;
}

export function defineBalancing<Options extends z.ZodObject>(
  definition: BalancingDefinition<Options, z.infer<Options>>,
): BalancingDefinition {
  return part('balancing', {
    ...definition,
    undoesWeights: (options) => definition.undoesWeights?.(definition.options.parse(options)) ?? false,
    build: (shape, options) => definition.build(shape, definition.options.parse(options)),
  });
}
