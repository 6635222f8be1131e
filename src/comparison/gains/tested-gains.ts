import type { Margin } from '../../config/parts.js';
import type { Metric } from '../../metrics/metric.js';
import { must } from '../../support/must.js';
import type { Aggregate, TestedGain, Verdict } from '../comparison.js';
import { type TestedMember, testFamily } from '../statistics/gain-family.js';
import { mean } from '../statistics/moments.js';
import { fewestRuns, isUnfinished, rowVerdict, taskVerdict } from '../statistics/verdict.js';
import { type EstimatedGain, type Judging, type Pair, relativeGain, runCount } from './gains.js';
import { lateRuns } from './measured.js';

/** The gains of one model: on each task, and over all tasks. */
export interface TestedPair {
  readonly tasks: readonly TestedGain[];
  readonly aggregate: Aggregate | null;
  readonly verdict: Verdict;
}

export interface Test extends Judging {
  readonly level: number;
  /** By metric, where it is not the metric's default. Null: no margin. */
  readonly margins: Readonly<Record<string, Margin | null>>;
}

/**
 * Tests two families of gains: those on tasks, and the means over tasks. Those whose verdict waits, as training had not
 * ended on the task, stay in their family: the runs show which ones wait, and a family that shrinks by what its data
 * show no longer keeps its level.
 */
export function testGains(pairs: readonly Pair[], test: Test): readonly TestedPair[] {
  const { tasks, level, margins } = test;
  const members = pairs.map(({ gains }) =>
    gains.map(({ gain, error, level: reference }, place) => {
      const metric = tasks[place]?.metric;
      return {
        gain,
        error,
        margin: metric && reference !== null ? equivalenceMargin(metric, reference, margins) : null,
      };
    }),
  );
  const ofTasks = testFamily(
    members.flatMap((row) => row.slice(0, -1)),
    level,
  );
  const ofMeans = testFamily(
    members.flatMap((row) => row.slice(-1)),
    level,
  );
  return pairs.map((pair, index) => {
    const { model, reference, gains } = pair;
    const isEnough = (gain: EstimatedGain) => runCount(pair, gain) >= fewestRuns || test.uncertainty === 'rows';
    const late = tasks.map((_, task) =>
      [model, reference].some((one) => one && isUnfinished(lateRuns(one, task), one.runs.length)),
    );
    const found = tasks.map((_, task): TestedGain => {
      const [gain, own] = [must(gains[task], 'gain'), must(ofTasks[index * tasks.length + task], 'tested gain')];
      const { margin } = must(members[index]?.[task], 'member');
      const tested = taskGain(gain, own, { pair, margin, isEnough: isEnough(gain), test });
      return late[task] && gain.gain !== null ? { ...tested, verdict: unfinished } : tested;
    });
    if (model === reference) return { verdict: 'baseline', tasks: found.map(withoutVerdict), aggregate: null };
    const [mean, tested] = [gains.at(-1), ofMeans[index]];
    const aggregate =
      mean && tested && mean.gain !== null ? testedAggregate(mean, tested, pair, isEnough(mean) ? level : 0) : null;
    if (late.includes(true))
      return { verdict: unfinished, tasks: found, aggregate: aggregate && { ...aggregate, verdict: unfinished } };
    return { verdict: rowVerdict(found.map(({ verdict }) => verdict)), tasks: found, aggregate };
  });
}

const unfinished = 'not trained to a plateau';

interface OfTask {
  readonly pair: Pair;
  readonly margin: number | null;
  readonly isEnough: boolean;
  readonly test: Test;
}

function taskGain(measured: EstimatedGain, own: TestedMember, { pair, margin, isEnough, test }: OfTask): TestedGain {
  const { gain, level: reference } = measured;
  const verdict = gain === null ? null : isEnough ? taskVerdict(gain, own, test.level) : 'undecided';
  return {
    ...testedGain(measured, own, pair),
    relativeGain: gain === null ? null : relativeGain(gain, reference ?? 0),
    margin,
    pEquivalent: own.pEquivalent,
    pNotInferior: isEnough ? own.pNotInferior : null,
    verdict,
  };
}

/** @param level 0: it has too few runs for a verdict. */
function testedAggregate(measured: EstimatedGain, tested: TestedMember, pair: Pair, level: number): Aggregate {
  const pHolm = level === 0 ? null : tested.pHolm;
  const verdict =
    pHolm === null || pHolm >= level ? 'undecided' : measured.gain !== null && measured.gain > 0 ? 'better' : 'worse';
  return { ...testedGain(measured, tested, pair), pHolm, verdict };
}

function testedGain(
  { model, reference, gain }: EstimatedGain,
  { se, interval, simultaneous, p, pHolm }: TestedMember,
  { design }: Pair,
) {
  const against = (run: number) =>
    design === 'independent' ? mean(reference.values) : (reference.values[run] ?? Number.NaN);
  const gains = model.runs.map(({ seed }, run) => ({ seed, gain: (model.values[run] ?? 0) - against(run) }));
  return { gain, gains: gain === null ? [] : gains, se, interval, simultaneous, p, pHolm };
}

function withoutVerdict(gain: TestedGain): TestedGain {
  return { ...gain, verdict: null };
}

function equivalenceMargin(metric: Metric, reference: number, chosen: Test['margins']): number | null {
  const margin = metric.name in chosen ? chosen[metric.name] : metric.margin;
  if (!margin) return null;
  return 'absolute' in margin ? margin.absolute : (Math.abs(reference) * margin.percent) / 100;
}
