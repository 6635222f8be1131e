import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withDatabase } from '../data/store/database.js';
import { notebookTables } from './notebook-tables.js';
import { reportFixture } from './report.fixture.js';
import type { ReportData } from './report-data.js';

const models = [
  { label: 'single-task', type: 'single-task' },
  { label: 'PLE', type: 'ple' },
];
const tasks = [
  { name: 'click', type: 'binary' },
  { name: 'time', type: 'regression' },
] as const;
const data = await reportFixture({
  models,
  tasks,
  seeds: 3,
  rows: 100,
  spread: 0.02,
  contrasts: [['PLE', 'single-task']],
  axis: { key: 'dataset.correlation', values: [0.2, 1] },
});

/** The rows that DuckDB reads from the tables. `FOLDER` stands for where they are. */
async function read(of: ReportData, sql: string): Promise<readonly Record<string, unknown>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'notebook-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const { name, bytes } of await notebookTables(of)) writeFileSync(join(folder, name), bytes);
  return withDatabase(async (database) => {
    await database.run('SET threads = 1'); // so that rows keep the file's order
    return (await database.runAndReadAll(sql.replaceAll('FOLDER', folder))).getRowObjects();
  });
}

test('gains.parquet has a row per point of the axes, model and task, with the numbers of the comparison', async () => {
  const rows = await read(data, "SELECT * FROM 'FOLDER/gains.parquet'");
  const expected = data.comparison.rows.flatMap((row) =>
    data.comparison.tasks.map((task) => {
      const gain = row.tasks[task];
      return {
        'dataset.correlation': row.axis['dataset.correlation'],
        label: row.label,
        type: row.type,
        task,
        metric: gain?.metric,
        mean: gain?.mean,
        sd: gain?.sd,
        gain: gain?.gain,
        relativeGain: gain?.relativeGain,
        se: gain?.se,
        intervalLow: gain?.interval?.[0] ?? null,
        intervalHigh: gain?.interval?.[1] ?? null,
        p: gain?.p,
        pHolm: gain?.pHolm,
        verdict: gain?.verdict,
        network: BigInt(row.parameters?.network ?? 0),
      };
    }),
  );
  expect(rows).toHaveLength(8); // 2 points, 2 models, 2 tasks; no contrast
  expect(rows).toEqual(expected.map((row) => expect.objectContaining(row)));
  expect(rows.map(({ gain }) => gain === null)).toEqual([true, true, false, false, true, true, false, false]);
});

test('runs.parquet has a row per run and task, with each test metric of either type of task', async () => {
  const rows = await read(data, "SELECT * FROM 'FOLDER/runs.parquet'");
  const expected = data.comparison.rows.flatMap((row) =>
    row.runs.flatMap(({ seed, path }) =>
      data.comparison.tasks.map((task) => {
        const result = data.runs.get(path)?.result;
        const { auc = null, mse = null, aucInterval = null } = result?.tasks[task]?.test ?? {};
        const [low, high] = Array.isArray(aucInterval) ? aucInterval : [null, null];
        const best = result?.bestEpoch;
        return {
          ...{
            'dataset.correlation': row.axis['dataset.correlation'],
            label: row.label,
            seed: BigInt(seed),
            path,
            task,
          },
          ...{ taskType: result?.tasks[task]?.type, auc, mse, aucIntervalLow: low, aucIntervalHigh: high },
          bestEpoch: BigInt((typeof best === 'object' ? best[task] : best) ?? 0),
        };
      }),
    ),
  );
  expect(rows).toHaveLength(24);
  expect(rows).toEqual(expected.map((row) => expect.objectContaining(row)));
  expect(rows[0]).toMatchObject({ auc: expect.any(Number), mse: null, aucIntervalLow: expect.any(Number) });
});

test('the queries of docs/notebook.md run', async () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/notebook.md'), 'utf8');
  const [, block = ''] = /```sql\n([\s\S]*?)```/.exec(page) ?? [];
  const queries = block.split(';').filter((query) => query.trim() !== '');
  expect(queries).toHaveLength(4);
  for (const query of queries) {
    const rows = await read(data, query.replaceAll(/runs\/(quickstart|\*)\//g, 'FOLDER/'));
    expect(rows.length, query).toBeGreaterThan(0);
  }
});
