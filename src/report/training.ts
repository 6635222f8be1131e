import type { Comparison, Doubling, TaskGain } from '../comparison/comparison.js';
import { pointKey } from '../comparison/plan/axis-point.js';
import type { GainRow, PointTables } from './gain-table.js';
import { count, dash, fixed, listed, percent, rounded } from './numbers.js';
import { metricName, type Point } from './points.js';

/** What doubling the rows brought at a point, where models keep their last epoch. */
function doublingAt({ doublings = [] }: Comparison, { axis }: Pick<Point, 'axis'>): Doubling | undefined {
  return doublings.find((doubling) => pointKey(doubling.axis) === pointKey(axis));
}

/** How long models were trained, and what more rows would bring. Empty where each trained until its own end. */
export function trainingInWords(comparison: Comparison, { point }: PointTables): readonly string[] {
  const doubling = doublingAt(comparison, point);
  if (!doubling) return [];
  const effects = Object.entries(doubling.tasks).map(([task, { metric, gain, relativeGain, learnt }]) => {
    if (gain === null) return `an unknown effect on ${task}`;
    const { percent: ofErrors } = point.tasks.find(({ name }) => name === task) ?? {};
    const size = ofErrors == null ? `${rounded(gain)} ${metricName(metric)}` : percent(relativeGain);
    return `${size} on ${task}${learnt === null ? '' : ` (${percent(learnt)} of what it has learnt)`}`;
  });
  return [
    `Models were trained for ${passesInWords(doubling)}. Twice the ${doubledIn(doubling)} brought ${comparison.baseline} ${listed(effects)}.`,
  ];
}

/** `one pass over 1,400,000 rows` */
function passesInWords({ rows, passes }: Doubling): string {
  return `${passes === 1 ? 'one pass' : `${rounded(passes)} passes`} over ${count(rows)} rows`;
}

/** What half of the steps had half of: after several passes the rows are the same. */
function doubledIn({ passes }: Doubling): string {
  return passes > 1 ? 'passes' : 'rows';
}

/** Why no gain at a point has a verdict. Empty if training was long enough. */
export function limitedInWords(comparison: Comparison, point: Point): string {
  const doubling = doublingAt(comparison, point);
  const limited = Object.entries(doubling?.tasks ?? {}).flatMap(([task, { isLimited }]) => (isLimited ? [task] : []));
  if (!doubling || limited.length === 0) return '';
  return (
    `After ${passesInWords(doubling)} the models are still limited by steps: twice the ${doubledIn(doubling)} brought ${comparison.baseline} ` +
    `more than 10 % of what it has learnt on ${listed(limited)}. No gain has a verdict. Train on more ${doubledIn(doubling)}, or at a higher rate.`
  );
}

/** `×1.6`; beyond two doublings, which are extrapolated, `>×4` or `<×0.25`. */
export function multiplierText({ multiplier }: Pick<TaskGain, 'multiplier'>): string {
  if (!multiplier) return dash;
  const { value } = multiplier;
  return value > 4 ? '>×4' : value < 0.25 ? '<×0.25' : `×${fixed(value, value < 1 ? 2 : 1)}`;
}

/** Of each task, the gain at one epoch for all: `-94.3, +27.1 %`. Of the baseline, what one epoch costs. */
export function oneEpochText({ cells }: GainRow): string {
  const texts = cells.map(({ own, task }) => {
    if (own.oneEpoch === null || own.oneEpoch.gain === null) return dash;
    return task.percent === null ? fixed(own.oneEpoch.gain, task.digits) : percent(own.oneEpoch.relativeGain);
  });
  return texts.every((text) => text === dash) ? '' : texts.join(', ').replaceAll(' %,', ',');
}
