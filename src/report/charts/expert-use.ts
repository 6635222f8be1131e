import { shared } from '../../models/options.js';
import { groupedBy } from '../../support/grouped-by.js';
import { joined } from '../../support/joined.js';
import type { GateUse } from '../../training/evaluation.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { listed } from '../numbers.js';
import type { Chart, ChartSection } from './chart.js';
import type { ChartedModel, ChartedRuns } from './charted-runs.js';
import { chartId, drawnPoints } from './drawn-points.js';
import { layer, type Plot, panelWidth } from './plot.js';
import { fontSize, textWidth } from './text-width.js';

/**
 * Expert utilisation (after PLE Fig. 8): of each model with gates a heat map of mean gate weights over the test rows,
 * under its first seed.
 */
export function expertUse({ places }: ChartedRuns): readonly ChartSection[] {
  const all = places.map(({ title, models }) => ({
    title,
    gated: models
      .map((model) => ({ ...model, runs: model.runs.filter(({ gates }) => gates.some(choosing)) }))
      .filter(({ runs }) => runs.length > 0),
  }));
  const { points, omission } = drawnPoints(all, all[0]?.gated.length ?? 0);
  const charts = points.flatMap(({ title, gated }, at) =>
    gated.map((own, index) => heatMap(own, title, chartId('experts', at + 1, index + 1))),
  );
  if (charts.length === 0) return [];
  const note = [
    'A row is a gate, a column an expert. The number is the mean weight over the test rows; a stronger colour is more, on one scale for all models.',
    ...(points.some(({ gated }) => gated.some(({ runs }) => runs.length > 1))
      ? ['Of several seeds, the first is drawn: under another seed the same number is another expert.']
      : []),
    ...omission,
  ];
  return [{ id: 'experts', title: 'Use of experts', note, size: 'medium', charts }];
}

/** Whether a gate has a choice. A gate over one expert has none. */
function choosing({ experts, mean }: GateUse): boolean {
  return experts.length > 1 && mean.length === experts.length;
}

function heatMap({ label, model, runs }: ChartedModel, title: string, id: string): Chart {
  const gates = runs[0]?.gates.filter(choosing) ?? [];
  const levels = [...new Set(gates.map(({ level }) => level))];
  const nameWidth = Math.min(mostName, Math.max(...gates.map(({ gate }) => textWidth(gate, fontSize))));
  const plots = levels.map((level) => {
    const own = gates.filter((gate) => gate.level === level);
    return { ...levelMap(own, label, model, nameWidth), ...(levels.length > 1 ? { title: `level ${level}` } : {}) };
  });
  return { id, title: joined(', ', label, title), remarks: remarksOn(runs), panels: [{ plots }] };
}

const mostName = 130;

function levelMap(gates: readonly GateUse[], label: string, model: number, nameWidth: number): Plot {
  const experts = [...new Set(gates.flatMap((gate) => gate.experts))].toSorted(
    (a, b) => Number(a.startsWith(`${shared}/`)) - Number(b.startsWith(`${shared}/`)),
  );
  const width = panelWidth.medium - 40 - nameWidth;
  const cell = width / experts.length;
  const cells = gates.flatMap(({ level, gate, experts: own, mean }) =>
    own.map((name, index) => {
      const weight = mean[index] ?? 0;
      const tip = [`${label}, level ${level}`, `gate ${gate} gives ${weight.toFixed(3)} to expert ${name}`];
      return { x: name, y: gate, opacity: weight, model, tip };
    }),
  );
  const numbers = cells.map(({ x, y, opacity: weight }) => {
    const text = cell < 17 ? '' : weight.toFixed(2).replace(/^0/, '');
    return { x, y, text, model, colour: weight > 0.5 ? ('page' as const) : ('ink' as const) };
  });
  return {
    width,
    height: 26 * gates.length,
    x: { names: experts, limit: 110, gap: 0.04, isOnTop: true },
    y: { names: gates.map(({ gate }) => gate), limit: mostName, gap: 0.06 },
    layers: [
      layer('area', cells, { colour: 'heat', stroke: 'rule', width: 0.6 }),
      layer('text', numbers, { fontSize: Math.max(7.5, Math.min(fontSize, cell / 2.6)) }),
    ],
  };
}

const collapse = 0.95;

const unused = 0.01;

/** Remarks on gates that give nearly all weight to one expert, and on experts that no gate uses. */
function remarksOn(runs: readonly FinishedRun[]): readonly string[] {
  const found = runs.flatMap(({ gates, result: { seed } }) => {
    const all = gates.filter(choosing);
    const collapsed = all.filter(({ mean }) => Math.max(...mean) > collapse);
    const idle = [...new Set(all.map(({ level }) => level))].filter((level) => hasIdleExpert(gates, level));
    return [
      ...collapsed.map(({ level, gate }) => `Gate ${gate} of level ${level} gives more than 95 % to one expert`),
      ...idle.map((level) => `An expert of level ${level} has less than 1 % in every gate`),
    ].map((what) => ({ what, seed }));
  });
  return groupedBy(found, ({ what }) => what).map((alike) => {
    const seeds = listed(alike.map(({ seed }) => String(seed)));
    return `${alike[0].what} (seed${alike.length > 1 ? 's' : ''} ${seeds}).`;
  });
}

function hasIdleExpert(gates: readonly GateUse[], level: number): boolean {
  const seeing = gates.filter((gate) => gate.level === level && gate.mean.length === gate.experts.length);
  const names = [...new Set(seeing.flatMap(({ experts }) => experts))];
  return names.some((name) =>
    seeing.every(({ experts, mean }) => !experts.includes(name) || (mean[experts.indexOf(name)] ?? 1) < unused),
  );
}
