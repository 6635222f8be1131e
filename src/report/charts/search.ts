import type { Comparison, ModelSearch } from '../../comparison/comparison.js';
import { axisName, axisValue } from '../../comparison/plan/axis-point.js';
import { pointsOf } from '../points.js';
import { bestFound, lastScore, rankedBy, searchesAt, valueLines } from '../search.js';
import {
  type Datum,
  type Drawing,
  description,
  fontSize,
  type Panel,
  type PanelSpec,
  panelWidth,
  type Section,
  tip,
} from './drawing.js';
import { cssColour, modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints } from './points.js';
import { shortened } from './text-width.js';

/** What the searches found: the best score against the budget spent, and all candidates in parallel coordinates. */
export function searches(comparison: Comparison): readonly Section[] {
  const places = pointsOf(comparison).filter(({ axis }) => searchesAt(comparison, axis).length > 0);
  return places.length === 0 ? [] : [foundSection(comparison, places), candidateSection(comparison, places)];
}

type Places = ReturnType<typeof pointsOf>;

function foundSection(comparison: Comparison, places: Places): Section {
  const { points, omission } = drawnPoints(places, 1);
  const drawings = points.map((point, index): Drawing => {
    const spec = foundSpec(comparison, searchesAt(comparison, point.axis));
    return {
      ...{ id: chartId('search', index + 1), title: atPoint('', point), panels: [{ title: '', spec }] },
      ...{ remarks: [], key: modelSeries(comparison), columns: 1 },
    };
  });
  const note = [
    `The best ${rankedBy(comparison)} that each model’s search has found, against what it has spent, in epochs of ${comparison.baseline}. An epoch of a model costs its network parameters over those of ${comparison.baseline}.`,
    comparison.search?.type === 'halving' ? 'Halving spends rung by rung.' : '',
    ...omission,
  ];
  return {
    ...{ id: 'search', title: 'Search: best found against budget', size: 'medium', key: [], drawings },
    note: note.filter((line) => line !== '').join(' '),
  };
}

function foundSpec(comparison: Comparison, models: readonly ModelSearch[]): PanelSpec {
  const series = modelSeries(comparison);
  const values = models.flatMap((search) => {
    const model = series.findIndex(({ label }) => label === search.label);
    const { colour = '', dash = [] } = series[model] ?? {};
    let before: number | null = null;
    const steps = bestFound(search);
    return steps.map(({ spent, best, candidate, rung }, index): Datum => {
      const isNew = best !== null && best !== before;
      before = best;
      const lines = [
        `${search.label}: ${best?.toPrecision(5)} after ${spent.toPrecision(3)} epochs`,
        ...valueLines(candidate.values),
        ...(search.rungs ? [`trained until epoch ${search.rungs[rung]}`] : []),
      ];
      const isDrawn = isNew || index === steps.length - 1;
      return { label: search.label, spent, best, isNew, isDrawn, colour, dash, tip: tip(model, ...lines) };
    });
  });
  const x = {
    field: 'spent',
    type: 'quantitative' as const,
    scale: { zero: true, nice: false },
    axis: { title: `budget spent, epochs of ${comparison.baseline}`, grid: false, tickCount: 6 },
  };
  const y = {
    field: 'best',
    type: 'quantitative' as const,
    scale: { zero: false },
    axis: { title: `best ${rankedBy(comparison)}`, tickCount: 5 },
  };
  const color = { field: 'colour', type: 'nominal' as const, scale: null };
  return {
    width: panelWidth.medium - 86,
    height: 230,
    data: { values: values.filter(({ best, isDrawn }) => best !== null && isDrawn === true) },
    layer: [
      {
        mark: { type: 'line', interpolate: 'step-after', strokeWidth: 2 },
        encoding: {
          x,
          y,
          color,
          strokeDash: { field: 'dash', type: 'nominal', scale: null },
          detail: { field: 'label' },
        },
      },
      {
        transform: [{ filter: 'datum.isNew' }],
        mark: { type: 'circle', size: 34, opacity: 1 },
        encoding: { x, y, color, ...description },
      },
    ],
  };
}

function candidateSection(comparison: Comparison, places: Places): Section {
  const most = Math.max(...places.map(({ axis }) => searchesAt(comparison, axis).length));
  const { points, omission } = drawnPoints(places, most);
  const drawings = points.map((point, index): Drawing => {
    const found = searchesAt(comparison, point.axis);
    const panels = found.map((search): Panel => ({ title: search.label, spec: parallel(search) }));
    return {
      ...{ id: chartId('candidates', index + 1), title: atPoint('', point), panels },
      ...{ remarks: found.flatMap(failures), key: [], columns: 2 },
    };
  });
  const note = [
    `A line for each candidate, through its values, to its ${rankedBy(comparison)}. The better a candidate ranks, the darker is its line; the chosen ones are orange.`,
    comparison.search?.type === 'halving'
      ? 'Dashed lines stopped in an earlier rung; their score is that of its epoch.'
      : '',
    ...omission,
  ];
  return {
    ...{ id: 'candidates', title: 'Search: all candidates', size: 'medium', key: [], drawings },
    note: note.filter((line) => line !== '').join(' '),
  };
}

function failures(search: ModelSearch): readonly string[] {
  const failed = search.candidates.filter((candidate) => lastScore(search, candidate) === null).length;
  if (failed === 0) return [];
  return [`${search.label}: ${failed} of ${search.candidates.length} candidates have no score, since a run failed.`];
}

const plot = { width: panelWidth.medium - 110, height: 170, labels: 34 };

