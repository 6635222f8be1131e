import { Field, Int32, Map_, makeBuilder, Struct, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer, type SchemaElement } from 'hyparquet-writer';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { DataError } from '../../support/errors.js';
import { startingConfig } from '../guess/table-starting-config.js';
import { file, open, rowsOf } from './table-loader.fixture.js';

const rows = 200;
const column = <T>(make: (row: number) => T) => Array.from({ length: rows }, (_, row) => make(row));
const real = Float64Array.from(column(Math.sin));
const y = Int32Array.from(column((row) => row % 2));

function parquet(): Uint8Array {
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  const schema: SchemaElement[] = [
    { name: 'root', num_children: 6 },
    { name: 'x', type: 'DOUBLE', repetition_type: 'REQUIRED' },
    { name: 'st', repetition_type: 'OPTIONAL', num_children: 2 },
    { name: 'a', type: 'INT32', repetition_type: 'OPTIONAL' },
    { name: 'b', ...text, repetition_type: 'OPTIONAL' },
    { name: 'pairs', repetition_type: 'OPTIONAL', converted_type: 'MAP', num_children: 1 },
    { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 },
    { name: 'key', ...text, repetition_type: 'REQUIRED' },
    { name: 'value', type: 'INT32', repetition_type: 'OPTIONAL' },
    { name: 'deep', repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', num_children: 1 },
    { name: 'c', type: 'INT32', repetition_type: 'OPTIONAL' },
    { name: 'json', type: 'BYTE_ARRAY', converted_type: 'JSON', repetition_type: 'OPTIONAL' },
    { name: 'y', type: 'INT32', repetition_type: 'REQUIRED' },
  ];
  const columnData = [
    { name: 'x', data: real },
    { name: 'st', data: column((a) => ({ a, b: 'text' })) },
    { name: 'pairs', data: column((value) => [{ key: 'k', value }]) },
    { name: 'deep', data: column((c) => [{ c }]) },
    { name: 'json', data: column((a) => ({ a })) },
    { name: 'y', data: y },
  ];
  return new Uint8Array(parquetWriteBuffer({ schema, columnData }));
}

function arrow(): Uint8Array {
  const pairs = new Field(
    'entries',
    new Struct<{ key: Utf8; value: Int32 }>([new Field('key', new Utf8()), new Field('value', new Int32())]),
  );
  const map = makeBuilder({ type: new Map_(pairs) });
  for (let row = 0; row < rows; row++) map.append(new Map([['k', row]]));
  return tableToIPC(
    new Table({
      x: vectorFromArray(real),
      st: vectorFromArray(column((a) => ({ a }))),
      pairs: map.finish().toVector(),
      deep: vectorFromArray(column((c) => [{ c }])),
      y: vectorFromArray(y),
    }),
  );
}

test.each([
  ['data.parquet', parquet, { st: 'struct', pairs: 'map', deep: 'list of lists, maps or structs', json: 'json' }],
  ['data.arrow', arrow, { st: 'Struct<', pairs: 'Map<', deep: 'List<Struct<' }],
])(
  '%s: columns of structs and maps are refused where they are used, and can be ignored',
  async (name, content, types) => {
    const path = await file(content(), name);
    const ignored = Object.fromEntries(Object.keys(types).map((column) => [column, 'ignored']));
    const source = await open({ path, tasks: { y: {} }, columns: ignored });
    expect(source.columns.map((column) => column.name)).toEqual(['x']);
    expect((await rowsOf(source, 'train')).length).toBeGreaterThan(100);
    for (const [column, type] of Object.entries(types)) {
      const { [column]: _, ...others } = ignored;
      const failure = await open({ path, tasks: { y: {} }, columns: others }).catch((error) => error);
      expect(failure).toBeInstanceOf(DataError);
      expect(failure.message).toContain(`${path}: column '${column}' is of type '${type}`);
      expect(failure.message).toContain(`leave it out: columns: { ${column}: ignored }.`);
    }
    const text = await startingConfig(path);
    for (const column of Object.keys(types))
      expect(text).toMatch(new RegExp(`^ {4}${column}: ignored # of type .*not supported$`, 'm'));
    const started = await open(parse(text).dataset);
    expect(started.columns.map((column) => column.name)).toEqual(['x']);
  },
);
