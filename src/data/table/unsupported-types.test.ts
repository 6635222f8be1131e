import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { startingConfig } from '../../guess/starting-config.js';
import { literal, withDatabase } from '../store/database.js';
import { file, open } from './table-loader.fixture.js';

test('columns of structs are refused where they are used, and can be ignored', async () => {
  const path = await file('', 'data.parquet');
  await withDatabase((database) => {
    const columns = "sin(i) AS x, {'a': i} AS st, [{'c': i}] AS deep, (i % 2)::INTEGER AS y";
    return database.run(`COPY (SELECT ${columns} FROM range(200) t(i)) TO ${literal(path)}`);
  });
  const inputNames = async (dataset: object) => (await open(dataset)).columns.map(({ name }) => name);
  const settings = { path, tasks: { y: {} } };
  expect(await inputNames({ ...settings, columns: { st: 'ignored', deep: 'ignored' } })).toEqual(['x']);
  const opening = open({ ...settings, columns: { st: 'ignored' } });
  await expect(opening).rejects.toThrow(
    /data\.parquet: column 'deep' is of type 'list of lists, maps or structs'.*leave it out: columns: \{ deep: ignored \}\.$/,
  );
  const text = await startingConfig(path);
  expect(text).toMatch(/^ {4}st: ignored # of type .*not supported$/m);
  expect(await inputNames(parse(text).dataset)).toEqual(['x']);
});
