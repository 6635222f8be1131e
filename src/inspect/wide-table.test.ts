import { DuckDBConnection } from '@duckdb/node-api';
import { expect, test, vi } from 'vitest';
import { file, open } from '../data/table/table-loader.fixture.js';
import { startingConfig } from '../guess/starting-config.js';
import { everything, inspect } from './inspect.js';

/** How often tables are named in statements, each of which binds all columns of a table that it names. */
async function countScans(columns: number): Promise<number> {
  const run = vi.spyOn(DuckDBConnection.prototype, 'run');
  const names = Array.from({ length: columns }, (_, c) => `c${c}`);
  const row = (r: number) =>
    [r % 2, ...names.map((_, c) => ((r * ((c % 30) + 1)) % 41) / (c % 2 === 0 ? 1 : 8))].join();
  const path = await file(
    ['label', ...names].join().concat('\n', Array.from({ length: 60 }, (_, r) => row(r)).join('\n')),
  );
  await startingConfig(path);
  const source = await open({
    path,
    tasks: { label: {} },
    split: { fraction: { validation: 0.2, test: 0.2 } },
  });
  await inspect(source, [{ task: { name: 'label', type: 'binary' }, index: 0 }], everything);
  const statements = run.mock.calls.map(([sql]) => String(sql));
  run.mockRestore();
  return statements.reduce((sum, sql) => sum + sql.split(/\b(?:FROM|INTO|UPDATE) /).length, 0);
}

test('a table five times as wide is guessed, prepared and inspected in the same passes over its rows', async () => {
  expect(await countScans(40)).toBe(await countScans(8));
});

test('the SQL that cleans texts stands once, however many columns there are', async () => {
  const run = vi.spyOn(DuckDBConnection.prototype, 'run');
  const names = Array.from({ length: 30 }, (_, c) => `c${c}`);
  const path = await file(`label,${names}\n${'1,a\n'.replace('a', names.join()).repeat(9)}0, ${names}`);
  await open({ path, tasks: { label: {} }, split: { fraction: { validation: 0.3, test: 0.3 } } });
  const [insert = ''] = run.mock.calls
    .map(([sql]) => String(sql))
    .filter((sql) => sql.startsWith('INSERT INTO staged'));
  run.mockRestore();
  expect(insert.match(/trimmed\(/g)).toHaveLength(1);
});
