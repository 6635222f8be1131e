import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FieldColumn } from './ali-ccp-columns.js';
import { EntryReader } from './ali-ccp-entries.js';
import { fields } from './ali-ccp-fields.js';
import { IdMap } from './id-map.js';

const fail = (message: string): never => {
  throw new Error(message);
};

function read(text: string) {
  const columns = fields.map((field) => new FieldColumn(field, 2));
  const reader = new EntryReader(columns);
  const bytes = Buffer.from(`..${text}..`, 'latin1');
  const count = reader.read(bytes, 2, bytes.length - 2, fail);
  for (const column of columns) column.endRow();
  return { count, unread: reader.unread, column: (name: string) => columns.find(({ field }) => field.name === name) };
}

const decimal = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(String),
  fc.nat().map(String),
  fc.double({ noNaN: true, min: 0, max: 100 }).map((value) => value.toFixed(5)),
  fc.constantFrom('1.0', '0.69315', '.5', '5.', '1e-3', '-2', '00.50'),
);
const entry = fc.tuple(fc.constantFrom('210', '109_14', '853'), fc.nat({ max: 50 }), decimal);

test('lists have the entries of a plain reading, in their order', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const text = entries.map(([field, id, value]) => `${field}\u0002${id}\u0003${value}`).join('\u0001');
      const { count, column } = read(text);
      expect(count).toBe(entries.length);
      for (const name of ['210', '109_14', '853']) {
        const [values, ids] = [column(name)?.values, column(name)?.ids.ids ?? []];
        if (!values || !('indexes' in values)) throw new Error('no list');
        const expected = entries.filter(([field]) => field === name);
        const length = values.offsets[1] ?? 0;
        expect(Array.from(values.indexes.subarray(0, length), (index) => ids[index - 1])).toEqual(
          expected.map(([, id]) => id),
        );
        expect([...(values.weights?.subarray(0, length) ?? [])]).toEqual(
          expected.map(([, , value]) => Math.fround(Number(value))),
        );
      }
    }),
  );
});

test('names are told apart to the last sign', () => {
  const { count, unread } = read(
    ['0210', '2100', '21', '210_', '109_141', 'abc', '', '21x'].map((name) => `${name}\u00021\u00031`).join('\u0001'),
  );
  expect(count).toBe(8);
  expect(unread).toEqual({ count: 8, names: new Set(['0210', '2100', '21', '210_', '109_141', 'abc', '', '21x']) });
});

test('of several entries of a single field the heaviest is kept, of equal ones the first, and the row is counted once', () => {
  const { column } = read(
    ['205\u00025\u00031', '205\u00026\u00032', '205\u00027\u00032', '206\u00021\u00031'].join('\u0001'),
  );
  expect([...(column('205')?.ids.ids ?? [])]).toEqual([5, 6, 7]);
  expect(column('205')?.values).toEqual(Int32Array.of(2, 0));
  expect(column('205')?.repeated).toBe(1);
  expect(column('206')?.repeated).toBe(0);
});

test.each([
  '205',
  '205\u00021',
  '205\u0002\u00031',
  '205\u0002x\u00031',
  '205\u00021\u0003',
  '205\u00021\u0003\u00011',
  '205\u00021\u00031\u0001',
  '\u0001',
  '205\u00021\u0003NaN',
  '205\u00022147483648\u00031',
])('damage %j is told', (text) => {
  expect(() => read(text)).toThrow(/is not a field|ends in a separator/);
});

test('ids keep their indexes while the map grows', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat({ max: 3000 }), fc.nat()), { maxLength: 3000 }), (asked) => {
      const map = new IdMap();
      const expected = new Map<number, number>();
      for (const id of asked) {
        if (!expected.has(id)) expected.set(id, expected.size + 1);
        expect(map.index(id)).toBe(expected.get(id));
      }
      expect([...map.ids]).toEqual([...expected.keys()]);
    }),
    { numRuns: 20 },
  );
});
