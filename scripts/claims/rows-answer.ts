// Gains over the number of rows: tables, and the picture.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComparisonRow } from '../../src/comparison/comparison.js';
import { mean } from '../../src/comparison/statistics/moments.js';
import { type ChartSection, chartSvg } from '../../src/report/charts/chart.js';
import type { Mark } from '../../src/report/charts/palette.js';
import { dashedAt, layer, type Plot } from '../../src/report/charts/plot.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Tables } from './claim.js';
import { difference, resultsOf } from './differences.js';
import { doublingsOf, type Measured } from './doublings.js';
import { errorRatios, readAs } from './estimand.js';
import { fixedRate, kinds, type Point, rowsTests, rowsVariants } from './rows.js';
import { foundOf, readingOf } from './rows-sentence.js';
import { frontsOf, markdown, rowOf } from './tables.js';

const models = ['hard-sharing', 'mmoe', 'cgc', 'ple'] as const;
const looks = {
  'hard-sharing': { colour: 'c2', shape: 'square' },
  mmoe: { colour: 'c3', shape: 'diamond' },
  cgc: { colour: 'c4', shape: 'triangle-up' },
  ple: { colour: 'c1', shape: 'circle' },
} as const;
const dashes = { 'one pass': [], 'to a plateau': [4, 3] } as const;

/** Of the process that was explored. */
const tasks = [
  { task: 'y1', title: 'y1: hardly any noise' },
  { task: 'y2', title: 'y2: as much noise as signal, half of the labels' },
] as const;

/** A key: each model, and a line for each training. */
const key: readonly Mark[] = [
  ...models.map((model) => ({ label: model, ...looks[model], dash: [], filled: true })),
  ...(['one pass', 'to a plateau'] as const).map((training) => {
    return { label: training, colour: 'ink' as const, dash: dashes[training], shape: 'circle', filled: false };
  }),
];

/** The sentence as fresh processes judge it; the gains of every point that was explored, and their pictures. */
export function rowsAnswer(tables: Tables, checks: readonly Table[], folder: string): Answer {
  const points = tables.map((table, index) => ({ table, ...must(rowsVariants[index], 'a point') }));
  const tests = checks.map((table, index) => ({ table, ...must(rowsTests[index], 'a test') }));
  const fresh = tests.filter(({ process }) => process !== 'explored');
  const answer = readAs(
    fresh.map(({ table }) => table),
    [...new Set(fresh.map(({ process }) => process))].map((process) => readingOf(process, fresh)),
    foundOf,
  );
  const files = ['equal', 'as wide'].map((size) => {
    const file = `rows-${size.replace(' ', '-')}.svg`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), picture(points, size));
    return `\n![Gains over single-task against rows, ${size}](claims/${file})`;
  });
  const fronts = tests.filter(({ isFront }) => isFront);
  return {
    ...answer,
    found: [
      ...files,
      errorsOfSingleTask(points),
      gainsOfAll(points),
      ...fronts.map(({ table, process, kind }) => `\n${process}, ${kind}:\n${frontsOf(table)}`),
      ...answer.found,
    ],
  };
}

/** What single-task reaches, after how many steps and passes. */
function errorsOfSingleTask(points: readonly Trained[]): string {
  const lines = points.map((point) => {
    const { table, rows, batch } = point;
    const row = rowOf(table, table.baseline);
    const ofTasks = table.tasks.flatMap((task) => {
      const passes = mean(resultsOf(table, row, task).map(({ bestEpoch }) => must(bestEpoch[task], task)));
      return [point.epochs ? passes.toFixed(0) : '1', `${row.tasks[task]?.mean?.toPrecision(3)}`];
    });
    return [...placeOf(point), `${rows / 2}`, `${point.draws}`, `${batch}`, `${Math.round(rows / batch)}`, ...ofTasks];
  });
  const steps = ['draws', 'batch', 'steps a pass'];
  const ofTasks = ['y1: passes', 'single-task’s NMSE', 'y2: passes', 'single-task’s NMSE'];
  return `\n${markdown([['tasks', 'training', 'rows', 'labels of y2', ...steps, ...ofTasks], ...lines])}`;
}

