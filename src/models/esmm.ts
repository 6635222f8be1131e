import type { Tensor } from '@tensorflow/tfjs';
import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { tf } from '../support/tf.js';
import { reordered, withGradient } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, type Model, type ModelShape, namesOf, type Targets } from './model.js';
import { type CommonOptions, oneLevelOrNone, onlyLevel } from './options.js';

/** Keys of models of a click and what follows it. */
export const funnelTasks = {
  click: z.string().describe('The task whose sample space is all impressions.'),
  conversion: z.string().describe('The task whose sample space is the positives of `click`.'),
};

/**
 * Entire Space Multi-task Model (Ma et al., SIGIR 2018, eq. 1-3): two networks h_k(f_k(x)) over shared embeddings give
 * the logits of pCTR = P(click) and pCVR = P(conversion | click). The losses are those of click and of click and
 * conversion,
 *
 *     L = CE(click, pCTR) + CE(click * conversion, pCTR * pCVR)
 *
 * both over all impressions, the rows in the click's sample space. pCVR has no loss of its own, but evaluation sees it,
 * over the conversion's sample space (the clicks) as for any other model.
 *
 * The paper leaves open what a click without a known conversion is. Here such a row is left out of the second loss.
 */
export const esmm = defineModel({
  name: 'esmm',
  summary: 'shared embeddings; click and conversion trained over all impressions',
  source: 'Ma et al., SIGIR 2018',
  maximumTasks: 2,
  binaryOnly: true,
  tower: [128, 64],
  options: { levels: oneLevelOrNone, ...funnelTasks },
  build: (shape, options) => entireSpace('esmm', shape, options),
});

/** What a batch says of its impressions, each [1, batch]: the logits of pCTR and pCVR, and labels. */
interface Impressions {
  readonly click: Tensor;
  readonly conversion: Tensor;
  /** 0 or 1. */
  readonly clicked: Tensor;
  /** 0 or 1; 0 without a click, and where it is not known. */
  readonly converted: Tensor;
}

/** @param further What is added to the loss of each impression, [1, batch]; not of clicks without a known conversion. */
export function entireSpace(
  model: string,
  shape: ModelShape,
  options: { readonly levels: number[][]; readonly click: string; readonly conversion: string } & CommonOptions,
  further?: (impressions: Impressions) => Tensor,
): Model {
  const names = namesOf(shape.tasks);
  const click = findTask(names, 'click', options.click);
  const conversion = findTask(names, 'conversion', options.conversion);
  if (click === conversion) {
    throw new ConfigError(
      `model.conversion: '${options.click}' is model.click already; name the task of those who clicked.`,
    );
  }
  const widths = options.levels.length === 0 ? [] : onlyLevel(model, options.levels);
  const input = embed(shape, options);
  const bottoms = mlps('bottoms', names, input.width, widths, options);
  const heads = towers('tower', shape.tasks, bottoms.width, options);
  return composed([input, bottoms, heads], (pass) => {
    const logits = heads.apply(pass, bottoms.apply(pass, input.apply(pass)));
    return { logits, trained: (targets) => overImpressions(logits, targets, [click, conversion], further) };
  });
}

function findTask(names: readonly string[], key: 'click' | 'conversion', name: string): number {
  const task = names.indexOf(name);
  if (task >= 0) return task;
  throw new ConfigError(
    `model.${key}: there is no task '${name}'${didYouMean(name, names)}; name one of: ${names.join(', ')}.`,
  );
}

/** Replaces the conversion task by "click and conversion". */
function overImpressions(
  logits: Tensor,
  { labels, mask }: Targets,
  order: readonly [click: number, conversion: number],
  further: ((impressions: Impressions) => Tensor) | undefined,
) {
  const [click, conversion] = order;
  const [a, b] = [row(logits, click), row(logits, conversion)];
  const [clicked, impressions] = [selected(labels, mask, click), row(mask, click)];
  const converted = clicked.mul(selected(labels, mask, conversion));
  // Without a click there is no conversion, and the row weighs what it weighs for clicks.
  const weights = impressions.mul(tf.sub(1, clicked)).add(clicked.mul(row(mask, conversion)));
  const pair = (first: Tensor, second: Tensor) =>
    reordered(
      tf.concat([first, second]),
      [0, 1].map((task) => order.indexOf(task)),
    );
  const penalty = further?.({ click: a, conversion: b, clicked, converted });
  return {
    logits: pair(a, bothLogit(a, b)),
    labels: pair(clicked, converted),
    mask: pair(impressions, weights),
    ...(penalty ? { rowPenalties: pair(tf.zerosLike(penalty), penalty) } : {}),
  };
}

/** [tasks, batch] -> [1, batch] */
function row(values: Tensor, task: number): Tensor {
  return values.slice([task, 0], [1, -1]);
}

/** A task's labels; 0 outside its sample space, where they may be NaN. */
function selected(labels: Tensor, mask: Tensor, task: number): Tensor {
  return tf.where(row(mask, task).greater(0), row(labels, task), tf.zerosLike(row(labels, task)));
}

/**
 * The logit of p q from those of p and q: p q / (1 - p q) = 1 / (e^-a + e^-b + e^-(a + b)). Its derivatives by a and b
 * are the shares of e^-a and e^-(a + b), and of e^-b and e^-(a + b), in that sum. All powers are taken relative to the
 * largest.
 */
function bothLogit(a: Tensor, b: Tensor): Tensor {
  return withGradient(
    [a, b],
    (x, y) => {
      const { least, ofX, ofY, ofBoth } = powers(x, y);
      return tf.sub(least, tf.log(tf.addN([ofX, ofY, ofBoth])));
    },
    (dy, x, y) => {
      const { ofX, ofY, ofBoth } = powers(x, y);
      const scaled = tf.div(dy, tf.addN([ofX, ofY, ofBoth]));
      return [tf.mul(scaled, tf.add(ofX, ofBoth)), tf.mul(scaled, tf.add(ofY, ofBoth))];
    },
  );
}

function powers(x: Tensor, y: Tensor) {
  const both = tf.add(x, y);
  const least = tf.minimum(tf.minimum(x, y), both);
  const relative = (logit: Tensor) => tf.exp(tf.sub(least, logit));
  return { least, ofX: relative(x), ofY: relative(y), ofBoth: relative(both) };
}
