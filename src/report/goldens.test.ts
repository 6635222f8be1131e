import { expect, test } from 'vitest';
import type { Comparison, ModelSearch } from '../comparison/comparison.js';
import { must } from '../support/must.js';
import { chartFiles } from './charts/chart.js';
import { comparisonCharts } from './charts/charts.js';
import { comparisonRow, everyVerdict, taskGain } from './comparison.fixture.js';
import { gainsCsv, gainsLatex, gainsMarkdown } from './gain-files.js';
import { gainsText } from './gains-text.js';
import { reportPage } from './page/report-page.js';
import { reportFixture } from './report.fixture.js';
import type { ReportData } from './report-data.js';

// Everything that is made of a comparison, as files to read and to compare: `npx vitest run -u` writes them anew.

const few = [
  { label: 'single-task', type: 'single-task' },
  { label: 'mmoe', type: 'mmoe' },
  { label: 'ple', type: 'ple' },
];
const both = [
  { name: 'click', type: 'binary' as const },
  { name: 'time', type: 'regression' as const },
];

/** Two combinations for each model: one for all tasks, or one for each. */
async function searched(): Promise<ReportData> {
  const data = await reportFixture({ models: few, tasks: both, seeds: 3, rows: 400, spread: 0.02, apart: true });
  const models = few.map(({ label }, index): ModelSearch => {
    const candidates = [0.001, 0.01].map((rate, at) => ({
      values: { 'train.optimizer.learningRate': rate, 'model.tower': [8] },
      runs: [],
      chosenFor: both.map(({ name }) => name).filter((_, task) => (index === 0 ? task === at : at === 1)),
    }));
    return { label, axis: {}, groups: [['click', 'time']], candidates };
  });
  const rows = data.comparison.rows.map((row) => ({ ...row, searched: 2, tuned: { 'model.tower': [8] } }));
  const search = { type: 'random' as const, seeds: [7], models };
  return { ...data, comparison: { ...data.comparison, rows, search } };
}

/** Names that would be a formula, a tag, a cell, a command or an escape. */
const hostile = [
  ...['single-task', '<script>alert(1)</script>', '"><img src=x>', '=1+1', '+1', '-1', '@x', 'a|b\nc,"d"'],
  'x_1 & 50 % $y$ #z {q} \\n ~ ^ `c` *d*',
];
const hostileNames: Comparison = {
  ...{ ...everyVerdict, tasks: ['t<|_'], axes: { "dataset's": [0.5] } },
  rows: hostile.map((label) =>
    comparisonRow(label, {
      axis: { "dataset's": 0.5 },
      tasks: { 't<|_': taskGain(label === 'single-task' ? null : -0.001, 'worse') },
    }),
  ),
};

const cases: Readonly<Record<string, () => Promise<ReportData> | ReportData>> = {
  'every-verdict': () => ({ comparison: everyVerdict, runs: new Map(), command: 'ple compare', config: null }),
  'hostile-names': () => ({ comparison: hostileNames, runs: new Map(), command: 'ple report', config: null }),
  'two-types': () => reportFixture({ models: few, tasks: both, seeds: 4, rows: 400, spread: 0.02 }),
  front: () => reportFixture({ models: few, tasks: both, seeds: 4, rows: 400, spread: 0.02, front: [0.5, 1, 2] }),
  'one-pass': () => reportFixture({ models: few, tasks: both, seeds: 4, rows: 400, spread: 0.02, onePass: true }),
  axis: () =>
    reportFixture({ models: few, seeds: 3, rows: 400, axis: { key: 'dataset.correlation', values: [0.2, 1] } }),
  'one-seed': () => reportFixture({ models: few, seeds: 1, rows: 400 }),
  'one-task': () => reportFixture({ models: few, tasks: both.slice(0, 1), seeds: 3, rows: 400 }),
  margins: () =>
    reportFixture({
      ...{ models: few, tasks: both, seeds: 5, rows: 400, spread: 0.02 },
      settings: {
        margins: { auc: { absolute: 0.02 }, mse: null },
        taskWeights: { click: 1, time: 2 },
        contrasts: [['ple', 'mmoe']],
        seedsBefore: [3],
      },
    }),
  search: searched,
  failed: () => reportFixture({ models: few, seeds: 3, rows: 400, failed: ['ple'], decay: true }),
};

/** What people and programs read of a case, in one file. */
function written({ comparison }: ReportData, name: string): string {
  const texts = {
    terminal: gainsText(comparison, { colour: false, wide: false, columns: 80 }),
    wide: gainsText(comparison, { colour: false, wide: true, columns: 80 }),
    csv: gainsCsv(comparison).replaceAll('\r', ''),
    ...(['two-types', 'hostile-names'].includes(name) && {
      markdown: gainsMarkdown(comparison),
      latex: gainsLatex(comparison),
    }),
  };
  return Object.entries(texts)
    .map(([format, text]) => `=== ${format}\n${text}`)
    .join('\n');
}

test.each([
  ['front', 'forest.svg'],
  ['front', 'tasks.svg'],
  ['axis', 'axis.svg'],
])('a chart as a file: %s, %s', async (name, file) => {
  const sections = comparisonCharts(must(await cases[name]?.(), name));
  const { svg } = must(
    sections.flatMap(chartFiles).find((one) => one.name === file),
    file,
  );
  await expect(svg).toMatchFileSnapshot(`goldens/${name}/${file}`);
});

test.each(Object.entries(cases))('%s', async (name, make) => {
  const data = await make();
  await expect(written(data, name)).toMatchFileSnapshot(`goldens/${name}.txt`);
  if (name !== 'two-types') return;
  const page = reportPage(data, comparisonCharts(data));
  const bare = page.replace(/<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>|'sha256-[^']*'/g, ''); // they have no data
  await expect(bare).toMatchFileSnapshot(`goldens/${name}.html`);
});
