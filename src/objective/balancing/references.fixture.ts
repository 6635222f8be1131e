import { must } from '../../support/must.js';

/** For tests: the methods again, from their papers, on plain numbers and whole gradients. */

/** One step. Gradients are of w_k L_k, with respect to the shared parameters. */
interface Given {
  readonly losses: readonly number[];
  readonly present: readonly boolean[];
  readonly gradients: readonly (readonly number[])[];
  /** The config's. */
  readonly lossWeights: readonly number[];
  readonly learningRate: number;
  /** For `random`: its normals. For `pcgrad`: each task's other tasks, in their order. */
  readonly normals: readonly number[];
  readonly orders: readonly (readonly number[])[];
}

interface Direction {
  readonly shared: readonly number[];
  /** The factor of each task's gradient in its own parameters. */
  readonly own: readonly number[];
  /** The factors that the method reports, where they are not those. */
  readonly reported?: readonly number[];
  /** Gets the batch's losses after the step. */
  readonly after?: (losses: readonly number[]) => void;
}

type Method = (given: Given) => Direction;

type Fresh = (types: readonly string[]) => Method;

/** A fresh method for tasks of these types; the epochs of `dwa` have two steps. */
const plain: Readonly<Record<string, Fresh>> = {
  fixed: () => weighted(({ losses }) => losses.map(() => 1)),
  // Plain gradient descent has no state.
  adatask: () => weighted(({ losses }) => losses.map(() => 1)),
  uncertainty(types) {
    const s = types.map(() => 0);
    const steps = types.map(() => adam());
    let t = 0;
    return weighted(({ losses, present, learningRate }) => {
      t += 1;
      const weights = s.map((value, k) => (types[k] === 'regression' ? 0.5 : 1) * Math.exp(-value));
      for (const k of s.keys()) {
        const slope = present[k] ? 0.5 - at(weights, k) * at(losses, k) : 0;
        s[k] = at(s, k) + must(steps[k], 'optimizer')(slope, learningRate, t);
      }
      return weights;
    });
  },
  dwa(types) {
    const means: number[][] = [];
    let epoch: number[][] = types.map(() => []);
    let steps = 0;
    return weighted(({ losses, present }) => {
      const [before, last] = means.slice(-2);
      const ratios = types.map((_, k) => (before && last ? at(last, k) / at(before, k) : 1));
      const powers = ratios.map((ratio) => Math.exp(ratio / 2));
      for (const [k, loss] of losses.entries()) if (present[k]) epoch[k]?.push(loss);
      steps += 1;
      if (steps % 2 === 0) {
        means.push(epoch.map((all, k) => (all.length > 0 ? sum(all) / all.length : (means.at(-1)?.[k] ?? 1))));
        epoch = types.map(() => []);
      }
      return powers.map((power) => (types.length * power) / sum(powers));
    });
  },
  random: (types) => weighted(({ normals }) => softmax(normals).map((share) => types.length * share)),
  famo(types) {
    const x = types.map(() => 0);
    const steps = types.map(() => adam());
    let t = 0;
    return ({ losses, present, gradients }) => {
      t += 1;
      // Tasks without rows take no part, as if there were none of them.
      const here = [...types.keys()].filter((k) => present[k]);
      const z = softmax(here.map((k) => at(x, k)));
      const shares = here.map((k, place) => at(z, place) / (at(losses, k) + 1e-8));
      const own = types.map((_, k) => (present[k] ? (here.length * at(shares, here.indexOf(k))) / sum(shares) : 0));
      const after = (later: readonly number[]) => {
        const gain = here.map((k) => Math.log(at(losses, k) + 1e-8) - Math.log(at(later, k) + 1e-8));
        // J' gain, with J_ik = z_i (1[i = k] - z_k).
        const slopes = here.map((_, k) => sum(gain.map((one, i) => one * at(z, i) * ((i === k ? 1 : 0) - at(z, k)))));
        for (const [place, k] of here.entries())
          x[k] = at(x, k) + must(steps[k], 'optimizer')(at(slopes, place) + 0.01 * at(x, k), 0.025, t);
      };
      return { shared: combination(gradients, own), own, after };
    };
  },
  pcgrad: () =>
    apart(({ gradients, orders }) => {
      const projected = gradients.map((gradient, i) =>
        rowAt(orders, i).reduce<readonly number[]>((v, j) => {
          const other = rowAt(gradients, j);
          const along = inner(v, other);
          return along < 0 ? plus(v, other, -along / inner(other, other)) : v;
        }, gradient),
      );
      return combination(
        projected,
        projected.map(() => 1),
      );
    }),
};

const cagrad = (scale: number) =>
  apart(({ gradients, present }) => {
    const all = gradients.filter((_, k) => present[k]);
    const mean = combination(
      all,
      all.map(() => 1 / all.length),
    );
    const radius = 0.5 * norm(mean);
    const dual = (w: readonly number[]) => inner(combination(all, w), mean) + radius * norm(combination(all, w));
    const worst = combination(all, leastOnGrid(all.length, dual));
    return plus(mean, worst, radius / norm(worst)).map((one) => (all.length * one) / scale);
  });

