import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { ziggurat } from './normal.js';

/**
 * A source of random numbers. Every purpose has a stream of its own, named by its path from the seed
 * (`initial`, `order/3`, …), so that what one purpose draws never moves another.
 */
export interface Random {
  /** An independent stream. It depends on the seed and the path alone, not on what was drawn before. */
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
  const uniform = () => (next() >>> 0) * 2 ** -32;

  const below = (bound: number) => uniformInt(generator, 0, bound - 1);

  return {
    stream: (name) => randomAt(`${path}/${name}`),
    uniform,
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
