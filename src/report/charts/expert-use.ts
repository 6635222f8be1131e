import { mean } from '../../comparison/statistics/moments.js';
import { shared } from '../../models/options.js';
import { groupedBy } from '../../support/grouped-by.js';
import { joined } from '../../support/joined.js';
import { counted } from '../../support/whole-number.js';
import type { GateUse } from '../../training/evaluation.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { listed } from '../numbers.js';
import type { ChartedModel, ChartedRuns } from './charted-runs.js';
import type { Drawing, Section } from './drawing.js';
import { choosing, type MeanGate, meanGates, orderedGates } from './gates.js';
import { cssColour } from './palette.js';
import { fontSize, layer, nameAxis, type PanelSpec, panelWidth, plot, tip } from './plot.js';
import { chartId, drawnPoints } from './points.js';
import { textWidth } from './text-width.js';

/**
 * Expert utilisation (after PLE Fig. 8). Each model with gates has a heat map of mean gate weights over the test rows
 * and all seeds. A second plot shows the distance between the tasks' gates.
 */
export function expertUse({ tasks, places }: ChartedRuns): readonly Section[] {
  const all = places.map(({ title, models }) => ({
    title,
    gated: models
      .map((model) => ({ ...model, runs: model.runs.filter(({ gates }) => gates.some(choosing)) }))
      .filter(({ runs }) => runs.length > 0),
  }));
  const { points, omission } = drawnPoints(all, all[0]?.gated.length ?? 0);
  const several = points.some(({ gated }) => gated.some(({ runs }) => runs.length > 1));
  const drawings = points.flatMap(({ title, gated }, at) => [
    ...gated.map((own, index) => heatMap(own, title, chartId('experts', at + 1, index + 1))),
    ...gateDistancePlot(tasks, gated, { title, id: chartId('gate-distance', at + 1), several }),
  ]);
  if (drawings.length === 0) return [];
  const note = [
    'A row is a gate, a column an expert. The number is the mean weight over the test rows; a stronger colour is more, on one scale for all models.',
    several
      ? 'Weights are means over all seeds. Under another seed the same number is another expert, so each run’s experts are sorted within their role by the weight ' +
        'that one gate gives them: own experts by their task’s gate, shared ones by the first task’s. Its row falls by construction; the other rows show whether their gates prefer the same experts.'
      : 'Experts are sorted within their role by the weight that one gate gives them: own experts by their task’s gate, shared ones by the first task’s.',
    ...omission,
  ];
  return [{ id: 'experts', title: 'Use of experts', note, size: 'medium', drawings }];
}

function heatMap({ label, model, runs }: ChartedModel, title: string, id: string): Drawing {
  const gates = meanGates(runs.map((run) => orderedGates(run.gates)));
  const levels = [...new Set(gates.map(({ level }) => level))];
  const nameWidth = Math.min(mostName, Math.max(...gates.map(({ gate }) => textWidth(gate, fontSize))));
  const parts = levels.map((level) => {
    const own = gates.filter((gate) => gate.level === level);
    const heading = { text: `level ${level}`, fontSize, fontWeight: 'normal' as const, color: cssColour('muted') };
    return { ...levelMap(own, { label, model, nameWidth }), ...(levels.length > 1 ? { title: heading } : {}) };
  });
  return {
    id,
    title: joined(', ', label, title),
    remarks: remarksOn(runs),
    panels: [{ spec: { vconcat: parts, spacing: 14 } }],
  };
}

const mostName = 130;

function levelMap(
  gates: readonly MeanGate[],
  { label, model, nameWidth }: Pick<ChartedModel, 'label' | 'model'> & { readonly nameWidth: number },
): PanelSpec {
  const experts = [...new Set(gates.flatMap((gate) => gate.experts.map(({ name }) => name)))].toSorted(
    (a, b) => Number(a.startsWith(`${shared} `)) - Number(b.startsWith(`${shared} `)),
  );
  const width = panelWidth.medium - 40 - nameWidth;
  const cell = width / experts.length;
  const cells = gates.flatMap(({ level, gate, experts: own }) =>
    own.map(({ name, weight, low, high, overRows }) => {
      const range = low < high ? [`seeds: ${low.toFixed(3)} to ${high.toFixed(3)}`] : [];
      const lines = [`${label}, level ${level}`, `gate ${gate} gives ${weight.toFixed(3)} to expert ${name}`, ...range];
      const about = tip(model, ...lines, `standard deviation over test rows: ${overRows.toFixed(3)}`);
      return { x: name, y: gate, fillOpacity: weight, tip: about };
    }),
  );
  const numbers = cells.map(({ x, y, fillOpacity: weight }) => {
    const colour = cssColour(weight > 0.5 ? 'page' : 'ink');
    return { x, y, text: cell < 17 ? '' : weight.toFixed(2).replace(/^0/, ''), colour };
  });
  const isSlanted = experts.some((name) => textWidth(name, fontSize) > cell * 0.95);
  const angle = isSlanted ? { labelAngle: -40, labelAlign: 'left' } : { labelAngle: 0 };
  const names = gates.map(({ gate }) => gate);
  return plot({
    width,
    height: { step: 26 },
    x: { ...nameAxis(experts, 110, { orient: 'top', ...angle }), scale: { paddingInner: 0.04, paddingOuter: 0 } },
    y: {
      ...nameAxis(names, mostName, { minExtent: nameWidth, labelPadding: 6 }),
      scale: { paddingInner: 0.06, paddingOuter: 0 },
    },
    layers: [
      layer('rect', cells, { color: cssColour('heat'), stroke: cssColour('rule'), strokeWidth: 0.6 }),
      layer('text', numbers, { fontSize: Math.max(7.5, Math.min(fontSize, cell / 2.6)), baseline: 'middle' }),
    ],
  });
}