/** The weights of each lambda_k L_k are the slopes of mu log sum_k exp(lambda_k (L_k - ideal_k) / mu) by it, times K. */
const stch = (mu: number, ideal: readonly number[]) =>
  weighted(({ losses, present, lossWeights }) => {
    const here = [...losses.keys()].filter((k) => present[k] && at(lossWeights, k) > 0);
    const smoothMaximum = (terms: readonly number[]) =>
      mu * Math.log(sum(here.map((k) => Math.exp((at(terms, k) - at(lossWeights, k) * at(ideal, k)) / mu))));
    const terms = losses.map((loss, k) => at(lossWeights, k) * loss);
    const moved = (k: number, by: number) => smoothMaximum(terms.with(k, at(terms, k) + by));
    return losses.map((_, k) => (here.length * (moved(k, 1e-5) - moved(k, -1e-5))) / 2e-5);
  });

/**
 * The weights w with g_k . sum_i w_i g_i = w_k^(-1 / alpha), by bisection within bisection: a weight solves its equation
 * where the later ones solve theirs. The products of a gradient with itself have the method's ridge.
 */
const fairgrad = (alpha: number) =>
  apart(({ gradients, present }) => {
    const all = gradients.filter((_, k) => present[k]);
    const solved = (first: readonly number[]): readonly number[] => {
      const gradient = all[first.length];
      if (!gradient) return first;
      let [low, high] = [-40, 40]; // of the logarithm
      while (high - low > 1e-12) {
        const middle = (low + high) / 2;
        const w = solved([...first, Math.exp(middle)]);
        const gain = inner(gradient, combination(all, w)) + 1e-6 * inner(gradient, gradient) * Math.exp(middle);
        if (gain < Math.exp(-middle / alpha)) low = middle;
        else high = middle;
      }
      return solved([...first, Math.exp(low)]);
    };
    return combination(all, solved([])).map((one) => all.length * one);
  });

/** @param size what a gradient is divided by while the combination is sought */
const mgda = (size: (gradient: readonly number[], loss: number) => number) =>
  apart(({ gradients, losses, present }) => {
    const isHere = (_: unknown, k: number) => present[k];
    const all = gradients.filter(isHere);
    const sizes = losses.filter(isHere).map((loss, k) => size(rowAt(all, k), loss));
    const scaled = all.map((gradient, k) => gradient.map((one) => one / at(sizes, k)));
    const weights = leastOnGrid(all.length, (w) => norm(combination(scaled, w)));
    return combination(all, weights).map((one) => all.length * one);
  });

/** @param scales whether a gradient of this length is scaled to that of the target */
function metabalance(types: readonly string[], scales: (length: number, target: number) => boolean): Method {
  // Each shared number is a parameter of its own.
  const lengths = [types.map(() => 0), types.map(() => 0)];
  return ({ gradients, present }) => {
    const factors = lengths.map((own, j) => {
      for (const [k, gradient] of gradients.entries())
        if (present[k]) own[k] = 0.9 * at(own, k) + 0.1 * Math.abs(at(gradient, j));
      const [target = 0] = own;
      return own.map((length, k) =>
        k === 0 || target === 0 || length === 0 || !scales(length, target) ? 1 : (0.7 * target) / (length + 1e-5) + 0.3,
      );
    });
    const reached = types.map((_, k) => lengths.filter((own) => at(own, 0) > 0 && at(own, k) > 0).length);
    return {
      shared: factors.map((of, j) => at(combination(gradients, of), j)),
      own: types.map(() => 1),
      reported: reached.map((count, k) => 1 + sum(factors.map((of) => at(of, k) - 1)) / Math.max(1, count)),
    };
  };
}

/** Every method, and its options that change the calculation. */
export const references: readonly (readonly [name: string, options: object, fresh: Fresh])[] = [
  ...Object.entries(plain).map(([name, fresh]) => [name, {}, fresh] as const),
  ['gradnorm', {}, (types) => gradnorm(types, 1)],
  ['gradnorm', { initialSteps: 2 }, (types) => gradnorm(types, 2)],
  ['gradnorm', { over: 'all' }, (types) => gradnorm(types, 1, norm)],
  ['cagrad', {}, () => cagrad(1 + 0.5 ** 2)],
  ['cagrad', { rescale: false }, () => cagrad(1)],
  [
    'stch',
    {},
    (types) =>
      stch(
        0.1,
        types.map(() => 0),
      ),
  ],
  ['stch', { mu: 0.5, ideal: { t1: 0.4 } }, () => stch(0.5, [0, 0.4, 0])],
  ['fairgrad', {}, () => fairgrad(1)],
  ['fairgrad', { alpha: 0.5 }, () => fairgrad(0.5)],
  ['mgda', {}, () => mgda(() => 1)],
  ['mgda', { normalization: 'norm' }, () => mgda(norm)],
  ['mgda', { normalization: 'loss' }, () => mgda((_, loss) => loss)],
  ['metabalance', {}, (types) => metabalance(types, () => true)],
  ['metabalance', { scale: 'larger' }, (types) => metabalance(types, (length, target) => length > target)],
  ['metabalance', { scale: 'smaller' }, (types) => metabalance(types, (length, target) => length < target)],
];

