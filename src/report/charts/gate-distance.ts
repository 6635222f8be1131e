import type { GateUse } from '../../training/evaluation.js';
import { type Datum, type Drawing, description, fontSize, panelWidth, tip } from './drawing.js';
import { choosing, type Gated, meanOf } from './gates.js';
import { cssColour } from './palette.js';
import { textWidth } from './text-width.js';

/** How far the tasks' gates of each model and level are from each other: a dot per seed, a ring for their mean. */
export function gateDistancePlot(
  tasks: readonly string[],
  gated: readonly Gated[],
  { title, id, several }: { readonly title: string; readonly id: string; readonly several: boolean },
): readonly Drawing[] {
  const rows = gated.flatMap(({ runs, ...own }) => {
    const found = runs.flatMap((run) =>
      gateDistances(run.gates, tasks).map((distance) => ({ ...distance, seed: run.result.seed })),
    );
    const levels = [...new Set(found.map(({ level }) => level))].toSorted((a, b) => a - b);
    return levels.map((level) => ({
      ...own,
      name: levels.length > 1 || level > 1 ? `${own.label}, level ${level}` : own.label,
      distances: found.filter((distance) => distance.level === level),
    }));
  });
  if (rows.length === 0) return [];
  const nameWidth = Math.min(170, Math.max(...rows.map(({ name }) => textWidth(name, fontSize))));
  const seeds = rows.flatMap(({ name, model, colour, distances }) =>
    distances.map(
      ({ seed, mean, pairs }): Datum => ({
        name,
        colour,
        seed,
        of: mean,
        tip: tip(model, `${name}, seed ${seed}: ${mean.toFixed(3)}`, ...pairLines(pairs)),
      }),
    ),
  );
  const means = rows.map(({ name, model, colour, distances }): Datum => {
    const values = distances.map(({ mean }) => mean);
    const distance = meanOf(values);
    const range =
      values.length > 1 ? [`seeds: ${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)}`] : [];
    return { name, colour, distance, tip: tip(model, `${name}: ${distance.toFixed(3)}`, ...range) };
  });
  const x = {
    field: 'distance',
    type: 'quantitative' as const,
    scale: { domain: [0, 1], nice: false },
    axis: { title: 'total variation distance', tickCount: 5 },
  };
  const y = {
    field: 'name',
    type: 'nominal' as const,
    scale: { domain: rows.map(({ name }) => name) },
    axis: { title: null, labelLimit: 170, ticks: false, domain: false, labelPadding: 8, grid: true },
  };
  const colour = { field: 'colour', type: 'nominal' as const, scale: null };
  return [
    {
      id,
      title: ['Distance between the tasks’ gates', title].filter((text) => text !== '').join(', '),
      remarks: [
        'The total variation distance between the mean weights that two tasks give to the experts which both see, scaled to a sum of 1: ' +
          `0 is the same mixture, 1 is no expert in common.${several ? ' Small: a seed; ring: the mean.' : ''}${tasks.length > 2 ? ' Means over all pairs of tasks.' : ''}`,
      ],
      panels: [
        {
          title: '',
          spec: {
            width: panelWidth.medium - 30 - nameWidth,
            height: { step: 24 },
            layer: [
              {
                data: { values: seeds },
                mark: { type: 'circle', size: 18, opacity: 0.6 },
                encoding: { x: { ...x, field: 'of' }, y, color: colour, ...description },
              },
              {
                data: { values: means },
                mark: { type: 'point', size: 80, strokeWidth: 2, opacity: 1, fill: cssColour('page') },
                encoding: { x, y, stroke: colour, ...description },
              },
            ],
          },
        },
      ],
      key: [],
      columns: 1,
    },
  ];
}

function pairLines(pairs: GateDistance['pairs']): readonly string[] {
  return pairs.length < 2 ? [] : pairs.map(({ tasks, distance }) => `${tasks.join(' and ')}: ${distance.toFixed(3)}`);
}

/** How far the gates of a level's tasks are apart. */
export interface GateDistance {
  readonly level: number;
  /** Over pairs of tasks. */
  readonly mean: number;
  readonly pairs: readonly { readonly tasks: readonly [string, string]; readonly distance: number }[];
}

/**
 * At each level and for each pair of tasks with gates there: the total variation distance, half the sum of |p - q|, between the tasks' mean
 * weights of the experts that both see, each scaled to a sum of 1. Whatever the experts' numbers, it is the same. Pairs with fewer than two such
 * experts, or without weight on them, have none.
 */
export function gateDistances(gates: readonly GateUse[], tasks: readonly string[]): readonly GateDistance[] {
  const levels = [...new Set(gates.map(({ level }) => level))];
  return levels.flatMap((level) => {
    const own = tasks.flatMap(
      (task) => gates.find((use) => use.level === level && use.gate === task && choosing(use)) ?? [],
    );
    const pairs = own.flatMap((one, index) =>
      own.slice(index + 1).flatMap((other) => {
        const distance = distanceOf(one, other);
        return distance === null ? [] : [{ tasks: [one.gate, other.gate] as const, distance }];
      }),
    );
    return pairs.length === 0 ? [] : [{ level, pairs, mean: meanOf(pairs.map(({ distance }) => distance)) }];
  });
}

function distanceOf(one: GateUse, other: GateUse): number | null {
  const common = one.experts.filter((expert) => other.experts.includes(expert));
  const [p, q] = [one, other].map(({ experts, mean }) => common.map((expert) => mean[experts.indexOf(expert)] ?? 0));
  if (!p || !q || common.length < 2) return null;
  const [sumP, sumQ] = [p, q].map((weights) => weights.reduce((sum, weight) => sum + weight, 0));
  if (!sumP || !sumQ) return null;
  return p.reduce((sum, weight, index) => sum + Math.abs(weight / sumP - (q[index] ?? 0) / sumQ), 0) / 2;
}
