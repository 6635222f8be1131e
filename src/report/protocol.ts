import type { Comparison, Doubling } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { counted } from '../support/whole-number.js';
import type { GainTable } from './gain-table.js';
import { count, listed, percent, rounded, short } from './numbers.js';
import { type Point, weightedTask } from './points.js';
import { say, sentences } from './sentences.js';
import { metricName } from './task-gains.js';

/** How the numbers at a point were made, where it is not as usual. */
export function protocol(comparison: Comparison, point: Point): readonly string[] {
  return sentences(commonSizes(point.models), training(comparison, point), searches(comparison, point), fronts(point));
}

/** Where all networks are of one size, a line in place of a column. */
export function commonSizes({ rows }: GainTable): string {
  const sizes = rows.flatMap(({ model }) => model.parameters ?? []);
  const ends = (of: 'network' | 'embedding') =>
    [Math.min, Math.max].map((end) => end(...sizes.map((size) => size[of])));
  const range = (of: 'network' | 'embedding') => [...new Set(ends(of).map(short))].join(' to ');
  const [least = 0, most = 0] = ends('network');
  if (sizes.length < 2 || most >= 1.05 * least) return '';
  const matches = rows.flatMap(({ model: { match, matchByTask = {} } }) => match ?? Object.values(matchByTask));
  const [target, ...others] = new Set(matches.map(({ network, embedding = 0, miss }) => network + embedding - miss));
  const whose = rows.find(({ model, reference }) => reference === null && model.parameters?.network === target);
  const embeddings = range('embedding');
  return joined(
    ' ',
    say('sizes', { parameters: range('network') }),
    target === undefined || others.length > 0
      ? ''
      : say('matched', { target: whose ? `${whose.model.label}'s ${count(target)}` : count(target) }),
    embeddings === '0' ? '' : say('embeddings', { parameters: embeddings }),
  );
}

/** How long models were trained, and what more rows would bring. Empty where each trained until its own end. */
function training({ baseline }: Comparison, { doubling, tasks }: Point): string {
  if (!doubling) return '';
  const effects = Object.entries(doubling.tasks).map(([name, { metric, gain, relativeGain, learnt }]) => {
    if (gain === null) return `an unknown effect on ${name}`;
    const isError = tasks.some((task) => task.name === name && task.percent !== null);
    const size = isError ? percent(relativeGain) : `${rounded(gain)} ${metricName(metric)}`;
    return `${size} on ${name}${learnt === null ? '' : ` (${percent(learnt)} of what it has learnt)`}`;
  });
  return say('trained', { ...doubled(doubling), baseline, effects: listed(effects) });
}

/** Why no gain at a point has a verdict. Empty if training was long enough. */
export function limitedBySteps({ baseline }: Comparison, { doubling }: Point): string {
  if (!doubling) return '';
  const tasks = Object.entries(doubling.tasks).flatMap(([task, { isLimited }]) => (isLimited ? [task] : []));
  return say('limitedBySteps', { ...doubled(doubling), baseline, tasks: listed(tasks) });
}

/** What half of the steps had half of: after several passes the rows are the same. */
function doubled({ rows, passes }: Doubling) {
  return {
    rows: count(rows),
    passes: passes === 1 ? 'one pass' : `${rounded(passes)} passes`,
    what: passes > 1 ? 'passes' : 'rows',
  };
}

function searches({ search }: Comparison, { searches: all }: Point): string {
  const sizes = all.map(({ candidates }) => candidates.length);
  const runs = sizes.reduce((sum, size) => sum + size, 0) * (search?.seeds.length ?? 0);
  return say('searched', {
    sizes: all.length === 0 ? '' : [...new Set([Math.min(...sizes), Math.max(...sizes)])].join(' to '),
    searches: counted(all.length, 'search', 'searches'),
    runs: counted(runs, 'run'),
  });
}

function fronts({ fronts: [first] }: Point): string {
  if (!first) return '';
  return say('fronts', {
    weights: listed(first.points.map(({ value }) => rounded(value))),
    task: weightedTask(first),
  });
}
