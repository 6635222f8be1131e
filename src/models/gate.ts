import type { Tensor } from '@tensorflow/tfjs';
import { tf } from '../support/tf.js';
import { withGradient } from './gradient.js';
import type { Gate } from './model.js';
import { glorot, named, type ParameterStarts } from './parameters.js';
import { isRange } from './streams.js';

export interface GateSpec {
  readonly name: string;
  /** Indexes of the experts that it mixes, in the order of its weights. */
  readonly sees: readonly number[];
}

export interface Gates {
  readonly parameters: ParameterStarts;
  /**
   * @param input what gates select with: [batch, inputs] for all, or streams [streams, batch, inputs], the first for the first gate
   * and so on; there may be more streams than gates
   * @param outputs of the experts [experts, batch, width]
   * @returns mixtures [gates, batch, width], in the order of the gates
   */
  apply(
    parameters: Readonly<Record<string, Tensor>>,
    input: Tensor,
    outputs: Tensor,
  ): { readonly mixtures: Tensor; readonly gates: readonly Gate[] };
}

/** exp of it is 0. Minus infinity would do, but a GPU's shader need not know infinities. */
const unseenLogit = -1e30;

/**
 * The gates of one level: g(x) = softmax(W x), without bias or hidden layer (MMoE eq. 7-8, PLE eq. 2-4).
 * Parameter `level<l>.gates.<experts>.weight` [gates, experts, inputs] holds the gates that mix so many experts. A gate over one
 * expert passes it on and holds no parameters.
 *
 * All are computed together, over all experts of the level: `unseenLogit` makes the weight of an expert that a gate does not see 0.
 */
export function gates(level: number, specs: readonly GateSpec[], experts: readonly string[], inputs: number): Gates {
  const groups = [...new Set(specs.map(({ sees }) => sees.length))]
    .filter((count) => count > 1)
    .map((count) => ({
      weight: `level${level}.gates.${count}.weight`,
      count,
      members: specs.filter(({ sees }) => sees.length === count),
    }));
  /** Where each row of the parameters, one after the other, belongs among [gates, experts]. */
  const places = groups.flatMap(({ members }) =>
    members.flatMap((member) => member.sees.map((expert) => specs.indexOf(member) * experts.length + expert)),
  );
  const unseen = specs.map(({ sees }) => experts.map((_, expert) => (sees.includes(expert) ? 0 : unseenLogit)));

  return {
    parameters: Object.fromEntries(
      groups.map(({ weight, count, members }) => {
        const names = members.map(({ name }) => name);
        return [weight, glorot(names, inputs, count)];
      }),
    ),
    apply(parameters, input, outputs) {
      const [, batch = 0] = outputs.shape;
      const weights = tf.softmax(tf.add(logits(parameters, input, batch), tf.tensor2d(unseen)));
      return {
        mixtures: mixtures(weights, outputs),
        gates: specs.map(({ name, sees }, gate) => {
          const own = weights.slice([0, gate, 0], [batch, 1, experts.length]).reshape([batch, experts.length]);
          return {
            level,
            gate: name,
            experts: sees.map((expert) => experts[expert] ?? ''),
            weights: isRange(sees, experts.length) ? own : tf.gather(own, tf.tensor1d([...sees], 'int32'), 1),
          };
        }),
      };
    },
  };

  /** [batch, gates, experts]; 0 where a gate does not see an expert. */
  function logits(parameters: Readonly<Record<string, Tensor>>, input: Tensor, batch: number): Tensor {
    const shape: [number, number, number] = [batch, specs.length, experts.length];
    if (groups.length === 0) return tf.zeros(shape);
    const rows = tf.concat(groups.map(({ weight }) => named(parameters, weight).reshape([-1, inputs])));
    if (input.rank === 2) {
      const few = 2 * places.length < specs.length * experts.length; // then products with zeros would cost more than moving logits
      const made = few
        ? placed(tf.matMul(input, rows, false, true), specs.length, 1)
        : tf.matMul(input, placed(rows, specs.length, 0), false, true);
      return made.reshape(shape);
    }
    const [streams = 0] = input.shape;
    // Streams without a gate get weights of 0: a product more costs less than copying the others out.
    const weight = placed(rows, streams, 0).reshape([streams, experts.length, inputs]);
    return tf.matMul(input, weight, false, true).transpose([1, 0, 2]).slice([0, 0, 0], shape);
  }

  /** What belongs to the parameters' rows along an axis, put among all of so many gates and all experts; 0 elsewhere. */
  function placed(values: Tensor, gateCount: number, axis: 0 | 1): Tensor {
    const count = gateCount * experts.length;
    if (isRange(places, count)) return values;
    const zeros = tf.zeros(values.shape.with(axis, 1));
    const from: number[] = Array.from({ length: count }, () => places.length);
    for (const [row, place] of places.entries()) from[place] = row;
    // The gradient of a look-up is a scatter, but every place has one row at most.
    return withGradient(
      [values],
      (v) => tf.gather(tf.concat([v, zeros], axis), tf.tensor1d(from, 'int32'), axis),
      (dy) => [tf.gather(dy, tf.tensor1d(places, 'int32'), axis)],
    );
  }
}

/** [batch, gates, experts] and [experts, batch, width] -> [gates, batch, width]: one small product per row. */
function mixtures(weights: Tensor, outputs: Tensor): Tensor {
  return tf.matMul(weights, outputs.transpose([1, 0, 2])).transpose([1, 0, 2]);
}
