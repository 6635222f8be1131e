import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { comparisonRow, everyVerdict, taskGain } from './comparison.fixture.js';
import { comparisonTable } from './comparison-table.js';

test('a line per model and task, with the verdict in the first and the mean gain below', () => {
  const lines = comparisonTable(everyVerdict, { colour: false }).split('\n');
  const words = (line: string | undefined) => line?.trim().split(/ {2,}/);
  expect(words(lines[0])).toEqual(['model', 'task', 'AUC ± sd', 'gain ± 95 %', 'p', 'relative', 'verdict']);
  expect(words(lines[1])).toEqual(['single-task', 'income', '0.95000 ± 0.00021', 'baseline']);
  const mmoe = lines.findIndex((line) => line.startsWith('MMoE'));
  expect(words(lines[mmoe])).toEqual([
    ...['MMoE', 'income', '0.95130 ± 0.00021', '+0.00130 ± 0.00050*', '0.032', '+0.29 %', 'seesaw'],
  ]);
  expect(words(lines[mmoe + 1])).toEqual([
    ...['123,456 parameters', 'never-married', '0.94910 ± 0.00021', '-0.00090 ± 0.00050*', '0.032', '-0.20 %'],
  ]);
  expect(words(lines[mmoe + 2])).toEqual(['mean gain', '+0.00020']);
  expect(words(lines.find((line) => line.startsWith('Failed')))?.slice(-4)).toEqual(['-', '-', '-', '-']);
});

test('a table fits 112 columns, its columns are aligned with and without colour', () => {
  const plain = comparisonTable(everyVerdict, { colour: false });
  const table = plain.split('\n\n')[0]?.split('\n') ?? [];
  expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(112);
  const coloured = comparisonTable(everyVerdict, { colour: true });
  expect(stripVTControlCharacters(coloured)).toBe(plain);
});

test('only gains beyond noise are coloured: green is better, red is worse', () => {
  const coloured = comparisonTable(everyVerdict, { colour: true });
  const painted = (code: number) =>
    [...coloured.matchAll(new RegExp(`\\u001b\\[${code}m(\\S+)`, 'g'))].map(([, gain]) => gain);
  expect(painted(32)).toEqual(['+0.00120', '+0.00080', '+0.00110', '+0.00130']);
  expect(painted(31)).toEqual(['-0.00090', '-0.00140']);
});

test('below the table: the interval, the family, the gain that would have been seen, the notes', () => {
  const text = comparisonTable(everyVerdict, { colour: false });
  expect(text).toContain('with the same seed (t distribution)');
  expect(text).toContain('over the 10 gains of the table');
  expect(text).toContain('5 seeds would have shown a gain of 0.00070 on income and 0.00090 on never-married');
  expect(text).toContain('\nA note.\n');
  const untested = { ...everyVerdict, rows: everyVerdict.rows.slice(0, 1), seeds: [1] };
  expect(comparisonTable(untested, { colour: false })).not.toMatch(/Holm|would have|95 %|interval/);
  const overRows = { ...everyVerdict, uncertainty: 'rows' as const, seeds: [1] };
  expect(comparisonTable(overRows, { colour: false })).toContain(
    'seen, as many test rows would have shown a gain of 0',
  );
});

test('tasks of several metrics have theirs beside them', () => {
  const row = comparisonRow('single-task', {
    tasks: { income: taskGain(null, null), age: taskGain(null, null, { metric: 'mse', mean: 12.3, sd: 1 }) },
  });
  const lines = comparisonTable({ ...everyVerdict, tasks: ['income', 'age'], rows: [row] }, { colour: false }).split(
    '\n',
  );
  expect(lines[0]).toMatch(/^model +task +metric +mean ± sd +gain +p +relative +verdict$/);
  expect(lines[2]).toMatch(/age +MSE +12\.3 ± 1\.0$/);
});

test('a mean gain in another metric than the tasks are judged by says so', () => {
  const metric = { metric: 'mse', mean: 12.3, sd: 1, interval: null, se: 0.1 };
  const tasks = { age: taskGain(-1, null, metric), pay: taskGain(-3, null, metric) };
  const rows = [comparisonRow('single-task', {}), comparisonRow('PLE', { tasks, meanGain: -0.0321 })];
  const text = comparisonTable({ ...everyVerdict, tasks: ['age', 'pay'], rows }, { colour: false });
  expect(text).toMatch(/\n +mean NMSE gain +-0\.032\n/);
});

test('a table per point of the axes', () => {
  const rows = [0.2, 1].flatMap((value) =>
    ['single-task', 'PLE'].map((label) =>
      comparisonRow(label, {
        axis: { 'dataset.correlation': value },
        tasks: { income: taskGain(label === 'PLE' ? value / 1000 : null, null) },
      }),
    ),
  );
  const axes = { 'dataset.correlation': [0.2, 1] };
  const text = comparisonTable({ ...everyVerdict, tasks: ['income'], axes, rows }, { colour: false });
  const [first = '', second = ''] = text.split('\n\n');
  expect(first).toMatch(/^dataset\.correlation = 0\.2\nmodel/);
  expect(first).toContain('+0.00020');
  expect(first).not.toContain('+0.00100');
  expect(second).toMatch(/^dataset\.correlation = 1\nmodel[\s\S]*\+0\.00100/);
});

test('control characters of a label do not reach the terminal', () => {
  const rows = everyVerdict.rows.map((row) => ({ ...row, label: `${row.label}\u001b[2J\n` }));
  const text = comparisonTable({ ...everyVerdict, rows }, { colour: false });
  expect(text).toContain('MMoE\ufffd[2J\ufffd ');
  expect(text).not.toContain('\u001b');
  const coloured = comparisonTable({ ...everyVerdict, rows }, { colour: true });
  const codes = [31, 32, 39].map((code) => `\u001b[${code}m`);
  expect(codes.reduce((rest, code) => rest.replaceAll(code, ''), coloured)).toBe(text);
});
