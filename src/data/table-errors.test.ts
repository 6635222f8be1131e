import { Field, makeData, RecordBatch, Schema, Struct, Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../support/errors.js';
import { file, folds, inFolder, open } from './table-loader.fixture.js';

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
    ['an open quote', good.replace('2.5', '"2.5'), {}, /data\.csv:\d+: a quote is not closed/],
    ['a quote inside', good.replace('2.5', '"2"5'), {}, /data\.csv:3: .*quote/i],
    ['a NUL byte', good.replace('2.5', '2\0'), {}, /data\.csv:3: there is a NUL byte/],
    ['no rows', 'x,y,fold\n', {}, /No row is in the train split/],
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
      /dataset\.tasks\.y\.column: the file has no column 'fo'.*x, y, fold/,
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
    ['data.arrows', () => tableToIPC(sameNames(), 'stream')],
  ])('names twice in %s', async (name, content) => {
    const settings = { tasks: { y: {} }, columns: { a: 'numeric' } };
    await expect(open({ path: await file(content(), name), ...settings })).rejects.toThrow(
      /data\.\w+: two columns are named 'a'; give each a name of its own\.$/,
    );
  });

  test('invalid UTF-8, an unknown ending, no file', async () => {
    const bytes = Buffer.from(good);
    bytes[bytes.indexOf('2.5')] = 0xff;
    const settings = { tasks: { y: {} }, split: folds };
    await expect(open({ path: await file(bytes), ...settings })).rejects.toThrow(
      /data\.csv:3: this line is not in UTF-8/,
    );
    await expect(open({ path: await file(good, 'data.doc'), ...settings })).rejects.toThrow(
      /the ending of .*data\.doc is none of/,
    );
    await expect(open({ path: inFolder('none-*.csv'), ...settings })).rejects.toThrow(/No file matches/);
  });
});
