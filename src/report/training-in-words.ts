import type { Comparison, Doubling, TaskGain } from '../comparison/comparison.js';
import type { GainRow } from './gain-table.js';
import { count, dash, fixed, listed, percent, rounded, signed } from './numbers.js';
import type { Point } from './points.js';
import { metricName, type PointTask } from './task-gains.js';

/** How long models were trained, and what more rows would bring. Empty where each trained until its own end. */
export function trainingInWords({ baseline }: Comparison, { doubling, tasks }: Point): readonly string[] {
  if (!doubling) return [];
  const effects = Object.entries(doubling.tasks).map(([task, { metric, gain, relativeGain, learnt }]) => {
    if (gain === null) return `an unknown effect on ${task}`;
    const { percent: ofErrors } = tasks.find(({ name }) => name === task) ?? {};
    const size = ofErrors == null ? `${rounded(gain)} ${metricName(metric)}` : percent(relativeGain);
    return `${size} on ${task}${learnt === null ? '' : ` (${percent(learnt)} of what it has learnt)`}`;
  });
  return [
    `Models were trained for ${passesInWords(doubling)}. Twice the ${doubledIn(doubling)} brought ${baseline} ${listed(effects)}.`,
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
export function limitedInWords({ baseline }: Comparison, { doubling }: Point): string {
  const limited = Object.entries(doubling?.tasks ?? {}).flatMap(([task, { isLimited }]) => (isLimited ? [task] : []));
  if (!doubling || limited.length === 0) return '';
  return (
    `After ${passesInWords(doubling)} the models are still limited by steps: twice the ${doubledIn(doubling)} brought ${baseline} ` +
    `more than 10 % of what it has learnt on ${listed(limited)}. No gain has a verdict. Train on more ${doubledIn(doubling)}, or at a higher rate.`
  );
}

/** `×1.6`; beyond two doublings, which are extrapolated, `>×4` or `<×0.25`. */
export function multiplierText({ multiplier }: Pick<TaskGain, 'multiplier'>): string {
  if (!multiplier) return dash;
  const { value } = multiplier;
  return value > 4 ? '>×4' : value < 0.25 ? '<×0.25' : `×${fixed(value, value < 1 ? 2 : 1)}`;
}

/** A gain at one epoch for all tasks: of an error in percent, of any other metric in its own unit. Empty without one. */
export function oneEpochSize(gain: TaskGain['oneEpoch'], { percent: ofErrors, digits }: PointTask): string {
  if (gain === null || gain.gain === null) return '';
  return ofErrors === null ? signed(gain.gain, digits) : percent(gain.relativeGain);
}

/** The same of each task: `-94.3, +27.1 %`. Of the baseline, what one epoch costs. */
export function oneEpochText({ cells }: GainRow): string {
  const texts = cells.map(({ own, task }) => oneEpochSize(own.oneEpoch, task) || dash);
  return texts.every((text) => text === dash) ? '' : texts.join(', ').replaceAll(' %,', ',');
}
