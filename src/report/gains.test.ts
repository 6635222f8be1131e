import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { comparisonRow, everyVerdict, taskGain } from './comparison.fixture.js';
import { gainsCsv } from './gains-csv.js';
import { gainsLatex } from './gains-latex.js';
import { gainsMarkdown } from './gains-markdown.js';

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x>',
  '=1+1',
  '+1',
  '-1',
  '@x',
  'a|b\nc,"d"',
  'x_1 & 50 % $y$ #z {q} \\n ~ ^ `c` *d*',
];
const named = {
  ...everyVerdict,
  tasks: ['t<|_'],
  rows: ['single-task', ...hostile].map((label) =>
    comparisonRow(label, { tasks: { 't<|_': taskGain(label === 'single-task' ? null : -0.001, 'worse') } }),
  ),
};

test('gains.csv has a line per model and task with the unrounded numbers, and nothing where there is none', () => {
  const records: Record<string, string>[] = parse(gainsCsv(everyVerdict), { columns: true });
  expect(records).toHaveLength(14);
  const mmoe = records.find(({ label, task }) => label === 'MMoE' && task === 'never-married');
  expect(mmoe).toEqual({
    label: 'MMoE',
    type: 'mmoe',
    task: 'never-married',
    metric: 'auc',
    mean: String(0.95 - 0.0009),
    sd: '0.00021',
    gain: '-0.0009',
    relativeGain: String(-0.09 / 0.45),
    se: '0.00018',
    intervalLow: String(-0.0009 - 0.0005),
    intervalHigh: String(-0.0009 + 0.0005),
    p: '0.004',
    pHolm: '0.0321',
    verdict: 'worse',
    detectable: '0.0007',
    meanGain: '0.0002',
    worstGain: '-0.0009',
    modelVerdict: 'seesaw',
    embedding: '1000',
    network: '123456',
    runs: '5',
  });
  const { gain, p, modelVerdict, mean } = records[0] ?? {};
  expect({ gain, p, modelVerdict, mean }).toEqual({ gain: '', p: '', modelVerdict: '', mean: '0.95' });
});

test('gains.csv has a column per axis', () => {
  const axis = { 'dataset.correlation': 0.4, 'model.levels': [[16], [8]] };
  const axes = { 'dataset.correlation': [0.4], 'model.levels': [[[16], [8]]] };
  const [row] = everyVerdict.rows;
  if (!row) throw new Error('The fixture has rows.');
  const records = parse(gainsCsv({ ...everyVerdict, axes, rows: [{ ...row, axis }] }), { columns: true });
  expect(records).toMatchObject([{ 'dataset.correlation': '0.4', 'model.levels': '[[16],[8]]' }, {}]);
});

test('in gains.csv a text is quoted, and not taken for a formula; a negative number stays a number', () => {
  const text = gainsCsv(named);
  expect(text).toMatch(/^[^\n]*\r\n/);
  const records: Record<string, string>[] = parse(text, { columns: true });
  const labels = records.map(({ label }) => label);
  const shown = hostile.map((label) => label.replaceAll('\n', '\ufffd')); // no character that steers a terminal
  expect(labels.slice(1)).toEqual(shown.map((label) => (/^[=+@-]/.test(label) ? `'${label}` : label)));
  expect(text).toContain(',-0.001,');
});

test('gains.md is a table of text: no cell, tag or emphasis comes from a name', () => {
  const lines = gainsMarkdown(named).split('\n');
  const table = lines.slice(0, 2 + named.rows.length);
  const bars = table.map((line) => line.replaceAll('\\|', '').split('|').length);
  expect(new Set(bars)).toEqual(new Set([9]));
  expect(table.join('\n')).not.toMatch(/<|(?<!\\)`|(?<!\\)_|(?<!\\)\*d/);
  expect(table[3]).toMatch(/^\| &lt;script&gt;alert\(1\)&lt;\/script&gt; \|/);
});

test('gains.md has gains beyond noise in bold, and how to read them', () => {
  const text = gainsMarkdown(everyVerdict);
  expect(text).toContain('**+0.00120** [+0.00070, +0.00170] | 0.032 | +0.27 %');
  expect(text).toContain('| +0.00010 [-0.00040, +0.00060] | 0.200 |');
  expect(text).toContain('| 0.95000 ± 0.00021 |  |  |  | - | baseline |');
  expect(text).toContain('A note.');
});

test('of one seed no table names intervals or deviations, which it has not', () => {
  const without = { sd: null, se: null, interval: null, p: null, pHolm: null };
  const rows = everyVerdict.rows.map((row) => ({
    ...row,
    tasks: Object.fromEntries(Object.entries(row.tasks).map(([name, task]) => [name, { ...task, ...without }])),
  }));
  const one = { ...everyVerdict, seeds: [7], rows };
  expect(gainsMarkdown(everyVerdict)).toContain('interval');
  expect(gainsMarkdown(one)).not.toMatch(/interval|±/);
  expect(gainsLatex(one)).not.toMatch(/interval|deviation/);
  expect(gainsLatex(one)).toContain('Test metric (seed 7) and gain. ');
});

test('gains.tex is a booktabs table in which a name is text; the caption has seeds, interval and test', () => {
  const text = gainsLatex(named);
  expect(text).toContain('t\\textless{}\\textbar{}\\_ (AUC)');
  expect(text).toContain(
    'x\\_1 \\& 50 \\% \\$y\\$ \\#z \\{q\\} \\textbackslash{}n \\textasciitilde{} \\textasciicircum{} `c` *d* & 123,456',
  );
  const body = text.split('\\midrule')[1]?.split('\\bottomrule')[0]?.trim().split('\n') ?? [];
  expect(body).toHaveLength(named.rows.length);
  expect(new Set(body.map((line) => line.split(/(?<!\\)&/).length))).toEqual(new Set([6]));
  const caption = gainsLatex(everyVerdict).split('\\caption{')[1]?.split('\\label')[0] ?? '';
  expect(caption).toContain('seeds 1, 2, 3, 4, 5');
  expect(caption).toContain('95 \\% interval');
  expect(caption).toContain("Holm's adjusted");
  expect(gainsLatex(everyVerdict)).toContain('$\\mathbf{-0.00090}\\ [-0.00140, -0.00040]$ & $0.032$');
});
