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
      const weights = overExperts(
        tf.add(logits(parameters, input, batch), tf.tensor(unseen, [specs.length, experts.length, 1])),
      );
      return {
        mixtures: mixtures(weights, outputs),
        gates: specs.map(({ name, sees }, gate) => {
          const own = weights.slice([gate, 0, 0], [1, experts.length, batch]).reshape([experts.length, batch]);
          const seen = isRange(sees, experts.length) ? own : tf.gather(own, tf.tensor1d([...sees], 'int32'));
          return { level, gate: name, experts: sees.map((expert) => experts[expert] ?? ''), weights: seen.transpose() };
        }),
      };
    },
  };

  /** [gates, experts, batch]; 0 where a gate does not see an expert. */
  function logits(parameters: Readonly<Record<string, Tensor>>, input: Tensor, batch: number): Tensor {
    const shape: [number, number, number] = [specs.length, experts.length, batch];
    if (groups.length === 0) return tf.zeros(shape);
    const rows = tf.concat(groups.map(({ weight }) => named(parameters, weight).reshape([-1, inputs])));
    if (input.rank === 2) {
      const few = 2 * places.length < specs.length * experts.length; // then products with zeros would cost more than moving logits
      const made = few
        ? placed(tf.matMul(rows, input, false, true), specs.length)
        : tf.matMul(placed(rows, specs.length), input, false, true);
      return made.reshape(shape);
    }
    const [streams = 0] = input.shape;
    // Streams without a gate get weights of 0: a product more costs less than copying the others out.
    const weight = placed(rows, streams).reshape([streams, experts.length, inputs]);
    return tf.matMul(weight, input, false, true).slice([0, 0, 0], shape);
  }

  /** Rows that belong to the parameters' rows, put among those of so many gates and all experts; 0 elsewhere. */
  function placed(values: Tensor, gateCount: number): Tensor {
    const count = gateCount * experts.length;
    if (isRange(places, count)) return values;
    const zeros = tf.zeros([1, values.shape[1] ?? 0]);
    const from: number[] = Array.from({ length: count }, () => places.length);
    for (const [row, place] of places.entries()) from[place] = row;
    // The gradient of a look-up is a scatter, but every place has one row at most.
    return withGradient(
      [values],
      (v) => tf.gather(tf.concat([v, zeros]), tf.tensor1d(from, 'int32')),
      (dy) => [tf.gather(dy, tf.tensor1d(places, 'int32'))],
    );
  }
}

/** Softmax over the experts of logits [gates, experts, batch]. Loops run along the batch, so that they are long even with few experts. */
function overExperts(logits: Tensor): Tensor {
  const softmax = (x: Tensor) => {
    const powers = tf.exp(tf.sub(x, tf.max(x, 1, true)));
    return tf.div(powers, tf.sum(powers, 1, true));
  };
  return withGradient([logits], softmax, (dy, x) => {
    const y = softmax(x);
    const weighted = tf.mul(dy, y);
    return [tf.sub(weighted, tf.mul(tf.sum(weighted, 1, true), y))];
  });
}

/** [gates, experts, batch] and [experts, batch, width] -> [gates, batch, width]. */
function mixtures(weights: Tensor, outputs: Tensor): Tensor {
  const [gates = 0, experts = 0, batch = 0] = weights.shape;
  const [, , width = 0] = outputs.shape;
  const pairs = gates * experts;
  if (pairs <= fewPairs && pairs * batch * width <= smallProducts) return mixturesByPair(weights, outputs);
  return tf.matMul(weights.transpose([2, 0, 1]), outputs.transpose([1, 0, 2])).transpose([1, 0, 2]);
}

/** Up to so many pairs of a gate and an expert, elementwise products for each pair cost less than a small matrix product for each row. */
const fewPairs = 9;
/** Elements of those products above which it is the other way round: caches (16 MiB) do not hold them. */
const smallProducts = 2 ** 22;

/** {@link mixtures} with elementwise products. Pairs lie so that sums go over the leading axis, where they are cheapest. */
function mixturesByPair(weights: Tensor, outputs: Tensor): Tensor {
  const [gates = 0, experts = 0, batch = 0] = weights.shape;
  const [, , width = 0] = outputs.shape;
  // tfjs's gradient would first copy dy for every pair.
  return withGradient(
    [weights, outputs],
    (w, h) => {
      const byExpert = w.transpose([1, 0, 2]).reshape([experts, gates, batch, 1]);
      return tf.sum(tf.mul(byExpert, h.reshape([experts, 1, batch, width])), 0);
    },
    (dy, w, h) => {
      const byGate = dy.reshape([gates, 1, batch, width]);
      return [
        tf.sum(tf.mul(byGate, h.reshape([1, experts, batch, width])), 3),
        tf.sum(tf.mul(w.reshape([gates, experts, batch, 1]), byGate), 0),
      ];
    },
  );
}