function gainsOfAll(points: readonly Trained[]): string {
  const lines = points.flatMap((point) =>
    point.table.rows
      .filter(({ label }) => label !== point.table.baseline)
      .map((row) => [...placeOf(point), row.label, ...cellsOf(point.table, row), rateOf(row, point)]),
  );
  const head = ['tasks', 'training', 'rows', 'model', 'y1, log points', 'rows ×', 'y2, log points', 'rows ×', 'rate'];
  return `\n${markdown([head, ...lines])}`;
}

function placeOf({ kind, training, rows }: Point): readonly string[] {
  return [kind, training, `${rows}`];
}

function cellsOf(table: Table, row: ComparisonRow): readonly string[] {
  return table.tasks.flatMap((task) => {
    const { words } = gainOf(table, row.label, task);
    const { value, interval } = doublingsOf(table, row, task) ?? {};
    const range = (interval ?? []).map((end) => (2 ** end).toFixed(2)).join(', ');
    return [words, value === undefined ? '' : `${(2 ** value).toFixed(2)} [${range}]`];
  });
}

function rateOf({ tuned }: ComparisonRow, point: Point): string {
  return `${tuned?.['train.optimizer.learningRate'] ?? fixedRate(point)}`;
}

function gainOf(table: Table, model: string, task: string): Estimated {
  return difference(errorRatios(table, model, table.baseline, { tasks: [task] }), 1, 0.05);
}

type Trained = Point & { readonly table: Table };
type Estimated = ReturnType<typeof difference>;

interface Axis {
  readonly title: string;
  /** Undefined where there is none. */
  readonly ofModel: (table: Table, row: ComparisonRow, task: string) => Measured | undefined;
}

const axes: readonly Axis[] = [
  {
    title: 'fall of the error, log points',
    ofModel(table, row, task) {
      const { gain, interval } = gainOf(table, row.label, task);
      return { value: gain, interval };
    },
  },
  { title: 'rows for the same error, log2 ×', ofModel: doublingsOf },
];

/** A panel for each axis and kind of tasks, with both tasks; a line for each model, whole in one pass, dashed to a plateau. */
function picture(points: readonly Trained[], size: string): string {
  const panels = axes.flatMap((axis) =>
    kinds.map((kind) => ({
      title: `${kind} tasks`,
      plots: tasks.map((task) =>
        plot(
          points.filter((point) => point.kind === kind),
          task,
          size,
          axis,
        ),
      ),
    })),
  );
  const chart = { id: 'rows', columns: 2, panels, key };
  const section: ChartSection = { id: 'rows', title: 'Gains over rows', size: 'medium', note: [], charts: [chart] };
  return chartSvg(section, chart);
}

function plot(points: readonly Trained[], { task, title }: (typeof tasks)[number], size: string, axis: Axis): Plot {
  const marks = points.flatMap(({ table, training, rows }) =>
    models.flatMap((model, index) => {
      const row = table.rows.find(({ label }) => label === `${model}, ${size}`);
      const found = row && axis.ofModel(table, row, task);
      const shift = (index - 1.5) * 0.03 + (training === 'one pass' ? -0.01 : 0.01);
      const look = { dash: dashes[training], ...looks[model], series: `${model} ${training}` };
      return found ? [{ x: Math.log10(rows) + shift, ...found, ...look }] : [];
    }),
  );
  return {
    title,
    width: 300,
    height: 200,
    x: { title: 'rows, log10', domain: [3.8, 7.2], ticks: 4, format: 'd' },
    y: { title: axis.title, format: '+f' },
    layers: [
      dashedAt({ y: 0 }),
      layer(
        'interval',
        marks.map(({ x, interval: [y, y2], colour }) => ({ x, y, y2, colour })),
        { opacity: 0.6 },
      ),
      layer(
        'line',
        marks.map(({ x, value, colour, series, dash }) => ({ x, y: value, colour, series, dash })),
      ),
      layer(
        'point',
        marks.map(({ x, value, colour, shape }) => ({ x, y: value, colour, shape })),
        { radius: 3 },
      ),
    ],
  };
}