/** Parallel coordinates: an axis for each key, from its least to its greatest value, and the score's. */
function parallel(search: ModelSearch): PanelSpec {
  const { candidates } = search;
  const rungs = Math.max(...candidates.map((candidate) => candidate.rungs.length));
  const scores = candidates.map((candidate) => lastScore(search, candidate));
  const keys = [...new Set(candidates.flatMap(({ values }) => Object.keys(values)))];
  const axes = [
    ...keys.map((key) => ({ name: axisName(key), ...axisOf(candidates.map(({ values }) => values[key])) })),
    { name: 'score', ...axisOf(scores, false) },
  ];
  const xOf = (axis: number) => 30 + (axis * plot.width) / Math.max(1, axes.length - 1);
  const ranks = scores
    .flatMap((score, index) => (score === null ? [] : [{ score, index }]))
    .toSorted((a, b) => a.score - b.score)
    .map(({ index }) => index);
  const lines = [...candidates.entries()]
    .toSorted(([a], [b]) => ranks.indexOf(a) - ranks.indexOf(b))
    .flatMap(([index, { values, rungs: own, chosenFor }], order) => {
      const score = scores[index] ?? null;
      const isChosen = chosenFor.length > 0;
      const epochs = Math.max(0, ...(own.at(-1)?.runs.map((run) => run.epochs) ?? []));
      const about = tip(
        null,
        `score ${score === null ? 'not defined' : score.toPrecision(5)} after ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`,
        ...valueLines(values),
      );
      return axes.flatMap(({ at }, axis): Datum[] => {
        const value = axis < keys.length ? values[keys[axis] ?? ''] : score;
        if (value === null || value === undefined) return [];
        return [
          {
            ...{ candidate: order, x: xOf(axis), y: plot.height * (1 - at(value)), tip: about },
            colour: cssColour(isChosen ? 'c2' : 'heat'),
            opacity: isChosen ? 1 : 0.15 + (0.75 * (ranks.indexOf(index) + 1)) / Math.max(1, ranks.length),
            width: isChosen ? 2.6 : 1.4,
            dash: own.length < rungs ? [4, 3] : [],
          },
        ];
      });
    });
  const texts = axes.flatMap(({ name, marks, at }, axis) => [
    { x: xOf(axis), y: plot.height + 26, text: shortened(name, fontSize, plot.width / axes.length + 10), strong: true },
    ...marks.map(({ value, text }) => ({
      ...{ x: xOf(axis) + 5, y: plot.height * (1 - at(value)), strong: false },
      text: shortened(text, fontSize, 60),
    })),
  ]);
  const pixel = { type: 'quantitative', axis: null } as const;
  const x = { field: 'x', ...pixel, scale: { domain: [0, plot.width + 90], nice: false } };
  const y = { field: 'y', ...pixel, scale: { domain: [plot.height + plot.labels, -6], nice: false } };
  return {
    width: plot.width + 90,
    height: plot.height + plot.labels + 6,
    layer: [
      {
        data: { values: axes.map((_, axis): Datum => ({ x: xOf(axis), y: 0, end: plot.height })) },
        mark: { type: 'rule', color: cssColour('muted') },
        encoding: { x, y, y2: { field: 'end' } },
      },
      {
        data: { values: lines },
        mark: { type: 'line' },
        encoding: {
          ...{ x, y, detail: { field: 'candidate', type: 'nominal' }, ...description },
          color: { field: 'colour', type: 'nominal', scale: null },
          opacity: { field: 'opacity', type: 'quantitative', scale: null },
          strokeWidth: { field: 'width', type: 'quantitative', scale: null },
          strokeDash: { field: 'dash', type: 'nominal', scale: null },
          order: { field: 'x', type: 'quantitative' },
        },
      },
      // A halo, so that lines do not cross the texts.
      ...[true, false].flatMap((strong) =>
        [true, false].map((halo) => ({
          data: { values: texts.filter((text) => text.strong === strong) },
          mark: {
            ...{ type: 'text' as const, fontSize, align: strong ? ('center' as const) : ('left' as const) },
            ...{ baseline: 'middle' as const, color: cssColour(halo ? 'page' : strong ? 'ink' : 'muted') },
            ...(halo ? { stroke: cssColour('page'), strokeWidth: 4, strokeJoin: 'round' as const } : {}),
          },
          encoding: { x, y, text: { field: 'text', type: 'nominal' as const } },
        })),
      ),
    ],
  };
}

/** Numbers more than this many times apart are placed by their logarithm. */
const logarithmicFrom = 20;
const mostMarks = 6;

/** Where a value lies, from 0 to 1, and the values that are written beside the axis. */
function axisOf(values: readonly unknown[], logarithms = true) {
  const known = [
    ...new Map(
      values.filter((value) => value !== null && value !== undefined).map((value) => [JSON.stringify(value), value]),
    ).values(),
  ];
  const numbers = known.filter((value) => typeof value === 'number').toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [numbers[0], numbers.at(-1)];
  if (numbers.length < known.length || numbers.length === 0) {
    const places = known.map((value) => JSON.stringify(value));
    const at = (value: unknown) =>
      places.length < 2 ? 0.5 : places.indexOf(JSON.stringify(value)) / (places.length - 1);
    return { at, marks: known.slice(0, mostMarks).map((value) => ({ value, text: axisValue(value) })) };
  }
  const isLogarithmic = logarithms && low > 0 && high > logarithmicFrom * low;
  const scaled = (value: unknown) => (isLogarithmic ? Math.log(Number(value)) : Number(value));
  const at = (value: unknown) => (high > low ? (scaled(value) - scaled(low)) / (scaled(high) - scaled(low)) : 0.5);
  const written = numbers.length <= mostMarks && logarithms ? numbers : [...new Set([low, high])];
  return { at, marks: written.map((value) => ({ value, text: String(Number(value.toPrecision(3))) })) };
}
