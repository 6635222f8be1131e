import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/**
 * A source of random numbers. Each purpose has its own stream, named by its path from the seed (`initial`, `order/3`,
 * …). So draws for one purpose never change another.
 */
export interface Random {
  /** An independent stream. It depends only on the seed and the path, not on earlier draws. */
  stream(name: string): Random;
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Fills `target` with standard normals. */
  fillNormal(target: Float32Array | Float64Array): void;
  /** A uniform integer in [0, bound). */
  below(bound: number): number;
  /** Shuffles in place (Fisher-Yates). */
  shuffle(items: Int32Array): void;
}

/** The root stream of a seed. */
export function randomFromSeed(seed: number): Random {
  return randomAt(`ple:${seed}`);
}

function randomAt(path: string): Random {
  const digest = createHash('sha256').update(path).digest();
  const state = [0, 4, 8, 12].map((offset) => digest.readInt32LE(offset));
  const generator = xoroshiro128plusFromState(state);
  const next = () => generator.next();
  const below = (bound: number) => uniformInt(generator, 0, bound - 1);

  return {
    stream: (name) => randomAt(`${path}/${name}`),
    uniform: () => uniform(next),
    normal: () => ziggurat(next),
    fillNormal(target) {
      for (let i = 0; i < target.length; i++) target[i] = ziggurat(next);
    },
    below,
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1);
        const held = items[i] ?? 0;
        items[i] = items[j] ?? 0;
        items[j] = held;
      }
    },
  };
}

/**
 * One standard normal of 24 bits by the ziggurat method (Marsaglia and Tsang 2000, 128 layers), about twice as fast as
 * the polar method. Layer, sign and place use different bits of a word, because sharing them is the known flaw of the
 * original code.
 * @param next uniform 32-bit integers.
 */
function ziggurat(next: () => number): number {
  for (;;) {
    const word = next();
    const layer = word & 127;
    const sign = word & 128 ? -1 : 1;
    const mantissa = word >>> 8;
    const x = mantissa * (widths[layer] ?? 0);
    if (mantissa < (inside[layer] ?? 0)) return sign * x;
    if (layer === 0) return sign * tail(next);
    const low = heights[layer] ?? 0;
    const high = heights[layer - 1] ?? 0;
    if (low + uniform(next) * (high - low) < Math.exp((-x * x) / 2)) return sign * x;
  }
}

const layers = 128;

// where the tail begins
const start = 3.442619855899;

// of every layer
const area = 9.91256303526217e-3;

const places = 2 ** 24;

// a layer's width divided by `places`
const widths = new Float64Array(layers);

// below this place a point lies under the curve for sure
const inside = new Int32Array(layers);

// height of the curve at the layer's right end
const heights = new Float64Array(layers);

{
  const height = (x: number) => Math.exp((-x * x) / 2);
  const bottom = area / height(start); // the width of a box with the area of the lowest layer and its tail
  let right = start;
  widths[0] = bottom / places;
  inside[0] = (start / bottom) * places;
  heights[0] = 1;
  for (let layer = layers - 1; layer > 0; layer--) {
    widths[layer] = right / places;
    heights[layer] = height(right);
    const above = layer === 1 ? 0 : Math.sqrt(-2 * Math.log(area / right + height(right)));
    inside[layer] = (above / right) * places;
    right = above;
  }
}

/** A sample beyond `start` (Marsaglia 1964). */
function tail(next: () => number): number {
  for (;;) {
    const beyond = -Math.log(1 - uniform(next)) / start;
    const height = -Math.log(1 - uniform(next));
    if (2 * height >= beyond * beyond) return start + beyond;
  }
}

function uniform(next: () => number): number {
  return (next() >>> 0) * 2 ** -32;
}
