import type { AxisPoint } from '../../config/comparison.js';
import { DataError } from '../../support/errors.js';
import type { EvaluatedRun } from '../../training/finished-run.js';
import type { RunReference } from '../comparison.js';
import { checkPair } from './same-data.js';

/** A model at one point of the axes, and its runs; `run` is there if and only if the status is `done`. */
export interface Entry {
  readonly label: string;
  /** Name of the model, as in a config. */
  readonly type: string;
  readonly point: AxisPoint;
  readonly runs: readonly (RunReference & { readonly run?: EvaluatedRun })[];
}

/** Two finished runs under one seed, on the same data. */
export interface Pair {
  readonly seed: number;
  readonly model: EvaluatedRun;
  readonly reference: EvaluatedRun;
}

/** Seed by seed in the order of `seeds`, then any others. */
export function inOrder(runs: Entry['runs'], seeds: readonly number[]): Entry['runs'] {
  const place = ({ seed }: RunReference) => (seeds.includes(seed) ? seeds.indexOf(seed) : seeds.length);
  return runs.toSorted((a, b) => place(a) - place(b) || a.seed - b.seed);
}

/**
 * The pairs of a model and the reference at the same point, in the order of the model's runs.
 * @throws DataError if two runs under one seed were not made on the same data and test rows, or one label has two runs of a seed.
 */
export function pairRuns(model: Entry, reference: Entry): readonly Pair[] {
  for (const { runs } of [model, reference]) refuseTwice(runs);
  return model.runs.flatMap(({ seed, run }) => {
    const other = reference.runs.find((candidate) => candidate.seed === seed)?.run;
    if (!run || !other) return [];
    checkPair(run, other);
    return [{ seed, model: run, reference: other }];
  });
}

function refuseTwice(runs: Entry['runs']): void {
  for (const [index, { seed, path }] of runs.entries()) {
    const earlier = runs.slice(0, index).find((candidate) => candidate.seed === seed);
    if (earlier)
      throw new DataError(`${earlier.path} and ${path} are two runs of one model under seed ${seed}: leave one out.`);
  }
}
