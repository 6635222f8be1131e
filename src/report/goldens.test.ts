import { describe, expect, test } from 'vitest';
import type { ModelSearch } from '../comparison/comparison.js';
import { everyVerdict } from './comparison.fixture.js';
import { comparisonTable } from './comparison-table.js';
import { gainsCsv } from './gains-csv.js';
import { gainsLatex } from './gains-latex.js';
import { gainsMarkdown } from './gains-markdown.js';
import { reportPage } from './page/report-page.js';
import { reportFixture } from './report.fixture.js';
import type { ReportData } from './report-data.js';

// Everything that is made of a comparison, but charts, as files to read and to compare: `npx vitest run -u` writes them anew.

const few = [
  { label: 'single-task', type: 'single-task' },
  { label: 'mmoe', type: 'mmoe' },
  { label: 'ple', type: 'ple' },
];
const both = [
  { name: 'click', type: 'binary' as const },
  { name: 'time', type: 'regression' as const },
];

/** With five seeds a second look, of level 0.04. */
const seeds = [1, 2, 3, 4, 5];
const look = { seeds: 5, of: seeds, plan: [3, 5], alpha: 0.05, level: 0.04 };
const earlierLooks = [{ ...look, seeds: 3, of: [1, 2, 3], level: 0.01, undecided: 2 }];

/** Two combinations for each model: one for all tasks, or one for each. */
async function searched(): Promise<ReportData> {
  const data = await reportFixture({ models: few, tasks: both, seeds: 3, rows: 400, spread: 0.02 });
  const models = few.map(({ label }, index): ModelSearch => {
    const candidates = [0.001, 0.01].map((rate, at) => ({
      values: { 'train.optimizer.learningRate': rate, 'model.tower': [8] },
      cost: 1,
      rungs: [1, 3].map((epochs) => ({ tasks: ['click', 'time'], spent: epochs + index, runs: [] })),
      chosenFor: both.map(({ name }) => name).filter((_, task) => (index === 0 ? task === at : at === 1)),
    }));
    return { label, axis: {}, groups: [['click', 'time']], rungs: [1, 3], candidates };
  });
  const rows = data.comparison.rows.map((row) => ({ ...row, searched: 2, tuned: { 'model.tower': [8] } }));
  const search = { type: 'halving' as const, budget: null, seeds: [7], models };
  return { ...data, comparison: { ...data.comparison, rows, search } };
}

const cases: Readonly<Record<string, () => Promise<ReportData> | ReportData>> = {
  'every-verdict': () => ({ comparison: everyVerdict, runs: new Map(), command: 'ple compare', config: null }),
  'two-types': () => reportFixture({ models: few, tasks: both, seeds: 4, rows: 400, spread: 0.02 }),
  front: () => reportFixture({ models: few, tasks: both, seeds: 4, rows: 400, spread: 0.02, front: [0.5, 1, 2] }),
  'one-pass': () => reportFixture({ models: few, tasks: both, seeds: 4, rows: 400, spread: 0.02, half: 0.05 }),
  'limited-by-steps': () => reportFixture({ models: few, tasks: both, seeds: 4, rows: 400, spread: 0.02, half: 0.5 }),
  axis: () =>
    reportFixture({ models: few, seeds: 3, rows: 400, axis: { key: 'dataset.correlation', values: [0.2, 1] } }),
  'one-seed': () => reportFixture({ models: few, seeds: 1, rows: 400 }),
  'one-task': () => reportFixture({ models: few, tasks: both.slice(0, 1), seeds: 3, rows: 400 }),
  'margins-and-looks': () =>
    reportFixture({
      ...{ models: few, tasks: both, seeds: 5, rows: 400, spread: 0.02 },
      settings: {
        margins: { auc: { absolute: 0.02 }, mse: null },
        taskWeights: { click: 1, time: 2 },
        contrasts: [['ple', 'mmoe']],
        look,
        earlierLooks,
      },
    }),
  search: searched,
  failed: () => reportFixture({ models: few, seeds: 3, rows: 400, failed: ['ple'] }),
};

const outputs: Readonly<Record<string, (data: ReportData) => string>> = {
  'terminal.txt': ({ comparison }) => comparisonTable(comparison, { colour: false, wide: false, columns: 80 }),
  'wide.txt': ({ comparison }) => comparisonTable(comparison, { colour: false, wide: true, columns: 80 }),
  'comparison.json': ({ comparison }) => `${JSON.stringify(comparison, null, 1)}\n`,
  'gains.csv': ({ comparison }) => gainsCsv(comparison),
  'gains.md': ({ comparison }) => gainsMarkdown(comparison),
  'gains.tex': ({ comparison }) => gainsLatex(comparison),
  'report.html': (data) =>
    reportPage(data, []).replace(/<style>[\s\S]*?<\/style>|<script>[\s\S]*?<\/script>|'sha256-[^']*'/g, ''),
};

describe.each(Object.entries(cases))('%s', (name, make) => {
  test.each(Object.entries(outputs))('%s', async (file, write) => {
    await expect(write(await make())).toMatchFileSnapshot(`goldens/${name}/${file}`);
  });
});
