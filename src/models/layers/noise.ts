import { type FloatArray, float32, type HostArrays } from '../../support/arrays.js';
import { must } from '../../support/must.js';
import type { Random } from '../../support/random.js';
import { mapValues } from '../../support/records.js';
import { tf } from '../../support/tf.js';
import type { Context, NoiseUnits } from '../model.js';
import { type Features, inBlocks, product } from './axes.js';

/*
 * Dropout's noise. A step is fed `terms` numbers for each row of the batch and for each unit, not one for each unit of
 * each row. Unit u of row r is dropped where the fractional part of sum_t a[u, t] b[r, t] is below the rate.
 *
 * The a are multiples of 2^-16 below 1. The b are whole and below 2^4. All are uniform. So every sum is a multiple of
 * 2^-16 below 2^8: float32 holds it exactly, in any order of adding. All engines and devices therefore drop the same
 * units.
 *
 * Within a row the sums of different units are independent and uniform, unless all its b are even (one row of 2^16).
 * The sums of a unit are so in rows whose b are linearly independent modulo 2. Dependence shows only in more than
 * `terms` rows, seen together.
 *
 * A number for each unit of each row would be some MB a step, and a host draws them more slowly than a GPU takes the
 * step. An integer hash in the graph would need operations that not every backend has, or more passes over the
 * activations than this product.
 */
const terms = 16;
const bits = { units: 16, rows: 4 };
const grain = 2 ** -bits.units;

/** The name under which the rows' numbers are fed; those of layers have the layer's name. */
const ofRows = 'rows';

/** Shapes of what one step's context is fed; nothing where no layer draws. */
export function noiseShapes(units: NoiseUnits, batch: number): Readonly<Record<string, readonly number[]>> {
  if (Object.keys(units).length === 0) return {};
  return { ...mapValues(units, (shape) => [...shape, terms]), [ofRows]: [batch, terms] };
}

/** The noise of these steps. */
export function drawNoise(units: NoiseUnits, batch: number, random: Random, steps: Steps): HostArrays {
  return mapValues(noiseShapes(units, batch), (shape, name) => {
    const kind = name === ofRows ? { bits: bits.rows, unit: 1 } : { bits: bits.units, unit: grain };
    return drawSteps(shape, random.stream(name), steps, (values, stream) => fill(values, kind, stream));
  });
}

/** Steps of training, and the number of those before them. */
export interface Steps {
  readonly first: number;
  readonly steps: number;
}

/** Draws an array of this shape for each step, from a stream of the step: what it draws depends on its number alone. */
export function drawSteps(
  shape: readonly number[],
  random: Random,
  { first, steps }: Steps,
  draw: (values: Float32Array, random: Random) => void,
): FloatArray {
  const array = float32([steps, ...shape]);
  const size = array.data.length / steps;
  for (let step = 0; step < steps; step++)
    draw(array.data.subarray(step * size, (step + 1) * size), random.stream(String(first + step)));
  return array;
}

/** Fills with numbers of `bits` bits, several from each draw of 32. */
function fill(target: Float32Array, { bits, unit }: { bits: number; unit: number }, random: Random): void {
  const mask = 2 ** bits - 1;
  const each = 32 / bits;
  for (let i = 0; i < target.length; i += each) {
    const word = random.uniform() * 2 ** 32;
    for (let k = 0; k < each; k++) target[i + k] = ((word >>> (k * bits)) & mask) * unit;
  }
}

/**
 * In training, sets each feature to 0 with probability `rate` and divides the others by 1 - rate (inverted dropout);
 * else nothing.
 */
export function dropout(features: Features, rate: number, layer: string, { training, noise }: Context): Features {
  if (!training || rate === 0) return features;
  const sums = product(inBlocks(must(noise[ofRows], 'noise of rows')), must(noise[layer], `noise of ${layer}`));
  const kept = Math.round((1 - rate) / grain) * grain;
  // 1 where the fractional part is at least 1 - kept.
  const mask = tf.sub(tf.floor(tf.add(sums, kept)), tf.floor(sums));
  return tf.mul(features, tf.mul(mask, 1 / kept).reshape(features.shape));
}
