import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../../support/errors.js';
import { file, folds, open } from './table-loader.fixture.js';

describe('what is wrong is said with file, line, column and reason', () => {
  const good = 'x,y,fold\n1.5,1,\n2.5,0,v\n3.5,1,t\n';
  test.each<[string, string, object, RegExp]>([
    ['a row too short', 'x,y,fold\n1.5,1,\n2.5\n', {}, /data\.csv:3: this row has 1 columns, not 3\.$/],
    [
      'a missing value behind the last column',
      'x,y,fold\n1.5,1,\na, b,1,\n',
      {},
      /data\.csv:3: this row has 4 columns, not 3\.$/,
    ],
    ['a label of 2', good.replace('2.5,0', '2.5,2'), {}, /data\.csv:3: column 'y' is '2', which is neither 0 nor 1/],
    ['an open quote', good.replace('2.5', '"2.5'), {}, /data\.csv:\d+: a quote is not closed/],
    ['a CR without LF', good.replace('2.5', '2\r5'), {}, /csv:3: there is a CR without LF\. Lines must end with LF/],
    [
      'one before a comma',
      good.replace('2.5,', '2.5\r,'),
      {},
      /csv:3: there is a CR without LF\. Lines must end with LF/,
    ],
    [
      'another delimiter behind names in quotes',
      '"x";"y";"fold"\n1;2;3\n',
      {},
      /data\.csv:1: behind a closing quote stands neither ','/,
    ],
    ['letters behind a quote', good.replace('2.5', '"2"5'), {}, /csv:3: behind a closing quote stands neither ',' nor/],
    ['a NUL byte', good.replace('2.5', '2\0'), {}, /data\.csv:3: there is a NUL byte/],
    ['no rows', 'x,y,fold\n', {}, /\/data\.csv has no rows\.$/],
    ['names twice', `x,x,fold\n1,1,1\n`, {}, /data\.csv: two columns are named 'x'; give each a name of its own\.$/],
    [
      'a day that no calendar has',
      'x,y,fold\n1.5,1,2024-02-29\n2.5,0,2024-02-30\n',
      { split: { time: 'fold' } },
      /data\.csv:3: column 'fold' is '2024-02-30', which is neither a number nor a date/,
    ],
    ...['a:-1', 'a:heavy'].map((entry): [string, string, object, RegExp] => [
      `a list's entry ${entry}`,
      `x,y,fold\nb:0|a:2,1,\nb|${entry},0,v\nb,1,t\n`,
      { columns: { x: { kind: 'list', weights: ':' } } },
      /data\.csv:3: column 'x' is 'b\|a:.+', where the weight of an entry is neither 0 nor a number from 1e-30 to 1e30\.$/,
    ]),
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
    ['a column by another delimiter', { delimiter: ';' }, /data\.csv has no column 'y'; there are: x,y,fold\.$/],
    ['a label as an input', { columns: { y: 'numeric' } }, /'y' is the label of task 'y'/],
    ['no input', { columns: { x: 'ignored' } }, /no column is left/],
  ])('%s', async (_, settings, message) => {
    const failure = await open({ path: await file(good), tasks: { y: {} }, split: folds, ...settings }).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(ConfigError);
    expect(failure.message).toMatch(message);
  });

  test('the line of a bad row, also in quotes', async () => {
    const end = '\r\n';
    const start = ['x,y,fold', '"a', '', 'b","1', '",', '', 'c,0,', ''].join(end);
    const settings = { tasks: { y: { regression: true } }, split: folds };
    const faultyLine = async (row: string) => {
      const failure = await open({ path: await file(`${start}${row}${end}d,1,v${end}e,1,t${end}`), ...settings }).catch(
        (error) => error,
      );
      return /data\.csv:(\d+): (.*)/.exec(failure.message)?.slice(1);
    };
    expect(await faultyLine('c,no,')).toEqual(['8', expect.stringMatching(/column 'y' is 'no'/)]);
    expect(await faultyLine(`"c${end}c${end}",no,`)).toEqual(['10', expect.stringMatching(/column 'y' is 'no'/)]);
    expect(await faultyLine(`${end}"c,no,`)).toEqual(['9', expect.stringMatching(/^a quote is not closed/)]);
  });

  test('invalid UTF-8, an unknown ending', async () => {
    const bytes = Buffer.from(good);
    bytes[bytes.indexOf('2.5')] = 0xff;
    const settings = { tasks: { y: {} }, split: folds };
    await expect(open({ path: await file(bytes), ...settings })).rejects.toThrow(
      /data\.csv:3: this line is not in UTF-8/,
    );
    await expect(open({ path: await file(good, 'data.doc'), ...settings })).rejects.toThrow(
      /data\.doc is read if its ending is \.csv, .* or \.pq; if it is a text file/,
    );
  });
});

test('a gzip file without its end is refused, though all of its rows are there', async () => {
  const text = `x,y\n${Array.from({ length: 50 }, (_, row) => `${row},${row % 2}\n`).join('')}`;
  const path = await file(gzipSync(text).subarray(0, -8), 'data.csv.gz');
  await expect(open({ path, tasks: { y: {} } })).rejects.toThrow(/data\.csv\.gz cannot be read: it ends too early/);
});
