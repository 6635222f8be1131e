import { dirname, join } from 'node:path';
import { Field, makeData, RecordBatch, Schema, Struct, Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../../support/errors.js';
import { file, folds, open } from './table-loader.fixture.js';

const column = (name: string) => ({ name, data: Int32Array.of(0, 1, 0, 1) });

/** Columns a, a and y. */
function sameNames(): Table {
  const columns = ['a', 'a', 'y'].map((name) => ({ name, values: vectorFromArray(Int32Array.of(0, 1, 0, 1)) }));
  const schema = new Schema(columns.map(({ name, values }) => new Field(name, values.type)));
  const children = columns.flatMap(({ values }) => values.data);
  return new Table([new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: 4, children }))]);
}

describe('what is wrong is said with file, line, column and reason', () => {
  const good = 'x,y,fold\n1.5,1,\n2.5,0,v\n3.5,1,t\n';
  test.each<[string, string, object, RegExp]>([
    ['a row too short', 'x,y,fold\n1.5,1,\n2.5\n', {}, /data\.csv:3: this row has 1 columns, not 3\.$/],
    [
      'a word among numbers',
      good.replace('2.5', 'abc'),
      { columns: { x: 'numeric' } },
      /data\.csv:3: column 'x' is 'abc', which is no number/,
    ],
    ['a label of 2', good.replace('2.5,0', '2.5,2'), {}, /data\.csv:3: column 'y' is '2', which is neither 0 nor 1/],
    [
      'a regression label',
      good.replace('2.5,0', '2.5,no'),
      { tasks: { y: { regression: true } } },
      /data\.csv:3: column 'y' is 'no', which is no number/,
    ],
    [
      'a comparison',
      good.replace('2.5,0', '2.5,no'),
      { tasks: { y: { positive: '> 0' } } },
      /data\.csv:3: column 'y' is 'no', which cannot be compared/,
    ],
    [
      'a row too long, with words of errors',
      `${good}"Out of memory, No space, interrupted",1,t,4\n`,
      {},
      /data\.csv:5: this row has 4 columns, not 3\.$/,
    ],
    ['an open quote', good.replace('2.5', '"2.5'), {}, /data\.csv:\d+: a quote is not closed/],
    ['a quote inside', good.replace('2.5', '"2"5'), {}, /data\.csv:3: .*quote/i],
    ['a NUL byte', good.replace('2.5', '2\0'), {}, /data\.csv:3: there is a NUL byte/],
    ['no rows', 'x,y,fold\n', {}, /\/data\.csv has no rows\.$/],
    ['blank rows', 'x,y,fold\r\n\r\n\r\n', {}, /\/data\.csv has no rows\.$/],
    ['names twice', `x,x,fold\n1,1,1\n`, {}, /data\.csv: two columns are named 'x'; give each a name of its own\.$/],
    [
      'names twice in the config',
      '1,2,1\n',
      { header: ['a', 'a', 'y'] },
      /data\.csv: two columns are named 'a'; give each a name of its own in dataset\.header\.$/,
    ],
    ['no validation rows', good.replace(',v', ','), {}, /No row is in the validation split/],
    [
      'no such time',
      good,
      { split: { time: 'fold' } },
      /data\.csv:2: column 'fold' is '', which is neither a number nor a date/,
    ],
    [
      'a day that no calendar has',
      'x,y,fold\n1.5,1,2024-02-29\n2.5,0,2024-02-30\n',
      { split: { time: 'fold' } },
      /data\.csv:3: column 'fold' is '2024-02-30', which is neither a number nor a date/,
    ],
  ])('%s', async (_, content, settings, message) => {
    const failure = await open({ path: await file(content), tasks: { y: {} }, split: folds, ...settings }).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(DataError);
    expect(failure.message).toMatch(message);
  });

  test.each<[string, object, RegExp]>([
    [
      'an unknown column',
      { tasks: { y: { column: 'fo' } } },
      /dataset\.tasks\.y\.column: \S+\/data\.csv has no column 'fo'.*x, y, fold/,
    ],
    ['a label as an input', { columns: { y: 'numeric' } }, /'y' is the label of task 'y'/],
    ['no input', { columns: { x: 'ignored' } }, /no column is left/],
    [
      'a file and a share',
      { test: 'x.csv', split: { fraction: { test: 0.5 } } },
      /the test split has files of its own/,
    ],
    [
      'no values of a split',
      { split: { column: 'fold', test: 't' } },
      /say which values of 'fold' make the validation split/,
    ],
  ])('%s', async (_, settings, message) => {
    const failure = await open({ path: await file(good), tasks: { y: {} }, split: folds, ...settings }).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(ConfigError);
    expect(failure.message).toMatch(message);
  });

  test.each([
    ['data.parquet', () => new Uint8Array(parquetWriteBuffer({ columnData: ['a', 'a', 'y'].map(column) }))],
    ['data.arrow', () => tableToIPC(sameNames(), 'file')],
  ])('names twice in %s', async (name, content) => {
    const settings = { tasks: { y: {} }, columns: { a: 'numeric' } };
    await expect(open({ path: await file(content(), name), ...settings })).rejects.toThrow(
      /data\.\w+: two columns are named 'a'; give each a name of its own\.$/,
    );
  });

  test('positive labels that no row has: the values that there are', async () => {
    const lines = Array.from({ length: 400 }, (_, row) => `${row / 2},${row % 3 ? 'no' : 'Yes'}`);
    const path = await file(`x,y\n${lines.join('\n')}\n`);
    await expect(open({ path, tasks: { y: { positive: 'yes' } } })).rejects.toThrow(
      "data.csv: no row of column 'y' meets tasks.y.positive; its values are 'no', 'Yes'.",
    );
    await expect(open({ path, tasks: { y: { positive: 'Yes' } } })).resolves.toBeDefined();
  });

  test.each([
    ['data.zip', 'a ZIP archive'],
    ['data.xlsx', 'a spreadsheet'],
  ])('%s is named as %s', async (name, what) => {
    const path = await file('PK', name);
    await expect(open({ path, tasks: { y: {} } })).rejects.toThrow(`${name} is ${what}, which is not read: `);
  });

  test('a file of a split without rows is named', async () => {
    const settings = { path: await file(good), tasks: { y: {} }, split: folds };
    const empty = await file('x,y,fold\n', 'empty.csv');
    const parts = [await file('x,y,fold\n', 'part.csv'), empty];
    await expect(open({ ...settings, test: empty, split: { column: 'fold', validation: 'v' } })).rejects.toThrow(
      /empty\.csv has no rows\.$/,
    );
    await expect(open({ ...settings, path: parts })).rejects.toThrow(/part\.csv and 1 more have no rows\.$/);
    await expect(open({ ...settings, path: [...parts, settings.path] })).resolves.toBeDefined();
  });

  test.each([
    ['names', good, true],
    ['names, in LF', `x\r,y\r,fold${good.slice(8)}`, true],
    ['no names', good.slice(9), false],
  ])('a CR without LF: %s', async (name, text, header) => {
    const content = name === 'names, in LF' ? text : text.replaceAll('\n', '\r');
    const settings = { tasks: { y: { column: 2 } }, split: { column: 3, validation: 'v', test: 't' }, header };
    const failure = await open({ path: await file(content), ...settings }).catch((error) => error);
    expect(failure).toBeInstanceOf(DataError);
    expect(failure.message).toMatch(/data\.csv:1: there is a CR without LF\. Lines must end with LF or CRLF/);
  });

  test.each(['\n', '\r\n'])('the line of a bad row, with line ends %j, also in quotes', async (end) => {
    const start = ['x,y,fold', '"a', '', 'b","1', '",', '', 'c,0,', ''].join(end);
    const settings = { tasks: { y: { regression: true } }, split: folds };
    const lineOf = async (row: string) => {
      const failure = await open({ path: await file(`${start}${row}${end}d,1,v${end}e,1,t${end}`), ...settings }).catch(
        (error) => error,
      );
      return /data\.csv:(\d+): (.*)/.exec(failure.message)?.slice(1);
    };
    expect(await lineOf('c,no,')).toEqual(['8', expect.stringMatching(/column 'y' is 'no'/)]);
    expect(await lineOf('c,no')).toEqual(['8', 'this row has 2 columns, not 3.']);
    expect(await lineOf(`"c${end}c${end}",no,`)).toEqual(['10', expect.stringMatching(/column 'y' is 'no'/)]);
    expect(await lineOf(`${end}"c"c,no,`)).toEqual([
      '9',
      expect.stringMatching(/^Invalid Closing Quote: got "c" instead of/),
    ]);
    expect(await lineOf(`${end}"c,no,`)).toEqual(['9', expect.stringMatching(/^a quote is not closed/)]);
  });

  test('invalid UTF-8, an unknown ending, no file', async () => {
    const bytes = Buffer.from(good);
    bytes[bytes.indexOf('2.5')] = 0xff;
    const settings = { tasks: { y: {} }, split: folds };
    await expect(open({ path: await file(bytes), ...settings })).rejects.toThrow(
      /data\.csv:3: this line is not in UTF-8/,
    );
    await expect(open({ path: await file(good, 'data.doc'), ...settings })).rejects.toThrow(
      /^The ending of .*data\.doc is none of .*\.csv\.zst, .*\.pq, .*; if it is a text file/,
    );
    await expect(open({ path: join(dirname(await file(good)), 'none-*.csv'), ...settings })).rejects.toThrow(
      /No file matches/,
    );
  });
});
