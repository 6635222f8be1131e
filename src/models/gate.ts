import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';
import { product } from './dense.js';
import { withGradient } from './gradient.js';
import type { Gate } from './model.js';
import { glorot, named, type ParameterStarts } from './parameters.js';
import { isRange, pick } from './streams.js';

export interface GateSpec {
  readonly name: string;
  /** Indexes of the experts that it mixes, in the order of its weights. */
  readonly sees: readonly number[];
}

export interface Gates {
  readonly parameters: ParameterStarts;
  /**
   * @param input what gates select with: [batch, inputs] for all, or one stream per gate [gates, batch, inputs]
   * @param outputs of the experts [experts, batch, width]
   * @returns mixtures [gates, batch, width], in the order of the gates
   */
  apply(
    parameters: Readonly<Record<string, Tensor>>,
    input: Tensor,
    outputs: Tensor,
  ): { readonly mixtures: Tensor; readonly gates: readonly Gate[] };
}

/**
 * The gates of one level: g(x) = softmax(W x), without bias or hidden layer (MMoE eq. 7-8, PLE eq. 2-4).
 * Gates that mix equally many experts are computed together: parameter `level<l>.gates.<experts>.weight`
 * [gates, experts, inputs]. A gate over one expert passes it on and holds no parameters.
 */
export function gates(level: number, specs: readonly GateSpec[], experts: readonly string[], inputs: number): Gates {
  const groups = [...new Set(specs.map((spec) => spec.sees.length))].map((count) => {
    const members = specs.flatMap((spec, position) => (spec.sees.length === count ? [{ ...spec, position }] : []));
    return { count, members, weight: `level${level}.gates.${count}.weight` };
  });
  const order = groups.flatMap((group) => group.members.map((member) => member.position));

  return {
    parameters: Object.fromEntries(
      groups.flatMap(({ count, members, weight }) => {
        const names = members.map((member) => member.name);
        return count > 1 ? [[weight, glorot(names, inputs, count)]] : [];
      }),
    ),
    apply(parameters, input, outputs) {
      const batch = outputs.shape[1] ?? 0;
      const logits = input.rank === 2 ? commonLogits(parameters, input) : streamLogits(parameters, input);
      const mixed = groups.map(({ count, members }, index) => {
        const sees = members.map((member) => member.sees);
        const ofGroup = logits[index];
        if (!ofGroup) return { weights: tf.ones([members.length, 1, batch]), mixtures: pick(outputs, sees.flat()) };
        const weights = softmax(ofGroup.reshape([members.length, count, batch]));
        return { weights, mixtures: mixture(weights, outputs, sees) };
      });
      const mixtures = tf.concat(mixed.map((group) => group.mixtures)); // [gates, batch, width], group by group
      return {
        mixtures: pick(mixtures, inverse(order)),
        gates: specs.map(({ name, sees }, position) => {
          const group = groups.findIndex(({ count }) => count === sees.length);
          const row = groups[group]?.members.findIndex((member) => member.position === position) ?? 0;
          const weights = mixed[group]?.weights.slice([row, 0, 0], [1, sees.length, batch]);
          if (!weights) throw new Error(`Gate '${name}' is in no group`);
          return {
            level,
            gate: name,
            experts: sees.map((expert) => experts[expert] ?? ''),
            weights: weights.reshape([sees.length, batch]).transpose(),
          };
        }),
      };
    },
  };

  /** By group [gates * experts, batch]; all gates read the same rows, so that one product is enough. */
  function commonLogits(parameters: Readonly<Record<string, Tensor>>, input: Tensor): (Tensor | undefined)[] {
    const gated = groups.filter(({ count }) => count > 1);
    if (gated.length === 0) return [];
    const sizes = gated.map(({ count, members }) => members.length * count);
    const weights = gated.map(({ weight }, index) => named(parameters, weight).reshape([sizes[index] ?? 0, inputs]));
    const logits = tf.matMul(input, tf.concat(weights), false, true).transpose();
    const parts = gated.length === 1 ? [logits] : tf.split(logits, sizes); // tfjs cannot differentiate a split in one
    return groups.map((group) => parts[gated.indexOf(group)]);
  }

  function streamLogits(parameters: Readonly<Record<string, Tensor>>, input: Tensor): (Tensor | undefined)[] {
    return groups.map(({ count, members, weight }) => {
      if (count === 1) return undefined;
      const reads = members.map((member) => member.position);
      return product(input, named(parameters, weight), reads).transpose([0, 2, 1]);
    });
  }
}

/** Over the middle axis of [gates, experts, batch], so that every operation runs along the batch. */
function softmax(logits: Tensor): Tensor {
  const weights = (x: Tensor) => {
    const exponentials = tf.exp(tf.sub(x, tf.max(x, 1, true)));
    return tf.div(exponentials, tf.sum(exponentials, 1, true));
  };
  return withGradient([logits], weights, (dy, x) => {
    const y = weights(x);
    const part = tf.mul(dy, y);
    return [tf.sub(part, tf.mul(tf.sum(part, 1, true), y))];
  });
}

/** Sums of the experts that each gate sees, weighted: [gates, count, batch] and [experts, batch, width] -> [gates, batch, width]. */
function mixture(weights: Tensor, outputs: Tensor, sees: readonly (readonly number[])[]): Tensor {
  const [experts = 0, batch = 0, width = 0] = outputs.shape;
  const [gates = 0, count = 0] = weights.shape;
  const seesAll = sees.every((indexes) => isRange(indexes, experts));
  const seen = seesAll
    ? outputs.reshape([1, count, batch, width])
    : pick(outputs, sees.flat()).reshape([gates, count, batch, width]);
  const factors = weights.reshape([gates, count, batch, 1]);
  // tfjs's own gradient of a sum multiplies by ones of the full size; this is one product for each operand.
  return withGradient(
    [factors, seen],
    (g, f) => tf.sum(tf.mul(g, f), 1),
    (dy, g, f) => {
      const each = dy.reshape([gates, 1, batch, width]);
      const toExperts = tf.mul(each, g); // [gates, count, batch, width]
      return [tf.sum(tf.mul(each, f), 3, true), seesAll && gates > 1 ? tf.sum(toExperts, 0, true) : toExperts];
    },
  );
}

/** Where each position of `order` went. */
function inverse(order: readonly number[]): number[] {
  return order.map((_, position) => order.indexOf(position));
}
