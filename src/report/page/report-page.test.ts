import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { drawCharts } from '../charts/draw-charts.js';
import { comparisonRow, everyVerdict, taskGain } from '../comparison.fixture.js';
import { reportFixture } from '../report.fixture.js';
import type { ReportData } from '../report-data.js';
import { reportPage } from './report-page.js';

const bare = (changes: Partial<ReportData> = {}): ReportData => ({
  comparison: everyVerdict,
  runs: new Map(),
  command: 'ple compare --config a.yaml',
  config: 'name: a',
  ...changes,
});

/** A page's cells, row by row, of the table with this caption. */
function tableOf(page: string, caption: string): { readonly key: string | undefined; readonly text: string }[][] {
  const table = page.split('<table').find((part) => part.includes(`>${caption}</caption>`)) ?? '';
  const body = table.split('<tbody>')[1]?.split('</tbody>')[0] ?? '';
  return body
    .split('<tr')
    .slice(1)
    .map((row) =>
      [...row.matchAll(/<t[dh]([^>]*)>(.*?)<\/t[dh]>/g)].map(([, attributes = '', content = '']) => ({
        key: /data-value="([^"]*)"/.exec(attributes)?.[1],
        text: content.replace(/<small>/g, ' ').replace(/<[^>]*>/g, ''),
      })),
    );
}

test('the page leads with the verdict in words', () => {
  const page = reportPage(bare(), []);
  const text = page.slice(page.indexOf('<body>')).replace(/<[^>]*>/g, '');
  expect(text.trim().split(/\n+/).slice(0, 2)).toEqual([
    'every verdict',
    'PLE is better than single-task on both tasks.',
  ]);
  expect(page).toContain('<li>MMoE shows a seesaw: better than single-task on income by 0.00130 AUC');
  expect(page).toContain('<p>A note.</p>');
});

test('a row of gains: sorted by the unrounded value, read with its interval', () => {
  const rows = tableOf(reportPage(bare(), []), 'Gains');
  const mmoe = rows.find(([label]) => label?.text === 'MMoE');
  expect(mmoe).toEqual([
    { key: undefined, text: 'MMoE' },
    { key: '3', text: 'seesaw' },
    { key: String(0.95 + 0.0013), text: '0.95130 ± 0.00021' },
    { key: '0.0013', text: '▲ better: +0.00130 [+0.00080, +0.00180]' },
    { key: '0.0321', text: '0.032' },
    { key: String(0.13 / 0.45), text: '+0.29 %' },
    { key: String(0.95 - 0.0009), text: '0.94910 ± 0.00021' },
    { key: '-0.0009', text: '▼ worse: −0.00090 [−0.00140, −0.00040]' },
    { key: '0.0321', text: '0.032' },
    { key: String(-0.09 / 0.45), text: '−0.20 %' },
    { key: '0.0002', text: '+0.00020 worst −0.00090' },
    { key: '123456', text: '123,456' },
  ]);
});

test('many models without a difference are folded away below those with one', () => {
  const rows = ['single-task', 'a', 'b', 'c', 'd', 'PLE'].map((label) => {
    const verdict = label === 'PLE' ? 'better on some' : label === 'single-task' ? null : 'no difference seen';
    return comparisonRow(label, { verdict, tasks: { income: taskGain(0.001, 'better') } });
  });
  const page = reportPage(bare({ comparison: { ...everyVerdict, tasks: ['income'], rows } }), []);
  expect(page).toMatch(
    /<ul class="words"><li>PLE is better .*<\/li><\/ul><details class="words"><summary>No difference seen: a, b, c and d<\/summary>/,
  );
});

test('what is not defined is a dash, without a value to sort by', () => {
  const rows = tableOf(reportPage(bare(), []), 'Gains');
  const failed = rows.find(([label]) => label?.text === 'Failed')?.slice(1) ?? [];
  expect(failed).toHaveLength(11);
  expect(new Set(failed.map(({ key, text }) => `${text}${key}`))).toEqual(new Set(['–']));
});

test('with axes a table per point, each with its own rows', () => {
  const rows = [0.2, 1].flatMap((value) =>
    ['single-task', 'PLE'].map((label) =>
      comparisonRow(label, {
        axis: { 'dataset.correlation': value },
        tasks: { income: taskGain(label === 'PLE' ? value / 1000 : null, null) },
      }),
    ),
  );
  const axes = { 'dataset.correlation': [0.2, 1] };
  const page = reportPage(bare({ comparison: { ...everyVerdict, tasks: ['income'], axes, rows } }), []);
  const gains = [0.2, 1].map((value) => tableOf(page, `Gains at dataset.correlation = ${value}`)[1]?.[3]?.key);
  expect(gains).toEqual(['0.0002', '0.001']);
  expect(tableOf(page, 'Models at dataset.correlation = 1')).toHaveLength(2);
});

