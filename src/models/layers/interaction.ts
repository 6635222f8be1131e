import { ConfigError } from '../../support/errors.js';
import { tf } from '../../support/tf.js';
import { glorot, type Layer, named, type Pass, zeroBias } from '../model.js';
import { addBias, type Features, product, type Span, single, takeParts } from './axes.js';

interface Interaction extends Layer {
  /** Number of features that it returns. */
  readonly width: number;
  /** One input -> one input. */
  apply(pass: Pass, x: Features): Features;
}

/** @param fields where the embeddings lie in x */
type DefineInteraction = (name: string, width: number, fields: readonly Span[]) => Interaction;

/** What models read in place of x, by `inputs.interaction`. */
export const interactions: Readonly<Record<'fm' | 'cross', DefineInteraction>> = {
  /**
   * x, then the pooled products of a factorisation machine (Rendle 2010; as a vector, He and Chua, SIGIR 2017). These
   * are the sums over pairs i < j of v_i * v_j = ((sum v)^2 - sum v^2) / 2, elementwise. There is one sum for each
   * embedding width that two fields or more have.
   */
  fm(_name, width, fields) {
    const groups = [...new Set(fields.map((field) => field.width))]
      .map((each) => ({ each, spans: fields.filter((field) => field.width === each) }))
      .filter(({ spans }) => spans.length > 1);
    if (groups.length === 0)
      throw new ConfigError('inputs.interaction: fm needs two embedded columns of equal width; say none, or cross.');
    return {
      parameters: {},
      width: groups.reduce((sum, { each }) => sum + each, width),
      apply(_pass, x) {
        const [blocks = 0, , rows = 0] = x.shape;
        const pooled = groups.map(({ each, spans }) => {
          const vectors = takeParts(x, spans).reshape([blocks, spans.length, each, rows]);
          return tf.mul(tf.sub(tf.square(tf.sum(vectors, 1)), tf.sum(tf.square(vectors), 1)), 0.5);
        });
        return tf.concat([x, ...pooled], 1);
      },
    };
  },

  /**
   * Cross layers of DCN-v2 (Wang et al., WWW 2021): x_l+1 = x_0 * (W_l x_l + b_l) + x_l. Two, with full matrices.
   * Parameters `<name>.<l>.weight` [1, width, width] and `.bias` [1, 1, width].
   */
  cross(name, width) {
    const layers = [0, 1].map((layer) => `${name}.${layer}`);
    return {
      parameters: Object.fromEntries(
        layers.flatMap((layer) => [
          [`${layer}.weight`, glorot([layer], width, width)],
          [`${layer}.bias`, zeroBias([layer], width)],
        ]),
      ),
      width,
      apply: ({ parameters }, x) =>
        layers.reduce((state, layer) => {
          const linear = product(state, named(parameters, `${layer}.weight`));
          return tf.add(tf.mul(x, single(addBias(linear, named(parameters, `${layer}.bias`)))), state);
        }, x),
    };
  },
};
