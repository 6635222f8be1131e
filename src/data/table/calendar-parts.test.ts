import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { withDatabase } from '../store/database.js';
import { openNewRows } from './new-rows.js';
import { file, open, readRows } from './table-loader.fixture.js';

const parts = ['month', 'weekday', 'hour', 'days'] as const;
const start = Date.UTC(2023, 10, 20, 5, 30);
/** Every 7.5 hours. */
const times = Array.from({ length: 300 }, (_, row) => new Date(start + row * 27_000_000));
const y = (row: number) => row % 2;
const expected = times.map((time) => ({
  'at.month': String(time.getUTCMonth() + 1),
  'at.weekday': String(time.getUTCDay() || 7),
  'at.hour': String(time.getUTCHours()),
  'at.days': Math.fround(time.getTime() / 86_400_000),
}));
const settings = { tasks: { y: {} }, columns: { at: { kind: 'time', parts } }, split: { time: 'at' } };

/** Every way of writing the same times. */
async function written(): Promise<Record<string, string>> {
  const csv = (text: (time: Date) => unknown) =>
    file(`at,x,y\n${times.map((time, row) => `${text(time)},${row / 7},${y(row)}\n`).join('')}`);
  const parquet = join(dirname(await file('')), 'rows.parquet');
  const rows = times.map((time, row) => `(${time.getTime()}, ${row / 7}, ${y(row)})`);
  await withDatabase((database) =>
    database.run(
      `COPY (SELECT epoch_ms(t::BIGINT) AS at, x, y FROM (VALUES ${rows.join(', ')}) v(t, x, y)) TO '${parquet}' (FORMAT parquet)`,
    ),
  );
  return {
    iso: await csv((time) => time.toISOString()),
    zone: await csv((time) => new Date(time.getTime() + 7_200_000).toISOString().replace('Z', '+02:00')),
    seconds: await csv((time) => time.getTime() / 1000),
    milliseconds: await csv((time) => time.getTime()),
    parquet,
  };
}

test('parts of times are inputs, whatever way the times are written', async () => {
  for (const [way, path] of Object.entries(await written())) {
    const source = await open({ path, ...settings });
    expect(source.columns.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      ...['at.month categorical', 'at.weekday categorical', 'at.hour categorical', 'at.days numeric', 'x numeric'],
    ]);
    const rows = await Promise.all((['train', 'validation', 'test'] as const).map((split) => readRows(source, split)));
    expect(rows.flat(), way).toMatchObject(expected);
    expect(rows.map(({ length }) => length)).toEqual([240, 30, 30]);
  }
});

test('new rows get them by the way of training, in a file with types too', async () => {
  const { iso = '', parquet = '', seconds = '' } = await written();
  for (const [trained, later] of [
    [iso, iso],
    [iso, parquet],
    [parquet, iso],
    [seconds, seconds],
  ] as const) {
    const { columns } = await open({ path: trained, ...settings });
    const inputs = columns.map(({ name, kind, cells = {} }) => ({ name, kind, cells }));
    const wanted = { inputs, labels: {}, weight: undefined, keep: [] };
    const rows = await openNewRows([later], wanted, {}, { seed: 0, note: () => undefined });
    expect(await readRows(rows.source, 'test')).toMatchObject(expected);
    await rows.release();
  }
});

test('what is no time is refused with its line, as are names that are taken, and columns without times', async () => {
  const failure = async (text: string, more: object = {}) =>
    open({ path: await file(text), ...settings, split: undefined, ...more }).then(() => '', String);
  const lines = times.map((time, row) => `${time.toISOString()},${y(row)}`);
  expect(await failure(`at,y\n${lines.with(7, 'soon,1').join('\n')}\n`)).toMatch(
    /Column 'at' has no times, or none in one format/,
  );
  expect(
    await failure(`at,y\n${lines.map((_, row) => `0${1 + (row % 9)}/0${1 + (row % 8)}/2024,${y(row)}`).join('\n')}\n`),
  ).toMatch(/none in one format that tells days and months apart/);
  expect(await failure(`at,at.hour,y\n${lines.map((line) => line.replace(',', ',1,')).join('\n')}\n`)).toMatch(
    /dataset\.columns\.at: there is a column 'at\.hour' already; rename it/,
  );
  expect(await failure(`at,y\n${lines.map((_, row) => `${1 + row},${y(row)}`).join('\n')}\n`)).toBe('');
  expect(await failure(`at,y\n${lines.map((_, row) => `${1e6 * (1 + row)},${y(row)}`).join('\n')}\n`)).toMatch(
    /has no times/,
  );
});

test('a missing time is a missing value of each part', async () => {
  const path = await file(
    `at,y\n${times.map((time, row) => `${row % 3 ? time.toISOString() : ''},${y(row)}\n`).join('')}`,
  );
  const source = await open({ path, ...settings, split: undefined });
  const rows = await readRows(source, 'train');
  const missing = rows.filter((row) => Number.isNaN(row['at.days']));
  expect(missing.length).toBeGreaterThan(50);
  for (const row of missing) expect([row['at.month'], row['at.weekday'], row['at.hour']]).toEqual(['', '', '']);
});
