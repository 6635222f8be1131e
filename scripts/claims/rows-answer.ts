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
import { errorRatios } from './estimand.js';
import { type Point, rowsVariants } from './rows.js';
import { markdown, rowOf } from './tables.js';

const models = ['hard-sharing', 'mmoe', 'cgc', 'ple'] as const;
const looks = {
  'hard-sharing': { colour: 'c2', shape: 'square' },
  mmoe: { colour: 'c3', shape: 'diamond' },
  cgc: { colour: 'c4', shape: 'triangle-up' },
  ple: { colour: 'c1', shape: 'circle' },
} as const;
const dashes = { 'one pass': [], 'to a plateau': [4, 3] } as const;

/** A key: each model, and a line for each training. */
const key: readonly Mark[] = [
  ...models.map((model) => ({ label: model, ...looks[model], dash: [], filled: true })),
  ...(['one pass', 'to a plateau'] as const).map((training) => {
    return { label: training, colour: 'ink' as const, dash: dashes[training], shape: 'circle', filled: false };
  }),
];

/** The gains of every point, and the picture of them. */
export function rowsAnswer(tables: Tables, folder: string): Answer {
  const points = tables.map((table, index) => ({ table, ...must(rowsVariants[index], 'a point') }));
  const files = ['equal', 'as wide'].map((size) => {
    const file = `rows-${size.replace(' ', '-')}.svg`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), picture(points, size));
    return `\n![Gains over single-task against rows, ${size}](claims/${file})`;
  });
  return {
    verdict: 'cannot be told',
    effect: 'the sentence is not written yet',
    found: [...files, errorsOfSingleTask(points), gainsOfAll(points)],
  };
}

/** What single-task reaches, and with how many steps. */
function errorsOfSingleTask(points: readonly Trained[]): string {
  const lines = points.map((point) => {
    const { table, rows, batch } = point;
    const row = rowOf(table, table.baseline);
    const passes = point.epochs ? mean(resultsOf(table, row).map(({ epochs }) => epochs)) : 1;
    const errors = table.tasks.map((task) => `${row.tasks[task]?.mean?.toPrecision(3)}`);
    return [...placeOf(point), `${rows / 2}`, `${batch}`, `${Math.round((passes * rows) / batch)}`, ...errors];
  });
  const head = ['tasks', 'training', 'rows', 'labels of y2', 'batch', 'steps', 'single-task y1, NMSE', 'y2, NMSE'];
  return `\n${markdown([head, ...lines])}`;
}

function gainsOfAll(points: readonly Trained[]): string {
  const lines = points.flatMap((point) =>
    point.table.rows
      .filter(({ label }) => label !== point.table.baseline)
      .map((row) => [...placeOf(point), row.label, ...cellsOf(point.table, row), rateOf(row)]),
  );
  const head = ['tasks', 'training', 'rows', 'model', 'y1', 'rows ×', 'y2', 'rows ×', 'rate'];
  return `\n${markdown([head, ...lines])}`;
}

function placeOf({ kind, training, rows }: Point): readonly string[] {
  return [kind, training, `${rows}`];
}

function cellsOf(table: Table, row: ComparisonRow): readonly string[] {
  return table.tasks.flatMap((task) => {
    const { words } = difference(errorRatios(table, row.label, table.baseline, { tasks: [task] }), 1, 0.05);
    const times = row.tasks[task]?.multiplier?.value;
    return [words.replace(/, p.*/, ' %'), times ? `×${times.toFixed(2)}` : ''];
  });
}

function rateOf({ tuned }: ComparisonRow): string {
  const rate = tuned?.['train.optimizer.learningRate'];
  return rate === undefined ? 'of the config' : `${rate}`;
}

type Trained = Point & { readonly table: Table };

/** A panel for each kind of tasks and each task; a line for each model, whole in one pass, dashed to a plateau. */
function picture(points: readonly Trained[], size: string): string {
  const panels = (['related', 'conflicting'] as const).map((kind) => ({
    title: `${kind} tasks`,
    plots: ['y1', 'y2'].map((task) =>
      plot(
        points.filter((point) => point.kind === kind),
        task,
        size,
      ),
    ),
  }));
  const chart = { id: 'rows', columns: 2, panels, key };
  const section: ChartSection = { id: 'rows', title: 'Gains over rows', size: 'medium', note: [], charts: [chart] };
  return chartSvg(section, chart);
}

function plot(points: readonly Trained[], task: string, size: string): Plot {
  const marks = (['one pass', 'to a plateau'] as const).flatMap((training) =>
    models.flatMap((model, index) =>
      points
        .filter(({ table, ...point }) => point.training === training && hasRow(table, `${model}, ${size}`))
        .map(({ table, rows }) => {
          const gains = errorRatios(table, `${model}, ${size}`, table.baseline, { tasks: [task] });
          const { gain, interval } = difference(gains, 1, 0.05);
          const shift = (index - 1.5) * 0.03 + (training === 'one pass' ? -0.01 : 0.01);
          const x = Math.log10(rows) + shift;
          return { x, gain, interval, dash: dashes[training], ...looks[model], series: `${model} ${training}` };
        }),
    ),
  );
  return {
    title: task,
    width: 300,
    height: 200,
    x: { title: 'rows, log10', domain: [3.8, 7.2], ticks: 4, format: 'd' },
    y: { title: 'fall of the error, %', format: '+f' },
    layers: [
      dashedAt({ y: 0 }),
      layer(
        'interval',
        marks.map(({ x, interval, colour }) => ({ x, y: interval[0], y2: interval[1], colour })),
        { opacity: 0.6 },
      ),
      layer(
        'line',
        marks.map(({ x, gain, colour, series, dash }) => ({ x, y: gain, colour, series, dash })),
      ),
      layer(
        'point',
        marks.map(({ x, gain, colour, shape }) => ({ x, y: gain, colour, shape })),
        { radius: 3 },
      ),
    ],
  };
}

/** Where rows are many, some models are left out. */
function hasRow({ rows }: Table, label: string): boolean {
  return rows.some((row) => row.label === label);
}
