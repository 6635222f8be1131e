import { expect, test } from 'vitest';
import { randomFromSeed } from '../../support/random.js';
import { type SplitName, splitNames } from '../dataset.js';
import { numberKey } from '../encode/number-key.js';
import { literal, queryRows, withDatabase } from '../store/database.js';
import { macros } from './staged-columns.js';
import { file, folds, open, readRows } from './table-loader.fixture.js';

const table = (user: (row: number) => string) =>
  file(`user,x,y\n${Array.from({ length: 1200 }, (_, i) => `${user(i)},${i / 2},${i % 2}`).join('\n')}\n`);
const columns = { user: 'categorical', x: 'numeric' };
const shares = { fraction: { validation: 0.2, test: 0.2 } };

/** How many rows of each user each split has, by number. */
async function users(user: (row: number) => string, split: object) {
  const path = await table(user);
  const source = await open({ path, tasks: { y: {} }, columns, split: { ...shares, ...split } });
  const found = new Map<number, Partial<Record<SplitName, number>>>();
  for (const name of splitNames)
    for (const { user } of await readRows(source, name)) {
      const counts = found.get(Number(user)) ?? {};
      found.set(Number(user), { ...counts, [name]: (counts[name] ?? 0) + 1 });
    }
  return found;
}

const mixed = (row: number) => `${row % 60}${row % 7 < 3 ? '.0' : ''}`;

test('7 and 7.0 are one group: no user is in two splits; a group of one spelling is drawn by it', async () => {
  const found = await users(mixed, { group: 'user' });
  expect(found.size).toBe(60);
  for (const splits of found.values()) expect(Object.keys(splits)).toHaveLength(1);
  const plain = await users((row) => `${row % 60}.0`, { group: 'user' });
  const random = randomFromSeed(0).stream('split');
  for (const [user, splits] of plain) {
    const draw = random.stream(`${user}.0`).uniform();
    expect(Object.keys(splits)).toEqual([draw < 0.2 ? 'test' : draw < 0.4 ? 'validation' : 'train']);
  }
});

test('7 and 7.0 are one stratum, of which each split has its share', async () => {
  const fraction = { validation: 0.05, test: 0.05 }; // of 20 rows, of which 10 are spelled otherwise
  const found = await users((row) => `${row % 60}${row < 600 ? '.0' : ''}`, { stratify: 'user', fraction });
  expect([...found.values()]).toEqual(Array(60).fill({ train: 18, validation: 1, test: 1 }));
});

test('1 and 1.0 are one class, in training, in other splits and in a list', async () => {
  const labels = ['2', '1.0', '0.0', '1', 'true', '2.0', '0.0'];
  const path = await file(`x,fold,kind\n${labels.map((one, i) => `${i},${['v', 't'][i] ?? ''},${one}`).join('\n')}\n`);
  const read = async (multiclass: unknown) => {
    const source = await open({ path, tasks: { kind: { multiclass } }, split: folds, columns: { x: 'numeric' } });
    const rows = [];
    for (const split of ['validation', 'test', 'train'] as const) rows.push(...(await readRows(source, split)));
    return [source.tasks[0]?.classes, rows.map((row) => row['y:kind'])];
  };
  expect(await read(true)).toEqual([
    ['0.0', '1', '2.0'],
    [2, 1, 0, 1, 1, 2, 0],
  ]);
  expect(await read([2, 1, 0])).toEqual([
    ['2', '1', '0'],
    [0, 1, 2, 1, 1, 0, 2],
  ]);
  await expect(read(['1', '1.0'])).rejects.toThrow('a class is listed twice');
});

test('number_key in SQL is numberKey', async () => {
  const texts = ['7', '7.0', '-7.0', '0.0', '-0.0', '07.0', '7.00', '7.10', '1.0e5', 'True', 'FALSE', 'x.0', '.0', ''];
  texts.push('123456789012345.0', '8999999999999999.0', '-8999999999999999.0', '9007199254740993.0', '+1.0');
  await withDatabase(async (database) => {
    for (const macro of macros) await database.run(macro);
    for (const text of texts) {
      const [[key] = []] = await queryRows(database, `SELECT number_key(${literal(text)})`);
      expect([text, key]).toEqual([text, numberKey(text) ?? text]);
    }
  });
});

test('a group that is hashed is told: users that share a value count as one', async () => {
  const path = await table((row) => String(row % 60));
  const notes: string[] = [];
  const of = (user: unknown) => open({ path, tasks: { y: {} }, columns: { user, x: 'numeric' }, group: 'user' }, notes);
  await of({ kind: 'categorical', hash: 16 });
  expect(notes).toEqual([expect.stringMatching(/^dataset\.group: 'user' is hashed to 16 values; .* count together\./)]);
  await of('categorical');
  expect(notes).toHaveLength(1);
});