/**
 * @param initial How many first batches of a task have L(0) as their mean.
 * @param length A gradient's length: at the last shared parameter, or at all.
 */
function gradnorm(
  types: readonly string[],
  initial: number,
  length = (row: readonly number[]) => Math.abs(row.at(-1) ?? 0),
): Method {
  const v = types.map(() => 1);
  const first: number[][] = types.map(() => []);
  const steps = types.map(() => adam());
  let t = 0;
  return ({ losses, present, gradients }) => {
    t += 1;
    const weights = [...v];
    for (const [k, before] of first.entries()) if (present[k] && before.length < initial) before.push(at(losses, k));
    const here = [...types.keys()].filter((k) => present[k] && first[k]?.length === initial);
    const progress = (k: number) => at(losses, k) / (sum(first[k] ?? []) / initial);
    const mean = (of: (k: number) => number) => sum(here.map(of)) / here.length;
    const steepness = (k: number) => length(rowAt(gradients, k));
    const weighed = (k: number) => at(weights, k) * steepness(k);
    const moved = here.map((k) => {
      const wanted = mean(weighed) * (progress(k) / mean(progress)) ** 1.5;
      const slope = Math.sign(weighed(k) - wanted) * steepness(k);
      return Math.max(1e-3, at(weights, k) + must(steps[k], 'optimizer')(slope, 0.025, t));
    });
    // All sum to K: what the absent tasks keep of it, the others share.
    const left = types.length - sum(weights.filter((_, k) => !here.includes(k)));
    for (const [place, k] of here.entries()) v[k] = (left * at(moved, place)) / sum(moved);
    return { shared: combination(gradients, weights), own: weights };
  };
}

function weighted(weightsOf: (given: Given) => readonly number[]): Method {
  return (given) => {
    const own = weightsOf(given);
    return { shared: combination(given.gradients, own), own };
  };
}

function apart(direction: (given: Given) => readonly number[]): Method {
  return (given) => ({ shared: direction(given), own: given.losses.map(() => 1) });
}

/**
 * Kingma and Ba's Adam for one number: the change that a slope makes in step t, from 1. Steps that are left out count,
 * but change nothing.
 */
function adam(): (slope: number, rate: number, t: number) => number {
  let [first, second] = [0, 0];
  return (slope, rate, t) => {
    first = 0.9 * first + 0.1 * slope;
    second = 0.999 * second + 0.001 * slope ** 2;
    return (-rate * (first / (1 - 0.9 ** t))) / (Math.sqrt(second / (1 - 0.999 ** t)) + 1e-8);
  };
}

/** The best weights of up to three on a grid, which is made finer around the best so far. */
function leastOnGrid(count: number, value: (weights: readonly number[]) => number): readonly number[] {
  let best: readonly number[] = Array(count).fill(1 / count);
  if (count === 1) return best;
  for (let side = 1; side > 1e-9; side /= 4) {
    const places = Array.from({ length: 41 }, (_, index) => (side * (index - 20)) / 20);
    const [a, b] = best;
    for (const x of places) {
      for (const y of count > 2 ? places : [0]) {
        const head = count > 2 ? [(a ?? 0) + x, (b ?? 0) + y] : [(a ?? 0) + x];
        const weights = [...head, 1 - sum(head)];
        if (weights.every((weight) => weight >= 0) && value(weights) < value(best)) best = weights;
      }
    }
  }
  return best;
}

function softmax(values: readonly number[]): number[] {
  const powers = values.map(Math.exp);
  return powers.map((power) => power / sum(powers));
}

function combination(rows: readonly (readonly number[])[], weights: readonly number[]): readonly number[] {
  return rows.reduce<readonly number[]>(
    (total, row, k) => plus(total, row, at(weights, k)),
    rowAt(rows, 0).map(() => 0),
  );
}

function plus(a: readonly number[], b: readonly number[], times: number): readonly number[] {
  return a.map((value, i) => value + times * at(b, i));
}

function inner(a: readonly number[], b: readonly number[]): number {
  return sum(a.map((value, i) => value * at(b, i)));
}

function norm(a: readonly number[]): number {
  return Math.sqrt(inner(a, a));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NaN;
}

function rowAt(rows: readonly (readonly number[])[], index: number): readonly number[] {
  return rows[index] ?? [];
}