const collapse = 0.95;

const unused = 0.01;

/**
 * Remarks on gates that give nearly all weight to one expert, on experts that no gate uses, and on gates with only one
 * expert.
 */
function remarksOn(runs: readonly FinishedRun[]): readonly string[] {
  const found = [
    ...runs.flatMap(({ gates, result: { seed } }) =>
      gates
        .filter((gate) => choosing(gate) && Math.max(...gate.mean) > collapse)
        .map(({ level, gate }) => {
          return { seed, how: 'Collapsed', what: `gate ${gate} of level ${level} gives more than 95 % to one expert` };
        }),
    ),
    ...runs.flatMap(({ gates, result: { seed } }) =>
      [...new Set(gates.filter(choosing).map(({ level }) => level))]
        .filter((level) => hasIdleExpert(gates, level))
        .map((level) => {
          return { seed, how: 'Hardly used', what: `an expert of level ${level}, below 1 % in every gate` };
        }),
    ),
  ];
  const where = (seeds: readonly number[]) => {
    if (runs.length === 1) return 'this run';
    if (seeds.length === runs.length) return `all ${runs.length} runs`;
    const which = seeds.length === 1 ? 'seed' : 'seeds';
    return `${seeds.length} of ${runs.length} runs (${which} ${listed(seeds.map(String))})`;
  };
  const single = runs[0]?.gates.filter((gate) => !choosing(gate)).length ?? 0;
  return [
    ...groupedBy(found, ({ what }) => what).map((alike) => {
      const [{ how, what }] = alike;
      return `${how} in ${where(alike.map(({ seed }) => seed))}: ${what}.`;
    }),
    ...(single === 0 ? [] : [`Left out: ${counted(single, 'gate')} over one expert.`]),
  ];
}

function hasIdleExpert(gates: readonly GateUse[], level: number): boolean {
  const seeing = gates.filter((gate) => gate.level === level && gate.mean.length === gate.experts.length);
  const names = [...new Set(seeing.flatMap(({ experts }) => experts))];
  return names.some((name) =>
    seeing.every(({ experts, mean }) => !experts.includes(name) || (mean[experts.indexOf(name)] ?? 1) < unused),
  );
}

/** The distance between the tasks' gates for each model and level: a dot per seed, a ring for the mean. */
function gateDistancePlot(
  tasks: readonly string[],
  gated: readonly ChartedModel[],
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
    distances.map(({ seed, mean: x, pairs }) => {
      const about = tip(model, `${name}, seed ${seed}: ${x.toFixed(3)}`, ...pairLines(pairs));
      return { x, y: name, colour, tip: about };
    }),
  );
  const means = rows.map(({ name, model, colour, distances }) => {
    const values = distances.map((distance) => distance.mean);
    const range =
      values.length > 1 ? [`seeds: ${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)}`] : [];
    const x = mean(values);
    return { x, y: name, stroke: colour, tip: tip(model, `${name}: ${x.toFixed(3)}`, ...range) };
  });
  const names = rows.map(({ name }) => name);
  const spec = plot({
    width: panelWidth.medium - 30 - nameWidth,
    height: { step: 24 },
    x: { title: 'total variation distance', domain: [0, 1], look: { tickCount: 5 } },
    y: nameAxis(names, 170, { grid: true }),
    layers: [
      layer('circle', seeds, { size: 18, opacity: 0.6 }),
      layer('point', means, { size: 80, strokeWidth: 2, opacity: 1, fill: cssColour('page') }),
    ],
  });
  const remark = [
    'The total variation distance between the mean weights that two tasks give to the experts which both see, scaled to a sum of 1:',
    '0 is the same mixture, 1 is no expert in common.',
    ...(several ? ['Small: a seed; ring: the mean.'] : []),
    ...(tasks.length > 2 ? ['Means over all pairs of tasks.'] : []),
  ].join(' ');
  const heading = joined(', ', 'Distance between the tasks’ gates', title);
  return [{ id, title: heading, remarks: [remark], panels: [{ spec }] }];
}

function pairLines(pairs: GateDistance['pairs']): readonly string[] {
  return pairs.length < 2 ? [] : pairs.map(({ tasks, distance }) => `${tasks.join(' and ')}: ${distance.toFixed(3)}`);
}

/** The distance between the gates of a level's tasks. */
interface GateDistance {
  readonly level: number;
  /** Mean over pairs of tasks. */
  readonly mean: number;
  readonly pairs: readonly { readonly tasks: readonly [string, string]; readonly distance: number }[];
}

/**
 * The total variation distance for each level and each pair of tasks with gates there: half the sum of |p - q|. Here p
 * and q are the tasks' mean weights of the experts that both see, each scaled to a sum of 1. The distance does not
 * depend on the numbering of experts. Pairs with fewer than two such experts, or without weight on them, are left out.
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
    return pairs.length === 0 ? [] : [{ level, pairs, mean: mean(pairs.map(({ distance }) => distance)) }];
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
