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
import { errorRatios, readAs } from './estimand.js';
import { kinds, type Point, rowsTests, rowsVariants } from './rows.js';
import { readingOf } from './rows-sentence.js';
import { frontsOf, markdown, rowOf } from './tables.js';

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

/** The sentence as fresh processes judge it; the gains of every point that was explored, and their pictures. */
export function rowsAnswer(tables: Tables, checks: readonly Table[], folder: string): Answer {
  const points = tables.map((table, index) => ({ table, ...must(rowsVariants[index], 'a point') }));
  const tests = checks.map((table, index) => ({ table, ...must(rowsTests[index], 'a test') }));
  const fresh = tests.filter(({ process }) => process !== 'explored');
  const answer = readAs(
    fresh.map(({ table }) => table),
    [...new Set(fresh.map(({ process }) => process))].map((process) => readingOf(process, fresh)),
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
  const head = ['tasks', 'training', 'rows', 'model', 'y1, log points', 'rows ×', 'y2, log points', 'rows ×', 'rate'];
  return `\n${markdown([head, ...lines])}`;
}

function placeOf({ kind, training, rows }: Point): readonly string[] {
  return [kind, training, `${rows}`];
}

function cellsOf(table: Table, row: ComparisonRow): readonly string[] {
  return table.tasks.flatMap((task) => {
    const { words } = gainOf(table, row.label, task);
    const { value, interval } = row.tasks[task]?.multiplier ?? {};
    const range = (interval ?? []).map((end) => end.toFixed(2)).join(', ');
    return [words.replace(/, p.*/, ''), value ? `${value.toFixed(2)} [${range}]` : ''];
  });
}

function rateOf({ tuned }: ComparisonRow): string {
  const rate = tuned?.['train.optimizer.learningRate'];
  return rate === undefined ? 'of each task, or the config’s' : `${rate}`;
}

function gainOf(table: Table, model: string, task: string): Estimated {
  return difference(errorRatios(table, model, table.baseline, { tasks: [task] }), 1, 0.05);
}

type Trained = Point & { readonly table: Table };
type Estimated = ReturnType<typeof difference>;

/** A number of a model on a task at a point, with its interval; undefined where there is none. */
interface Axis {
  readonly title: string;
  readonly ofModel: (
    table: Table,
    row: ComparisonRow,
    task: string,
  ) => { readonly value: number; readonly interval: readonly [number, number] } | undefined;
}

const axes: readonly Axis[] = [
  {
    title: 'fall of the error above the noise, log points',
    ofModel(table, row, task) {
      const { gain, interval } = gainOf(table, row.label, task);
      return { value: gain, interval };
    },
  },
  {
    title: 'single-task’s rows for the same error, log2 ×',
    ofModel(_, row, task) {
      const { value, interval } = row.tasks[task]?.multiplier ?? {};
      return value && interval
        ? { value: Math.log2(value), interval: [Math.log2(interval[0]), Math.log2(interval[1])] }
        : undefined;
    },
  },
];

/** A panel for each axis and kind of tasks, with both tasks; a line for each model, whole in one pass, dashed to a plateau. */
function picture(points: readonly Trained[], size: string): string {
  const panels = axes.flatMap((axis) =>
    kinds.map((kind) => ({
      title: `${kind} tasks`,
      plots: ['y1', 'y2'].map((task) => {
        const own = points.filter((point) => point.kind === kind);
        return plot(own, task, size, axis);
      }),
    })),
  );
  const chart = { id: 'rows', columns: 2, panels, key };
  const section: ChartSection = { id: 'rows', title: 'Gains over rows', size: 'medium', note: [], charts: [chart] };
  return chartSvg(section, chart);
}

function plot(points: readonly Trained[], task: string, size: string, { title, ofModel }: Axis): Plot {
  const marks = points.flatMap(({ table, training, rows }) =>
    models.flatMap((model, index) => {
      const row = table.rows.find(({ label }) => label === `${model}, ${size}`);
      const found = row && ofModel(table, row, task);
      const shift = (index - 1.5) * 0.03 + (training === 'one pass' ? -0.01 : 0.01);
      const look = { dash: dashes[training], ...looks[model], series: `${model} ${training}` };
      return found ? [{ x: Math.log10(rows) + shift, ...found, ...look }] : [];
    }),
  );
  return {
    title: task,
    width: 300,
    height: 200,
    x: { title: 'rows, log10', domain: [3.8, 7.2], ticks: 4, format: 'd' },
    y: { title, format: '+f' },
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
