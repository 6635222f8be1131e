import { Field, Int32, Map_, makeBuilder, Struct, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { DataError } from '../../support/errors.js';
import { startingConfig } from '../guess/table-starting-config.js';
import { file, open, rowsOf } from './table-loader.fixture.js';

const rows = 200;
const column = <T>(make: (row: number) => T) => Array.from({ length: rows }, (_, row) => make(row));
const real = Float64Array.from(column(Math.sin));
const y = Int32Array.from(column((row) => row % 2));

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

test.each([['data.arrow', arrow, { st: 'Struct<', pairs: 'Map<', deep: 'List<Struct<' }]])(
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
