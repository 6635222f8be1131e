import type { Margin } from '../../config/parts.js';
import { must } from '../../support/must.js';
import type { Aggregate, TestedGain, Verdict } from '../comparison.js';
import { type TestedMember, testFamily } from '../statistics/gain-family.js';
import { mean } from '../statistics/moments.js';
import { fewestRuns, isUnfinished, rowVerdict, taskVerdict } from '../statistics/verdict.js';
import { type EstimatedGain, type Judging, type Pair, relativeGain, runCount } from './gains.js';
import { type JudgedTask, lateRuns } from './measured.js';

/** The gains of one model: on each task, and over all tasks. */
export interface TestedPair {
  readonly pair: Pair;
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
  const members = pairs.map((pair) => ({
    pair,
    tasks: pair.tasks.map((gain, task) => ({
      ...gain,
      margin: equivalenceMargin(gain, test.tasks[task], test.margins),
    })),
    mean: { ...pair.mean, margin: null },
  }));
  const tested = new Map([
    ...testedMembers(
      members.flatMap(({ tasks }) => tasks),
      test.level,
    ),
    ...testedMembers(
      members.map(({ mean }) => mean),
      test.level,
    ),
  ]);
  return members.map(({ pair, tasks, mean }) => {
    const found = tasks.map((gain, task) => taskGain(gain, task, must(tested.get(gain), 'tested gain'), pair, test));
    const aggregate = mean.gain === null ? null : meanGain(mean, must(tested.get(mean), 'tested mean'), pair, test);
    if (pair.model === pair.reference)
      return { pair, tasks: found.map((gain) => ({ ...gain, verdict: null })), aggregate: null, verdict: 'baseline' };
    if (test.tasks.some((_, task) => isLate(pair, task)))
      return { pair, tasks: found, aggregate: aggregate && { ...aggregate, verdict: unfinished }, verdict: unfinished };
    return { pair, tasks: found, aggregate, verdict: rowVerdict(found.map(({ verdict }) => verdict)) };
  });
}

const unfinished = 'not trained to a plateau';

type Member = EstimatedGain & { readonly margin: number | null };

/** Tests one family. */
function testedMembers(family: readonly Member[], level: number): readonly (readonly [Member, TestedMember])[] {
  const tested = testFamily(family, level);
  return family.map((member, index) => [member, must(tested[index], 'tested gain')]);
}

/** Whether training had not ended on the task, of the model or of the reference. */
function isLate({ model, reference }: Pair, task: number): boolean {
  return [model, reference].some((one) => one && isUnfinished(lateRuns(one, task), one.runs.length));
}

function hasEnoughRuns(pair: Pair, gain: EstimatedGain, { uncertainty }: Test): boolean {
  return uncertainty === 'rows' || runCount(pair, gain) >= fewestRuns;
}

function taskGain(measured: Member, task: number, own: TestedMember, pair: Pair, test: Test): TestedGain {
  const { gain, level: reference, margin } = measured;
  const isEnough = hasEnoughRuns(pair, measured, test);
  const verdict = () => {
    if (gain === null) return null;
    if (isLate(pair, task)) return unfinished;
    return isEnough ? taskVerdict(gain, own, test.level) : 'undecided';
  };
  return {
    ...testedGain(measured, own, pair),
    relativeGain: gain === null ? null : relativeGain(gain, reference ?? 0),
    margin,
    pEquivalent: own.pEquivalent,
    pNotInferior: isEnough ? own.pNotInferior : null,
    verdict: verdict(),
  };
}

function meanGain(measured: Member, own: TestedMember, pair: Pair, test: Test): Aggregate {
  const pHolm = hasEnoughRuns(pair, measured, test) ? own.pHolm : null;
  const isDecided = pHolm !== null && pHolm < test.level;
  const verdict = isDecided ? ((measured.gain ?? 0) > 0 ? 'better' : 'worse') : 'undecided';
  return { ...testedGain(measured, own, pair), pHolm, verdict };
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

/** Null: no margin, or nothing to take a share of. */
function equivalenceMargin(
  { level }: EstimatedGain,
  task: JudgedTask | undefined,
  chosen: Test['margins'],
): number | null {
  if (!task || level === null) return null;
  const { name, margin: usual } = task.metric;
  const margin = name in chosen ? chosen[name] : usual;
  if (!margin) return null;
  return 'absolute' in margin ? margin.absolute : (Math.abs(level) * margin.percent) / 100;
}
