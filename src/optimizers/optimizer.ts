import type { Tensor } from '@tensorflow/tfjs';
import type { z } from 'zod';
import type { Parameters } from '../models/model.js';
import type { HostArrays } from '../support/arrays.js';
import { blocksOf, type Layout } from './blocks.js';
import { clipByNorm } from './clip.js';
import { type CommonOptions, learningRateAt } from './options.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** What one update reads. All of it may be traced: nothing here has values that can be read. */
export interface Update {
  readonly parameters: Tensors;
  /** Same names and shapes as `parameters`. */
  readonly gradients: Tensors;
  readonly slots: Tensors;
  /** float32 scalar: number of updates done before this one. */
  readonly step: Tensor;
  /** float32 scalar, for this update: see `learningRateAt`. */
  readonly learningRate: Tensor;
}

/** An optimizer over a fixed set of parameters: initial state, and a pure function to the next parameters and state. */
export interface Optimizer {
  /** Fresh initial values of what is kept between updates, by names that no parameter has (`<slot>/<block>`). */
  slots(): HostArrays;
  /** Clips by norm, adds the L2 gradient (PyTorch's order), then applies the rule. Fails on a parameter without a gradient. */
  update(input: Update): { readonly parameters: Tensors; readonly slots: Tensors };
  /** The learning rate after so many completed epochs and steps (both from 0). */
  learningRateAt(completedEpochs: number, completedSteps: number): number;
}

/** How one array moves, elementwise: it is applied to one parameter, or to many that lie in one vector. */
export interface Rule {
  /** Arrays kept beside each parameter, with the value that fills them at the start. */
  readonly slots: Readonly<Record<string, number>>;
  /** Called once per step: scalars that all arrays share are computed here, not once per array. */
  begin(step: Tensor, learningRate: Tensor): Move;
}

/** Moves one array. `slot` gives the array's slots by name. */
export type Move = (
  parameter: Tensor,
  gradient: Tensor,
  slot: (name: string) => Tensor,
) => { readonly parameter: Tensor; readonly slots: Tensors };

export interface OptimizerDefinition {
  readonly name: string;
  /** One line for `ple list optimizers`. */
  readonly summary: string;
  readonly options: z.ZodObject;
  /** True if the step does not change when all gradients, past ones included, are multiplied by one slowly varying factor. */
  readonly scaleInvariant: boolean;
  /** Parses `options` (fails on what the schema refuses). */
  build(parameters: Parameters, options: unknown, layout?: Layout): Optimizer;
}

export function defineOptimizer<Options extends z.ZodObject & z.ZodType<CommonOptions>>(definition: {
  readonly name: string;
  readonly summary: string;
  readonly scaleInvariant: boolean;
  readonly options: Options;
  readonly build: (options: z.infer<Options>) => Rule;
}): OptimizerDefinition {
  return {
    name: definition.name,
    summary: definition.summary,
    scaleInvariant: definition.scaleInvariant,
    options: definition.options,
    build: (parameters, options, layout) => {
      const parsed = definition.options.parse(options);
      return optimizer(parameters, parsed, definition.build(parsed), layout);
    },
  };
}

function optimizer(all: Parameters, options: CommonOptions, rule: Rule, layout?: Layout): Optimizer {
  const blocks = blocksOf(all, options, layout);
  return {
    slots: () =>
      Object.fromEntries(
        Object.entries(rule.slots).flatMap(([slot, initial]) =>
          blocks.map((block) => {
            const data = new Float32Array(block.size).fill(initial);
            return [`${slot}/${block.name}`, { dtype: 'float32', shape: block.shape, data }] as const;
          }),
        ),
      ),
    update: ({ parameters, gradients, slots, step, learningRate }) => {
      const apply = rule.begin(step, learningRate);
      let joined = blocks.map((block) => block.join(gradients));
      if (options.clipNorm !== undefined) {
        joined = clipByNorm(joined, options.clipNorm, (index) => blocks[index]?.task);
      }
      const nextParameters: Record<string, Tensor> = {};
      const nextSlots: Record<string, Tensor> = {};
      for (const [index, block] of blocks.entries()) {
        const value = block.join(parameters);
        const gradient = joined[index];
        if (!gradient) throw new Error(`no gradient for block ${block.name}`);
        const decayed = block.l2 === 0 ? gradient : gradient.add(value.mul(block.l2));
        const next = apply(value, decayed, (slot) => named(slots, `${slot}/${block.name}`));
        Object.assign(nextParameters, block.split(next.parameter));
        for (const [slot, tensor] of Object.entries(next.slots)) nextSlots[`${slot}/${block.name}`] = tensor;
      }
      return { parameters: nextParameters, slots: nextSlots };
    },
    learningRateAt: (epochs, steps) => learningRateAt(options, epochs, steps),
  };
}

function named(tensors: Tensors, name: string): Tensor {
  const found = tensors[name];
  if (!found) throw new Error(`no optimizer slot '${name}' in the state`);
  return found;
}
