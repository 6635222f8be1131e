import type { Comparison } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { counted } from '../support/whole-number.js';
import type { GainTable } from './gain-table.js';
import { count, listed, rounded, short } from './numbers.js';
import { type Point, weightedTask } from './points.js';
import { say, sentences } from './sentences.js';

/** How the numbers at a point were made, where it is not as usual. */
export function protocol(comparison: Comparison, point: Point): readonly string[] {
  return sentences(commonSizes(point.models), training(point), searches(comparison, point), fronts(point));
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

/** Empty where each model trained until its own end. */
function training({ trained }: Point): string {
  if (!trained) return '';
  const { rows, passes } = trained;
  return say('trained', { rows: count(rows), passes: passes === 1 ? 'one pass' : `${rounded(passes)} passes` });
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
