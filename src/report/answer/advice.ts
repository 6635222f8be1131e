import type { Comparison, TestedGain } from '../../comparison/comparison.js';
import { joined } from '../../support/joined.js';
import { count, rounded } from '../numbers.js';
import type { Point } from '../points.js';
import { say } from '../sentences.js';
import { metricName } from '../task-gains.js';
import { margin, withVerdict } from './findings.js';

/** Nobody collects more times the data that there are. */
const mostTimes = 20;

/**
 * What would decide the undecided gains at a point: more seeds, more test rows, both, or neither; or that their effect,
 * if any, is below the margin. Each gain counts once, with seeds before rows. Empty if all is decided.
 */
export function whatDecides({ uncertainty, test }: Comparison, { models, contrasts }: Point): string {
  const undecided = [...models.rows, ...(contrasts?.rows ?? [])]
    .flatMap(({ cells }) => cells.map(({ gain }) => gain))
    .filter(({ verdict }) => verdict === 'undecided');
  if (undecided.length === 0) return '';
  const tested = undecided.filter(({ pHolm }) => pHolm !== null);
  if (tested.length === 0) return undecided.every(({ gains }) => gains.length === 1) ? say('oneSeed') : say('noTest');
  const group = (kind: ReturnType<typeof whatIsMissing>) => {
    const gains = tested.filter((gain) => whatIsMissing(gain) === kind);
    const most = (of: 'seedsToDecide' | 'rowsToDecide' | 'timesToDecide') =>
      Math.max(0, ...gains.map((gain) => gain[of] ?? 0));
    return { most, gains: gains.length === 0 ? '' : String(gains.length) };
  };
  const [seeds, rows, both, beyond] = [group('seeds'), group('rows'), group('both'), group('beyond')];
  const what = uncertainty === 'rows' ? 'test rows' : test.drawn === null ? 'seeds' : 'seeds and test rows';
  const parts = [
    say('needsSeeds', { gains: seeds.gains, count: count(seeds.most('seedsToDecide')) }),
    say('needsRows', { gains: rows.gains, count: count(roundedUp(rows.most('rowsToDecide'))) }),
    say('needsBoth', { gains: both.gains, count: count(both.most('timesToDecide')) }),
    say('needsOtherData', { gains: beyond.gains, count: count(beyond.most('timesToDecide')) }),
    say('needsMore', { gains: group('never').gains, what }),
    say('belowMargin', { gains: group('below margin').gains }),
  ];
  return say('needs', { parts: joined('; ', ...parts) });
}

/** What a gain lacks to be decided. */
function whatIsMissing(gain: TestedGain) {
  const { seedsToDecide, rowsToDecide, timesToDecide } = gain;
  if (isBelowMargin(gain)) return 'below margin';
  if (seedsToDecide !== null) return 'seeds';
  if (rowsToDecide !== null) return 'rows';
  if (timesToDecide === null) return 'never';
  return timesToDecide > mostTimes ? 'beyond' : 'both';
}

function isBelowMargin({ interval, margin }: TestedGain): boolean {
  return interval !== null && margin !== null && -margin < interval[0] && interval[1] < margin;
}

/** To two significant digits. */
function roundedUp(rows: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(rows)) - 1);
  return unit * Math.ceil(rows / unit);
}

/** Nobody trains more seeds for one answer. */
const mostSeeds = 20;

/**
 * What to do first about undecided gains. If few seeds would decide all, or all effects are below the margin, that.
 * Else what makes most of the error on the task whose spread is largest for its margin: the seeds, or the test rows.
 */
export function whatToDo(comparison: Comparison, point: Point): string {
  const { models, tasks } = point;
  const open = models.rows.flatMap((row) => withVerdict(row, 'undecided'));
  const base = models.rows.find(({ reference }) => reference === null);
  const spreads = tasks.flatMap((task, index) => {
    const cells = open.filter((cell) => cell.task === task);
    const [first] = cells;
    if (!first?.gain.margin) return [];
    const deviation = base?.cells[index]?.own.sd ?? 0;
    const bySeeds = cells.filter(({ gain: { se, gains }, own }) => {
      return se !== null && (deviation ** 2 + (own.sd ?? 0) ** 2) / gains.length > se ** 2 / 2;
    });
    const isBySeeds = 2 * bySeeds.length >= cells.length;
    return [{ first, deviation, isBySeeds, size: deviation / first.gain.margin }];
  });
  const [most] = spreads.toSorted((a, b) => b.size - a.size);
  const isEasy = open.every(({ gain }) => isBelowMargin(gain) || (gain.seedsToDecide ?? mostSeeds + 1) <= mostSeeds);
  if (isEasy || !most) return whatDecides(comparison, point);
  const { first, deviation, isBySeeds } = most;
  const given = { task: first.task.name, margin: margin(first) };
  const spread = `${rounded(deviation)} ${metricName(first.task.metric)}`;
  return isBySeeds
    ? say('seedsVary', { ...given, baseline: comparison.baseline, deviation: spread })
    : say('rowsVary', given);
}
