import { groupedBy } from '../../support/json.js';
import type { Gain } from '../comparison.js';
import { fewestRuns } from '../statistics/gain-family.js';
import { mean, sampleVariance } from '../statistics/variances.js';
import { type TestedPair, testedBy, verdictOn, withPart } from './gain-rows.js';
import { choiceVariance, type EstimatedGain, type Judging, relativeGain } from './gains.js';

/**
 * For each pair that every point of the axes has: its relative gains, averaged over the points. A seed is one number,
 * the mean of its points, so that what its points share (a draw of the data, an initialisation) counts once: the test is
 * Student's t over seeds. Errors over test rows are no part of it. These means are a family.
 * @param tables The pairs that are tested at each point.
 */
export function meansOverPoints(tables: readonly (readonly TestedPair[])[], judging: Judging): readonly Gain[] {
  if (tables.length < 2 || judging.uncertainty === 'rows') return [];
  const pairs = tables.flat().filter(({ verdict }) => verdict !== 'baseline');
  const complete = groupedBy(pairs, ({ pair: { model, reference } }) => [model.label, reference?.label]).filter(
    (atPoints) => atPoints.length === tables.length,
  );
  const means = complete.flatMap((atPoints) => [
    ...judging.tasks.map(({ name }, task) => meanOf(atPoints, { task: name }, (pair) => pair.tasks[task])),
    meanOf(atPoints, { mean: true as const }, (pair) => pair.deltaM),
  ]);
  const tested = testedBy(means, judging.level);
  return means.map((member) => {
    const { gain, bySeed: percentBySeed, isLate, atEdge, row } = member;
    const { p, pHolm, se, interval, simultaneous } = tested(member);
    const [low, high] = interval ?? [null, null];
    const isEnough = percentBySeed.length >= fewestRuns && !atEdge;
    const verdict = verdictOn(gain, { pHolm, pEquivalent: null }, isLate, isEnough, judging);
    const tests = { se, low, high, simultaneous, p, pHolm, verdict };
    return withPart(
      { ...noRow, ...row, gain, relativeGain: gain, ...tests, atEdge, bySeed: percentBySeed },
      percentBySeed.length,
      true,
    );
  });
}

/** What a mean over the points has not. */
const noRow = {
  family: 'means' as const,
  point: {},
  modelVerdict: null,
  metric: null,
  value: null,
  sd: null,
  margin: null,
  pEquivalent: null,
  pNotInferior: null,
  part: null,
  isWorthIt: false,
  moreDraws: null,
  atLimit: 0,
  oneEpoch: null,
  together: null,
};

type GainIn = (pair: TestedPair['pair']) => EstimatedGain | undefined;

/**
 * A gain's mean over the points, and its error.
 * @param named the task, or Δm, which is in percent already
 */
function meanOf<Named extends Pick<Gain, 'task' | 'mean'>>(
  atPoints: readonly [TestedPair, ...TestedPair[]],
  named: Named,
  gainIn: GainIn,
) {
  const [{ pair }] = atPoints;
  const gains = meansBySeed(atPoints.map((atPoint) => bySeed(gainIn(atPoint.pair))));
  const rows = atPoints.map(({ tasks, deltaM: ofTasks }) => tasks.find(({ task }) => task === named.task) ?? ofTasks);
  const runs = gains.length;
  return {
    row: { ...named, model: pair.model.label, reference: pair.reference?.label ?? '', runs },
    gain: runs === 0 ? null : mean(gains.map(({ gain }) => gain)),
    bySeed: gains,
    error: errorOfMean(gains, atPoints, gainIn),
    margin: null,
    isLate: atPoints.some(({ verdict }, point) => (rows[point]?.verdict ?? verdict) === 'not trained to a plateau'),
    atEdge: rows.some((row) => row?.atEdge),
  };
}

/** The mean over the points for each seed that all points have. */
function meansBySeed(points: readonly ReturnType<typeof bySeed>[]): Gain['bySeed'] {
  return (points[0] ?? []).flatMap(({ seed }) => {
    const ofSeed = points.flatMap((ofPoint) => ofPoint.find((run) => run.seed === seed)?.gain ?? []);
    return ofSeed.length < points.length ? [] : [{ seed, gain: mean(ofSeed) }];
  });
}

/** As of one point's paired differences, with the largest overlap of any point. */
function errorOfMean(gains: Gain['bySeed'], atPoints: readonly TestedPair[], gainIn: GainIn): EstimatedGain['error'] {
  const runs = gains.length;
  const variance = sampleVariance(gains.map(({ gain }) => gain));
  if (!variance) return null;
  const overlap = Math.max(...atPoints.map(({ pair }) => pair.overlap));
  const ofChoice = Math.max(
    ...atPoints.map(({ pair }) => choiceVariance([pair.model, pair.reference], gainIn(pair)?.task, runs)),
  );
  const ofMean = variance.variance * (1 / runs + overlap + ofChoice);
  return { estimated: [{ ...variance, variance: ofMean, runs }], known: 0 };
}

/** In percent: of the model's run of a seed and the reference's, so that the noise of both is in them. */
function bySeed(estimated: EstimatedGain | undefined): { readonly seed: number; readonly gain: number | null }[] {
  if (!estimated) return [];
  const { modelSample, referenceSample, task } = estimated;
  return modelSample.runs.flatMap(({ seed }, run) => {
    const value = modelSample.values[run];
    const other = referenceSample.values[referenceSample.runs.findIndex((one) => one.seed === seed)];
    if (value === undefined || other === undefined) return [];
    return [{ seed, gain: task ? relativeGain(estimated, value - other) : value - other }];
  });
}
