import type { Comparison, ComparisonRow, Verdict } from '../comparison/comparison.js';
import { fixed, listed, signed } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask, pointsOf } from './points.js';

/** What the table at one point of the axes says, in words. Plain text. */
export interface PointVerdict {
  readonly title: string;
  /** One sentence: who wins, the single-task model included. */
  readonly headline: string;
  /** How many models there are of each verdict; empty where the headline says it. */
  readonly tally: string;
  /** A sentence per model but the baseline. */
  readonly models: readonly { readonly label: string; readonly verdict: Verdict | null; readonly sentence: string }[];
}

export function verdictsInWords(comparison: Comparison): readonly PointVerdict[] {
  return pointsOf(comparison).map((point) => {
    const compared = point.rows.filter(({ label }) => label !== comparison.baseline);
    return {
      title: point.title,
      headline: headline(comparison, point, compared),
      tally: tally(compared),
      models: compared.map((row) => ({
        label: row.label,
        verdict: row.verdict,
        sentence: sentence(comparison, point, row),
      })),
    };
  });
}

function headline({ baseline }: Comparison, { tasks }: Point, rows: readonly ComparisonRow[]): string {
  const of = (verdict: Verdict | null) =>
    rows.filter((row) => row.verdict === verdict).map(({ label }) => quoted(label));
  const model = of(null).length === 0 ? 'model' : 'model with a verdict';
  const all = of('better on all');
  if (all.length > 0) return `${listed(all)} ${are(all)} better than ${baseline} on ${everyTask(tasks)}.`;
  const some = of('better on some');
  if (some.length > 0)
    return `${listed(some)} ${are(some)} better than ${baseline} ${tasks.length === 2 ? 'on one task and not worse on the other' : 'on some tasks and worse on none'}; no ${model} is better on ${everyTask(tasks)}.`;
  const seesaw = of('seesaw');
  if (seesaw.length > 0)
    return `No ${model} is better than ${baseline} without being worse on another task: ${listed(seesaw)} ${seesaw.length === 1 ? 'shows' : 'show'} a seesaw.`;
  const [worse, unseen] = [of('worse'), of('no difference seen')];
  if (unseen.length + worse.length === 0) return 'No verdict.';
  if (worse.length === 0) {
    const others = unseen.length > 3 ? `any of the ${unseen.length} other models` : listed(unseen, 'or');
    return `No difference seen between ${baseline} and ${unseen.length < rows.length ? listed(unseen, 'or') : others}.`;
  }
  return `No ${model} is better than ${baseline} on any task; ${listed(worse)} ${are(worse)} worse.`;
}

const tallied: readonly (readonly [Verdict | null, (models: number) => string])[] = [
  ['better on all', (models) => `${models} ${be(models)} better on all tasks`],
  ['better on some', (models) => `${models} ${be(models)} better on some and worse on none`],
  ['seesaw', (models) => `${models} ${models === 1 ? 'shows' : 'show'} a seesaw`],
  ['worse', (models) => `${models} ${be(models)} worse on some and better on none`],
  ['no difference seen', (models) => `for ${models} no difference was seen`],
  [null, (models) => `for ${models} there is no verdict`],
];

function tally(rows: readonly ComparisonRow[]): string {
  const parts = tallied.flatMap(([verdict, words]) => {
    const models = rows.filter((row) => row.verdict === verdict).length;
    return models === 0 ? [] : [words(models)];
  });
  return parts.length < 2 ? '' : `Of ${rows.length} models compared, ${listed(parts)}.`;
}

function sentence({ baseline, seeds }: Comparison, { tasks }: Point, row: ComparisonRow): string {
  const { verdict } = row;
  const label = quoted(row.label);
  const gains = tasks.map((task) => ({ task, ...gainOf(row, task) }));
  if (gains.every(({ gain }) => gain === null))
    return `${label} has no gain: it has no finished run beside one of ${baseline}.`;
  const having = (wanted: string) => gains.filter((gain) => gain.verdict === wanted);
  const by = ({ task, gain }: (typeof gains)[number]) =>
    `${task.name} by ${fixed(Math.abs(gain ?? 0), task.digits)} ${metricName(task.metric)}`;
  const [better, worse, unseen] = [having('better').map(by), having('worse').map(by), having('no difference seen')];
  const rest = unseen.length === 0 ? '.' : `; no difference seen on ${listed(unseen.map(({ task }) => task.name))}.`;
  switch (verdict) {
    case 'better on all':
      return `${label} is better than ${baseline} on ${everyTask(tasks)}: ${listed(better)}.`;
    case 'better on some':
      return `${label} is better than ${baseline} on ${listed(better)}${rest}`;
    case 'seesaw':
      return `${label} shows a seesaw: better than ${baseline} on ${listed(better)}, worse on ${listed(worse)}${rest}`;
    case 'worse':
      return `${label} is worse than ${baseline} on ${listed(worse)}${rest}`;
    case 'no difference seen': {
      const detectable = gains.flatMap(({ task, detectable: gain }) =>
        gain === null ? [] : [`${fixed(gain, task.digits)} ${metricName(task.metric)} on ${task.name}`],
      );
      const shown = `: with ${seeds.length} seeds, and tested alone, a gain of ${listed(detectable, 'or')} would have been seen (80 % power).`;
      const alone = gains.filter(({ p }) => p !== null && p < 0.05).map(({ task }) => task.name);
      const corrected = ` Alone, the ${alone.length === 1 ? 'gain' : 'gains'} on ${listed(alone)} ${alone.length === 1 ? 'has' : 'have'} p < .05, but not after Holm's correction.`;
      return `No difference seen between ${label} and ${baseline}${detectable.length === 0 ? '.' : shown}${alone.length === 0 ? '' : corrected}`;
    }
    case null: {
      const plain = gains.map(
        ({ task, gain }) => `${signed(gain, task.digits)} in ${metricName(task.metric)} on ${task.name}`,
      );
      return `${label} against ${baseline}: ${plain.length === 1 ? 'a gain' : 'gains'} of ${listed(plain)} (above 0 is better); no verdict.`;
    }
  }
}

function everyTask(tasks: readonly PointTask[]): string {
  if (tasks.length === 1) return tasks.map(({ name }) => name).join();
  return tasks.length === 2 ? 'both tasks' : `all ${tasks.length} tasks`;
}

/** A label that a sentence would mix up with its own words stands in quotation marks. */
function quoted(label: string): string {
  return /[,;.:]\s|\s(and|or|is|on)\s/.test(label) ? `“${label}”` : label;
}

function are(labels: readonly string[]): string {
  return be(labels.length);
}

function be(count: number): string {
  return count === 1 ? 'is' : 'are';
}
