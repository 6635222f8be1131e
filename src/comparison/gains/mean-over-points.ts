import { groupedBy } from '../../support/grouped-by.js';
import type { Gain, MeanOverPoints, TaskVerdict } from '../comparison.js';
import type { EstimateError } from '../statistics/behrens-fisher.js';
import { testFamily } from '../statistics/gain-family.js';
import { mean } from '../statistics/moments.js';
import { sampleVariance } from '../statistics/squeezed-variances.js';
import { fewestRuns, taskVerdict } from '../statistics/verdict.js';
import { type EstimatedGain, relativeGain } from './gains.js';
import type { Test, TestedPair } from './tested-gains.js';

/** A task's mean, or that of the tasks' mean, before it is tested. */
interface Mean {
  readonly gain: number | null;
  readonly gains: Gain['gains'];
  readonly error: EstimateError | null;
  readonly margin: null;
  /** A point's verdict waits, so this one does. */
  readonly isLate: boolean;
}

/**
 * For each pair that every point of the axes has: its relative gains, averaged over the points. A seed is one number,
 * the mean of its points, so that what its points share (a draw of the data, an initialisation) counts once: the test is
 * Student's t over seeds. Errors over test rows are no part of it. These means are a family.
 * @param pairs of all points
 */
export function meansOverPoints(pairs: readonly TestedPair[], points: number, test: Test): readonly MeanOverPoints[] {
  if (points < 2 || test.uncertainty === 'rows') return [];
  const key = ({ pair: { model, reference } }: TestedPair) => [model.label, reference?.label];
  const whole = groupedBy(
    pairs.filter(({ verdict }) => verdict !== 'baseline'),
    key,
  ).filter((own) => own.length === points);
  const means = whole.map((own) => ({
    own,
    of: [...test.tasks.map((_, task) => taskMean(own, task)), tasksMean(own)],
  }));
  const family = means.flatMap(({ of }) => of);
  const results = testFamily(family, test.level);
  const tested = new Map(family.map((one, index) => [one, results[index]]));
  return means.map(({ own: [{ pair }], of }): MeanOverPoints => {
    const gains = of.map((one) => {
      const { p = null, pHolm = null, se = null, interval = null, simultaneous = null } = tested.get(one) ?? {};
      const verdict = (): TaskVerdict | null => {
        if (one.gain === null) return null;
        if (one.isLate) return 'not trained to a plateau';
        return one.gains.length < fewestRuns
          ? 'undecided'
          : taskVerdict(one.gain, { pHolm, pEquivalent: null }, test.level);
      };
      return { gain: one.gain, gains: one.gains, se, interval, simultaneous, p, pHolm, verdict: verdict() };
    });
    return {
      model: pair.model.label,
      ...(pair.model.meanOf ? { models: pair.model.meanOf } : {}),
      reference: pair.reference?.label ?? '',
      tasks: Object.fromEntries(test.tasks.flatMap(({ name }, task) => (gains[task] ? [[name, gains[task]]] : []))),
      aggregate: gains.at(-1) ?? null,
    };
  });
}

function taskMean(own: readonly TestedPair[], task: number): Mean {
  return overPoints(
    own.map(({ pair }) => {
      const gain = pair.tasks[task];
      const level = gain?.level ?? 0;
      return gain ? differences(gain).map(({ seed, gain }) => ({ seed, gain: relativeGain(gain, level) })) : [];
    }),
    own,
    own.some(({ tasks }) => tasks[task]?.verdict === 'not trained to a plateau'),
  );
}

/** It is in percent already. */
function tasksMean(own: readonly TestedPair[]): Mean {
  return overPoints(
    own.map(({ pair }) => differences(pair.mean)),
    own,
    own.some(({ verdict }) => verdict === 'not trained to a plateau'),
  );
}

/** Of the model's run of a seed and the reference's: so that the noise of both is in them. */
function differences({ model, reference }: EstimatedGain): Gain['gains'] {
  return model.runs.flatMap(({ seed }, run) => {
    const other = reference.values[reference.runs.findIndex((one) => one.seed === seed)];
    const own = model.values[run];
    return own === undefined || other === undefined ? [] : [{ seed, gain: own - other }];
  });
}

/** @param points of each, the relative gain of each seed */
function overPoints(
  points: readonly (readonly { readonly seed: number; readonly gain: number | null }[])[],
  pairs: readonly TestedPair[],
  isLate: boolean,
): Mean {
  const gains = (points[0] ?? []).flatMap(({ seed }) => {
    const all = points.map((of) => of.find((one) => one.seed === seed)?.gain ?? null);
    const known = all.filter((one) => one !== null);
    return known.length < points.length ? [] : [{ seed, gain: mean(known) }];
  });
  const own = sampleVariance(gains.map(({ gain }) => gain));
  const runs = gains.length;
  const overlap = Math.max(...pairs.map(({ pair }) => pair.overlap));
  const estimated = own && [{ ...own, variance: own.variance * (1 / runs + overlap), runs }];
  return {
    gain: runs === 0 ? null : mean(gains.map(({ gain }) => gain)),
    gains,
    error: estimated && { estimated, known: 0 },
    margin: null,
    isLate,
  };
}
