import { normalBelow } from './behrens-fisher.js';

/**
 * Test levels for each look at growing data. The chance of a false difference at any look is at most `level` in total
 * (Lan and DeMets 1983). The spending function is level * ln(1 + (e - 1) t), which is near Pocock's constant levels.
 * The test at look k rejects if its p-value is below the k-th number.
 * @param times The fraction of all data at each look: ascending, at most 1.
 */
export function spendingLevels(times: readonly number[], level: number): readonly number[] {
  const levels: number[] = [];
  let continuing = start;
  let spent = 0;
  for (const [look, time] of times.entries()) {
    const next = advance(continuing, time - (times[look - 1] ?? 0));
    const spend = level * Math.log(1 + (Math.E - 1) * time) - spent;
    let [low, high] = [0, 40]; // of |Z|
    for (let step = 0; step < 60; step++) {
      const middle = (low + high) / 2;
      if (outside(next, middle * Math.sqrt(time)) > spend) low = middle;
      else high = middle;
    }
    levels.push(2 * normalBelow(-high));
    continuing = within(next, high * Math.sqrt(time));
    spent += spend;
  }
  return levels;
}

/** The density of a sum of normal increments, symmetric about 0. Each weight at a point x >= 0 is for both x and -x. */
type Density = readonly { readonly x: number; readonly weight: number }[];

/** All mass at 0. */
const start: Density = [{ x: 0, weight: 1 }];

/** The sum after one more increment of this variance, as a function of a bound. */
interface Next {
  readonly from: Density;
  readonly deviation: number;
}

function advance(from: Density, variance: number): Next {
  return { from, deviation: Math.sqrt(variance) };
}

/** P(|sum| > bound). */
function outside({ from, deviation }: Next, bound: number): number {
  return from.reduce(
    (sum, { x, weight }) =>
      sum + weight * (normalBelow((x - bound) / deviation) + normalBelow((-x - bound) / deviation)),
    0,
  );
}

const intervals = 400;

/** The density of the sums within the bound, at the points of Simpson's rule. */
function within({ from, deviation }: Next, bound: number): Density {
  const step = bound / intervals;
  return Array.from({ length: intervals + 1 }, (_, index) => {
    const x = index * step;
    const simpson = (step / 3) * (index === 0 || index === intervals ? 1 : index % 2 === 1 ? 4 : 2);
    const density = from.reduce(
      (sum, { x: start, weight }) =>
        sum + weight * (normalDensity((x - start) / deviation) + normalDensity((x + start) / deviation)),
      0,
    );
    return { x, weight: (simpson * density) / deviation };
  });
}

function normalDensity(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}
