import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { tf } from '../support/tf.js';
import { type Span, single, stopped, takeParts } from './layers/axes.js';
import { type Embed, embed } from './layers/embed.js';
import { mlps, towers } from './layers/mlps.js';
import { scales } from './layers/scales.js';
import { composed, defineModel, type ModelShape, namesOf } from './model.js';
import { oneLevel, onlyLevel, shared } from './options.js';

const columns = z.array(z.string()).default([]);

/**
 * Parameter and Embedding Personalized Network (Chang et al., KDD 2023). Gate NU turns prior features into factors
 * between 0 and 2: G(x) = 2 sigmoid(W' relu(W x + b) + b'). With sg a stopped gradient and [a, b] concatenation:
 *
 *     EPNet   o = G([x_domain, sg(x)]) * x
 *     PPNet   h_k,l+1 = G_k,l([x_prior, sg(o)]) * f_k,l(h_k,l),   h_k,1 = o
 *
 * EPNet scales the embeddings, the same for all tasks. PPNet scales every hidden layer l of every task's network; all
 * widths of `levels` and `tower` are hidden layers. Only the prior features' embeddings are trained through the gates.
 *
 * The paper leaves two things open. Here the gates' hidden width is that of their output, and each hidden layer's
 * output is scaled. Without domain columns there is no EPNet: o = x. Without prior columns PPNet's gates read sg(o)
 * alone.
 */
export const pepnet = defineModel({
  name: 'pepnet',
  summary: 'the input; gates from prior features scale it, and each layer of each task',
  source: 'Chang et al., KDD 2023',
  tower: [128, 64],
  options: {
    levels: oneLevel,
    domain: columns.describe('Columns that tell domains apart; their gate scales the embeddings.'),
    prior: columns.describe('Columns that gates of hidden layers read, such as ids of user and item.'),
  },
  build(shape, options) {
    const tasks = namesOf(shape.tasks);
    const input = embed(shape, options);
    const domain = findSpans('domain', options.domain, input, shape);
    const prior = findSpans('prior', options.prior, input, shape);
    const domainInputs = input.width + totalWidth(domain);
    const embeddingGate = domain.length > 0 ? scales('embeddingGate', [shared], domainInputs, input.width) : undefined;
    let { width } = input;
    const hidden = [...onlyLevel('pepnet', options.levels), ...options.tower].map((units, index) => {
      const layer = mlps(`hidden${index + 1}`, tasks, width, [units], options);
      width = units;
      return { layer, gate: scales(`gate${index + 1}`, tasks, input.width + totalWidth(prior), units) };
    });
    const heads = towers('tower', shape.tasks, width, { ...options, tower: [] });
    const gated = hidden.flatMap(({ layer, gate }) => [layer, gate]);
    return composed([input, ...(embeddingGate ? [embeddingGate] : []), ...gated, heads], (pass) => {
      const x = input.apply(pass);
      const factors = embeddingGate?.apply(pass, takeParts(x, domain, [stopped(x)]));
      const scaled = factors ? tf.mul(single(factors), x) : x;
      const selectors = takeParts(x, prior, [stopped(scaled)]);
      let state = scaled; // from the first hidden layer on, a stream per task
      for (const { layer, gate } of hidden) state = tf.mul(gate.apply(pass, selectors), layer.apply(pass, state));
      return { logits: heads.apply(pass, state) };
    });
  },
});

function totalWidth(parts: readonly Span[]): number {
  return parts.reduce((sum, { width }) => sum + width, 0);
}

function findSpans(key: string, names: readonly string[], input: Embed, { withoutData }: ModelShape): Span[] {
  return names.flatMap((name) => {
    const span = input.spans.get(name);
    if (span) return [span];
    if (withoutData) return [];
    throw new ConfigError(
      `model.${key}: there is no input column '${name}'${didYouMean(name, [...input.spans.keys()])}.`,
    );
  });
}