test('a model’s parameters, epochs, time and speed; its config and runs; data, versions and command', () => {
  const data = reportFixture({ models: [{ label: 'single-task', type: 'single-task' }], seeds: 3, rows: 50 });
  const page = reportPage(data, []);
  const run = (seed: number) => data.runs.get(data.comparison.rows[0]?.runs[seed - 1]?.path ?? '');
  const seconds = [1, 2, 3].flatMap((seed) => run(seed)?.epochs.map((epoch) => epoch.seconds) ?? []);
  const total = seconds.reduce((sum, value) => sum + value, 0) / 3;
  const [row] = tableOf(page, 'Models');
  expect(row?.map(({ text }) => text).slice(2)).toEqual([
    ...['100,000', '5,000', '6 5 to 7', '7 6 to 8', total.toFixed(1), '50,000', '3'],
  ]);
  const { test } = run(1)?.result.tasks.income ?? {};
  for (const part of [
    `<th scope="row">income</th><td class="number">50</td><td class="number">${test?.positives}</td>`,
    'learningRate: 0.001',
    'c0ffee'.repeat(10),
    '<dt>node</dt><dd>v20.19.0</dd>',
    '<dt>cpu.model</dt><dd>A processor</dd>',
    '<dt>seeds</dt><dd>1, 2, 3</dd>',
    '>ple compare --config configs/fixture/compare.yaml</pre>',
    `seed 2: <code>${run(2)?.path}</code>, done`,
  ])
    expect(page).toContain(part);
});

test('the page asks for nothing and runs one script, by its own policy', () => {
  const page = reportPage(reportFixture({ seeds: 2, rows: 50 }), []);
  const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? '';
  const hash = createHash('sha256').update(script).digest('base64');
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`);
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).not.toMatch(
    /\b(src|srcset|action|poster)="|href="(?!#)|@import|url\((?!#)|<(link|iframe|object|embed|base)\b/,
  );
});

test('scatters of three tasks stand in a matrix, with one caption; others beside each other, each with its own', async () => {
  const tasks = ['a', 'b', 'c'].map((name) => ({ name, type: 'binary' as const }));
  const made = reportFixture({ tasks, seeds: 2, rows: 100, epochs: 3 });
  const page = reportPage({ ...bare(), ...made }, await drawCharts({ ...bare(), ...made }));
  const matrix = /<figure class="matrix" style="--columns: 2">(.*?)<\/figure>/s.exec(page)?.[1] ?? '';
  expect([...matrix.matchAll(/<div style="([^"]*)"><svg/g)].map(([, style]) => style)).toEqual([
    '--row: 1; --column: 1',
    '--row: 2; --column: 1',
    '--row: 2; --column: 2',
  ]);
  expect(matrix.match(/<figcaption>/g)).toHaveLength(1);
  const section = page.split('<section id="gains">')[1]?.split('</section>')[0] ?? '';
  expect(section.match(/<figure><svg/g)).toHaveLength(3);
  expect(section.match(/<figcaption>/g)).toHaveLength(3);
});

test('what a config or a data set says is text everywhere, in charts too', async () => {
  const tag = '<script>alert(1)</script>';
  const breakout = `"><img src=x onerror='alert(2)'>`;
  const made = reportFixture({
    tasks: [
      { name: tag, type: 'binary' },
      { name: 'b', type: 'binary' },
    ],
    models: [
      { label: 'single-task', type: 'single-task' },
      { label: breakout, type: 'mmoe' },
    ],
    seeds: 2,
    rows: 200,
    axis: { key: 'dataset.correlation', values: [0.5] },
  });
  const { comparison } = made;
  const rename = <Value>(record: Readonly<Record<string, Value>>, key: string) =>
    Object.fromEntries(Object.entries(record).map(([, value]) => [key, value]));
  const data: ReportData = {
    runs: new Map(
      [...made.runs].map(([path, run]) => [
        path,
        {
          ...run,
          environment: { [tag]: { [breakout]: tag } },
          result: { ...run.result, dataset: { ...run.result.dataset, checksum: breakout } },
        },
      ]),
    ),
    command: `ple ${breakout}`,
    config: `name: ${tag}`,
    comparison: {
      ...comparison,
      name: breakout,
      notes: [tag],
      axes: { [tag]: [breakout] },
      rows: comparison.rows.map((row) => ({
        ...row,
        axis: rename(row.axis, breakout),
        type: row.type === 'mmoe' ? `${row.type}${tag}` : row.type,
        tuned: { [breakout]: tag },
      })),
    },
  };
  const page = reportPage(data, await drawCharts(data));
  expect(page).toContain('<figure><svg');
  const tags = page.match(/<[a-z!/][^>]*>/gi)?.map((text) => text.replace(/"[^"]*"/g, '')) ?? [];
  expect(tags.filter((text) => /alert|onerror|img|src/.test(text))).toEqual([]);
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).toContain('<li>seed 1: <code>');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).toContain('&quot;&gt;&lt;img src=x onerror=&#39;alert(2)&#39;&gt;');
});
