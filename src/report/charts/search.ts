import type { Comparison, ModelSearch } from '../../comparison/comparison.js';
import { pointsOf } from '../points.js';
import { bestFound, lastScore, rankedBy, searchesAt, valueLines } from '../search.js';
import type { Section } from './drawing.js';
import { lookOf, modelSeries } from './palette.js';
import { layer, type PanelSpec, panelWidth, plot, tip } from './plot.js';
import { atPoint, chartId, drawnPoints } from './points.js';

/** What the searches found: every candidate, and the best score, against the budget spent. */
export function searches(comparison: Comparison): readonly Section[] {
  const places = pointsOf(comparison).filter(({ axis }) => searchesAt(comparison, axis).length > 0);
  if (places.length === 0) return [];
  const { points, omission } = drawnPoints(places, 1);
  const key = modelSeries(comparison);
  const drawings = points.map((point, index) => {
    const found = searchesAt(comparison, point.axis);
    const panels = [{ spec: foundSpec(comparison, found) }];
    return {
      id: chartId('search', index + 1),
      title: atPoint('', point),
      panels,
      remarks: found.flatMap(failures),
      key,
    };
  });
  const note = [
    `The line is the best ${rankedBy(comparison)} that each model’s search has found, against what it has spent, in epochs of ${comparison.baseline}.`,
    `An epoch of a model costs its network parameters over those of ${comparison.baseline}. A dot is a candidate (on the line where tasks share no parameters), a large one was chosen.`,
    ...(comparison.search?.type === 'halving'
      ? ['Halving spends rung by rung; a dot stands at the last rung of its candidate.']
      : []),
    ...omission,
  ];
  return [{ id: 'search', title: 'Search: best found against budget', note, size: 'medium', drawings }];
}

function foundSpec(comparison: Comparison, models: readonly ModelSearch[]): PanelSpec {
  const series = modelSeries(comparison);
  const entries = models.flatMap((search) => {
    const look = lookOf(series, search.label);
    return bestFound(search).map((found) => ({ ...found, search, look }));
  });
  const lines = entries.map(({ spent, best, search, look: { colour, dash } }) => {
    return { x: spent, y: best, colour, dash, series: search.label };
  });
  const dots = entries.flatMap(({ spent, best, candidate, rung, search, look: { colour, model } }) => {
    if (rung + 1 < candidate.rungs.length) return [];
    // Where tasks share no parameters, a candidate may be ranked for some of them only.
    const y = search.groups.length > 1 ? best : lastScore(search, candidate);
    const words = [
      `${search.label}: ${y?.toPrecision(5)} after ${spent.toPrecision(3)} epochs`,
      ...valueLines(candidate.values),
      ...(search.rungs ? [`trained until epoch ${search.rungs[rung]}`] : []),
    ];
    const isChosen = candidate.chosenFor.length > 0;
    return [{ x: spent, y, colour, size: isChosen ? 70 : 16, tip: tip(model, ...words) }];
  });
  const budget = { scale: { zero: true, nice: false }, look: { grid: false, tickCount: 6 } };
  return plot({
    width: panelWidth.medium - 86,
    height: 230,
    x: { title: `budget spent, epochs of ${comparison.baseline}`, ...budget },
    y: { title: rankedBy(comparison), look: { tickCount: 5 } },
    layers: [
      layer('line', lines, { interpolate: 'step-after', strokeWidth: 2 }),
      layer('circle', dots, { opacity: 0.85 }),
    ],
  });
}

function failures(search: ModelSearch): readonly string[] {
  const failed = search.candidates.filter((candidate) => lastScore(search, candidate) === null).length;
  if (failed === 0) return [];
  return [`${search.label}: ${failed} of ${search.candidates.length} candidates have no score, since a run failed.`];
}
