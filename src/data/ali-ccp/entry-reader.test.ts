import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EntryReader, IdMap } from './entry-reader.js';
import { fields } from './fields.js';

const fail = (message: string): never => {
  throw new Error(message);
};

function read(...rows: string[]) {
  const reader = new EntryReader(fields, rows.length);
  const counts = rows.map((text) => {
    const bytes = Buffer.from(`..${text}..`, 'latin1');
    return reader.read(bytes, 2, bytes.length - 2, fail);
  });
  reader.resolve();
  return { counts, reader };
}

/** A row's entries of a list field: ids and values. */
function entriesOf(reader: EntryReader, row: number, name: string) {
  const place = fields.findIndex((field) => field.name === name);
  const ids = reader.ids.get(place)?.ids ?? [];
  const [begin, end] = [reader.ends[row - 1] ?? 0, reader.ends[row] ?? 0];
  return Array.from({ length: end - begin }, (_, i) => begin + i)
    .filter((e) => reader.places[e] === place)
    .map((e) => [ids[(reader.indexes[e] ?? 0) - 1], reader.values[e]]);
}

const singleOf = (reader: EntryReader, name: string) => reader.singles.find(({ field }) => field.name === name);

const decimal = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(String),
  fc.nat().map(String),
  fc.double({ noNaN: true, min: 0, max: 100 }).map((value) => value.toFixed(5)),
  fc.constantFrom('1.0', '0.69315', '.5', '5.', '1e-3', '-2', '00.50'),
);
const entry = fc.tuple(fc.constantFrom('210', '109_14', '853'), fc.nat({ max: 50 }), decimal);

test('lists have the entries of a plain reading, in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.array(entry), { minLength: 1, maxLength: 4 }), (rows) => {
      const texts = rows.map((row) =>
        row.map(([name, id, value]) => `${name}\u0002${id}\u0003${value}`).join('\u0001'),
      );
      const { counts, reader } = read(...texts);
      expect(counts).toEqual(rows.map((row) => row.length));
      for (const [r, row] of rows.entries()) {
        for (const name of ['210', '109_14', '853']) {
          const expected = row.filter(([field]) => field === name);
          expect(entriesOf(reader, r, name)).toEqual(expected.map(([, id, value]) => [id, Math.fround(Number(value))]));
        }
      }
    }),
  );
});

test('rows that are forgotten leave nothing behind, but ids keep their indexes', () => {
  const { reader } = read('205\u00025\u00031\u0001210\u00021\u00031', '205\u00026\u00031');
  reader.clear();
  const bytes = Buffer.from('210\u00021\u00032', 'latin1');
  reader.read(bytes, 0, bytes.length, fail);
  reader.resolve();
  expect(singleOf(reader, '205')?.indexes[0]).toBe(0);
  expect(entriesOf(reader, 0, '210')).toEqual([[1, 2]]);
  expect(reader.ids.get(fields.findIndex(({ name }) => name === '205'))?.count).toBe(2);
});

test('names are told apart to the last sign', () => {
  const { counts, reader } = read(
    ['0210', '2100', '21', '210_', '109_141', 'abc', '', '21x'].map((name) => `${name}\u00021\u00031`).join('\u0001'),
  );
  expect(counts).toEqual([8]);
  expect(reader.unread).toEqual({
    count: 8,
    names: new Set(['0210', '2100', '21', '210_', '109_141', 'abc', '', '21x']),
  });
});

test('of several entries of a single field the heaviest is kept, of equal ones the first, and the row is counted once', () => {
  const { reader } = read(
    ['205\u00025\u00031', '205\u00026\u00032', '205\u00027\u00032', '206\u00021\u00031'].join('\u0001'),
    '206\u00022\u00031',
  );
  const [items, categories] = [singleOf(reader, '205'), singleOf(reader, '206')];
  expect([...(items?.indexes ?? [])]).toEqual([1, 0]);
  expect([...(reader.ids.get(fields.findIndex(({ name }) => name === '205'))?.ids ?? [])]).toEqual([6]);
  expect([...(categories?.indexes ?? [])]).toEqual([1, 2]);
  expect([items?.repeated, categories?.repeated]).toEqual([1, 0]);
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
