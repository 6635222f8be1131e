import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, onTestFinished, test } from 'vitest';
import { withDatabase } from '../data/store/database.js';
import { comparisonRow, everyVerdict, taskGain } from './comparison.fixture.js';
import { gainsCsv } from './gains-csv.js';
import { gainsLatex } from './gains-latex.js';
import { gainsMarkdown } from './gains-markdown.js';
import { writeGainsParquet } from './gains-parquet.js';

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

const recordsOf = (comparison = everyVerdict): Record<string, string>[] =>
  parse(gainsCsv(comparison), { columns: true });

test('gains.csv has a line per model and task with the unrounded numbers, and nothing where there is none', () => {
  const records = recordsOf();
  expect(records).toHaveLength(2 * (9 + 2)); // tasks, models and contrasts
  expect(
    Object.keys(records[0] ?? {})
      .slice(0, 21)
      .join(),
  ).toBe(
    'label,type,task,metric,mean,sd,gain,relativeGain,se,intervalLow,intervalHigh,p,pHolm,verdict,detectable,' +
      'meanGain,worstGain,modelVerdict,embedding,network,runs',
  );
  const mmoe = records.find(({ label, task }) => label === 'MMoE' && task === 'never-married');
  expect(mmoe).toMatchObject({
    mean: String(0.95 - 0.0009),
    relativeGain: String(-0.09 / 0.95),
    intervalLow: String(-0.0009 - 0.0005),
    pHolm: '0.0321',
    verdict: 'worse',
    worstGain: '-0.0009',
    modelVerdict: 'seesaw',
    network: '123456',
    runs: '5',
    reference: 'single-task',
    gains: '{"1":-0.0009,"2":-0.0009,"3":-0.0009,"4":-0.0009,"5":-0.0009}',
    simultaneousHigh: String(-0.0009 + 0.0007),
    level: '0.05',
    seedsToDecide: '',
    oneEpochMean: '',
    searched: '',
    taskWeight: '1',
    aggregateLow: '-0.04',
    aggregateSimultaneousLow: '-0.07',
    aggregatePHolm: '0.4',
    aggregateVerdict: 'undecided',
  });
  expect(records[0]).toMatchObject({ gain: '', p: '', modelVerdict: 'baseline', mean: '0.95', reference: '' });
});

test('in gains.csv a contrast has its reference; the model’s means stand beside its gain', () => {
  const contrasts = recordsOf().filter(({ reference }) => reference !== '' && reference !== 'single-task');
  expect(contrasts.map(({ label, reference, task, gain }) => [label, reference, task, gain])).toEqual([
    ['PLE', 'CGC', 'income', '0.0001'],
    ['PLE', 'CGC', 'never-married', '0.0007'],
    ['PLE', 'MMoE', 'income', '-0.0001'],
    ['PLE', 'MMoE', 'never-married', '0.0002'],
  ]);
  const mean = String(0.95 + 0.0012);
  expect(contrasts[0]).toMatchObject({ mean, meanGain: '', seedsToDecide: '8', modelVerdict: 'better on some' });
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

test('gains.parquet has the rows of models, in unrounded numbers of one type per column', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gains-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const axes = { "dataset's": [0.5] };
  const rows = everyVerdict.rows.map((row) => ({ ...row, axis: { "dataset's": 0.5 } }));
  const path = join(folder, 'gains.parquet');
  await writeGainsParquet(folder, { ...everyVerdict, axes, rows });
  expect(readdirSync(folder)).toEqual(['gains.parquet']);
  const read = await withDatabase(async (database) =>
    (await database.runAndReadAll(`SELECT * FROM '${path}'`)).getRowObjects(),
  );
  expect(read).toHaveLength(2 * 9); // no contrasts
  const gains = everyVerdict.rows.flatMap(({ tasks }) => everyVerdict.tasks.map((task) => tasks[task]?.gain ?? null));
  expect(read.map(({ gain }) => gain)).toEqual(gains);
  expect(read[2]).toMatchObject({
    "dataset's": 0.5,
    label: 'PLE',
    intervalLow: 0.0012 - 0.0005,
    verdict: 'better',
    network: 123456n,
    seedsToDecide: null,
  });
});

test('gains.md is a table of text: no cell, tag or emphasis comes from a name', () => {
  const [answer = '', ...lines] = gainsMarkdown(named)
    .split('\n')
    .slice(0, 4 + named.rows.length);
  const table = lines.slice(1, -1);
  const bars = table.map((line) => line.replaceAll('\\|', '').split('|').length);
  expect(new Set(bars)).toEqual(new Set([10]));
  expect([answer, ...table].join('\n')).not.toMatch(/<|(?<!\\)`|(?<!\\)_|(?<!\\)\*d/);
  expect(table[3]).toMatch(/^\| &lt;script&gt;alert\(1\)&lt;\/script&gt; \|/);
});

test('gains.md has gains that are better or worse in bold, signs, and how to read them', () => {
  const text = gainsMarkdown(everyVerdict);
  expect(text).toContain('| gain [simultaneous interval] | p (Holm) | relative |');
  expect(text).toContain('**+0.00120** [+0.00050, +0.00190] | 0.032 | +0.13 % ▲ |');
  expect(text).toContain('| +0.00010 [-0.00060, +0.00080] | 0.200 | +0.01 % ? |');
  expect(text).toContain('| +0.22 % [+0.11, +0.33] ▲ | 1,000 | 123,456 |');
  expect(text).toContain('| single-task | baseline | 0.95000 ± 0.00021 |  |  |  | 0.95000');
  expect(text).toContain('\n\n| model | over | verdict |');
  expect(text).toContain('| PLE | CGC | better on some | +0.00010 [-0.00060, +0.00080] |');
  expect(text).toContain('A note.');
});

test('gains.tex is a booktabs table in which a name is text; the caption has seeds, interval and test', () => {
  const text = gainsLatex(named);
  expect(text).toContain('t\\textless{}\\textbar{}\\_ (AUC)');
  expect(text).toContain(
    'x\\_1 \\& 50 \\% \\$y\\$ \\#z \\{q\\} \\textbackslash{}n \\textasciitilde{} \\textasciicircum{} `c` *d* & undecided &',
  );
  const body = text.split('\\midrule')[1]?.split('\\bottomrule')[0]?.trim().split('\n') ?? [];
  expect(body).toHaveLength(named.rows.length);
  expect(new Set(body.map((line) => line.split(/(?<!\\)&/).length))).toEqual(new Set([7]));
  const [gains = '', contrasts = ''] = gainsLatex(everyVerdict).split('\\end{table}');
  const caption = gains.split('\\caption{')[1]?.split('\\label')[0] ?? '';
  expect(caption).toContain('seeds 1, 2, 3, 4, 5');
  expect(caption).toContain('gain over single-task $\\pm$ half its interval.');
  expect(gains).toContain("by Holm's method over the 14 gains");
  expect(gains).toContain(
    '& $\\mathbf{-0.00090} \\pm 0.00050\\ \\downarrow$ & $0.032$ & $+0.04 \\pm 0.08\\ ?$ & 1,000 & 123,456',
  );
  expect(contrasts).toContain('PLE & MMoE & undecided & $-0.00010 \\pm 0.00050\\ ?$ & $0.200$');
});
