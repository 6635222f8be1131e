import { Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { startingConfig } from '../guess/table-starting-config.js';
import { file, open } from './table-loader.fixture.js';

const column = <T>(make: (row: number) => T) => Array.from({ length: 200 }, (_, row) => make(row));

test('columns of structs are refused where they are used, and can be ignored', async () => {
  const table = new Table({
    x: vectorFromArray(Float64Array.from(column(Math.sin))),
    st: vectorFromArray(column((a) => ({ a }))),
    deep: vectorFromArray(column((c) => [{ c }])),
    y: vectorFromArray(Int32Array.from(column((row) => row % 2))),
  });
  const path = await file(tableToIPC(table), 'data.arrow');
  const inputsOf = async (dataset: object) => (await open(dataset)).columns.map(({ name }) => name);
  const settings = { path, tasks: { y: {} } };
  expect(await inputsOf({ ...settings, columns: { st: 'ignored', deep: 'ignored' } })).toEqual(['x']);
  const opening = open({ ...settings, columns: { st: 'ignored' } });
  await expect(opening).rejects.toThrow(
    /data\.arrow: column 'deep' is of type 'List<Struct<.*leave it out: columns: \{ deep: ignored \}\.$/,
  );
  const text = await startingConfig(path);
  expect(text).toMatch(/^ {4}st: ignored # of type .*not supported$/m);
  expect(await inputsOf(parse(text).dataset)).toEqual(['x']);
});
