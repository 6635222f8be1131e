import { expect, test } from 'vitest';
import { must } from '../support/must.js';
import { chartFiles } from './charts/chart.js';
import { comparisonCharts } from './charts/charts.js';
import { gainsCsv, gainsLatex, gainsMarkdown } from './gain-files.js';
import { gainsText } from './gains-text.js';
import { reportPage } from './page/report-page.js';
import { comparisonOf, everyVerdict, ofOneSeed, storedReport, taskGain } from './report.fixture.js';
import type { ReportData } from './report-data.js';

// Everything that is made of a comparison, as files to read and to compare: `npx vitest run -u` writes them anew.

/** Names that would be a formula, a tag, a cell, a command or an escape. */
const hostile = [
  ...['single-task', '<script>alert(1)</script>', '"><img src=x>', '=1+1', '+1', '-1', '@x', 'a|b\nc,"d"'],
  'x_1 & 50 % $y$ #z {q} \\n ~ ^ `c` *d*',
];
const hostileNames = comparisonOf(
  hostile.map((label) => ({
    label,
    point: { "dataset's": 0.5 },
    tasks: { 't<|_': taskGain(label === 'single-task' ? null : -0.001, 'worse') },
  })),
  [],
  { tasks: ['t<|_'], axes: { "dataset's": [0.5] } },
);

const cases: Readonly<Record<string, () => Promise<ReportData> | ReportData>> = {
  'every-verdict': () => ({ comparison: everyVerdict, runs: new Map(), command: 'ple compare', config: null }),
  'hostile-names': () => ({ comparison: hostileNames, runs: new Map(), command: 'ple report', config: null }),
  'two-types': () => storedReport('two-types'),
  axis: () => storedReport('axis'),
  'one-seed': () => storedReport('two-types', ofOneSeed),
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
  ['two-types', 'forest.svg'],
  ['two-types', 'tasks.svg'],
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
