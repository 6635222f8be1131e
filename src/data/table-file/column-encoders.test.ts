import { expect, test } from 'vitest';
import { columnEncoder } from './column-encoders.js';

test('a column with over a million different values is noted once, and hash keeps none', () => {
  const notes: string[] = [];
  const ids = Array.from({ length: 2 ** 20 + 2 }, (_, id) => `${id}`);
  const encode = (hash: number | undefined) => {
    const encoder = columnEncoder({ index: 0, name: 'user', kind: 'list', separator: ',', hash }, (message) =>
      notes.push(message),
    );
    const picked = {
      records: [[ids.slice(0, -2)], [ids.slice(-2)], [ids.slice(-2)]],
      place: String,
      missing: () => false,
    };
    encoder.encode({ ...picked, rows: [0] });
    expect(notes).toEqual([]);
    encoder.encode({ ...picked, rows: [1, 2] });
  };
  encode(1000);
  expect(notes).toEqual([]);
  encode(undefined);
  expect(notes).toEqual([
    `Column 'user' has more than 1048576 different values, which are all kept in memory; a hash bounds it: columns: { user: { kind: list, hash: 1000000, separator: "," } }.`,
  ]);
});
