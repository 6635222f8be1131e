import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../../support/errors.js';
import { file, folds, open, readRows } from './table-loader.fixture.js';

describe('what is wrong is said with file, line, column and reason', () => {
  const good = 'x,y,fold\n1.5,1,\n2.5,0,v\n3.5,1,t\n';
  test.each<[string, string, object, RegExp, (typeof ConfigError | typeof DataError)?]>([
    ['a label of 2', good.replace('2.5,0', '2.5,2'), {}, /data\.csv:3: column 'y' is '2', which is neither 0 nor 1/],
    ['no rows', 'x,y,fold\n', {}, /\/data\.csv has no rows\.$/],
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
    [
      'an unknown column',
      good,
      { tasks: { y: { column: 'fo' } } },
      /dataset\.tasks\.y\.column: \S+\/data\.csv has no column 'fo'.*x, y, fold/,
      ConfigError,
    ],
    [
      'a column by another delimiter',
      good,
      { delimiter: ';' },
      /data\.csv has no column 'y'; there are: x,y,fold\.$/,
      ConfigError,
    ],
    ['a label as an input', good, { columns: { y: 'numeric' } }, /'y' is the label of task 'y'/, ConfigError],
    ['no input', good, { columns: { x: 'ignored' } }, /no column is left/, ConfigError],
  ])('%s', async (_, content, settings, message, kind = DataError) => {
    const opening = open({ path: await file(content), split: folds, ...settings });
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toBeInstanceOf(kind);
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
});

/** The rows of a file with a column `y` of labels, without the inputs' kinds. */
async function read(content: string | Buffer, settings: object = {}) {
  const path = await file(content);
  const columns = { x: 'categorical' };
  const source = await open({ path, columns, split: folds, ...settings });
  return (await readRows(source)).map(({ x }) => x);
}

test('a file whose quotes have lines like rows is read by one thread, where several refuse it', async () => {
  const cell = `"${'a,1,\n'.repeat(4000)}end"`;
  const rows = Array.from(
    { length: 2500 },
    (_, row) => `${row % 5 ? row : cell},${row % 2},${['v', 't'][row] ?? ''}\n`,
  );
  const values = await read(`x,y,fold\n${rows.join('')}`);
  expect(values).toHaveLength(2500);
  expect(values.filter((value) => String(value).endsWith('end'))).toHaveLength(500);
  await expect(read(`x,y,fold\n${rows.join('')}"a,1,\n`)).rejects.toThrow(/data\.csv:\d+: a quote is not closed/);
});

test('a mark of missing values is one, where an empty text is not', async () => {
  const path = await file('x,y,fold\n1.5,1,\nNA,0,\n2.5,1,v\n,0,t\n');
  const settings = { split: folds, missing: ['NA'] };
  const asNumber = open({ path, ...settings, columns: { x: 'numeric' } });
  await expect(asNumber).rejects.toThrow(/csv:5: column 'x' is ''/);
  expect(await read('x,y,fold\nNA,1,\n\x01 ,0,\n\x03,1,v\n,0,t\n', { missing: [] })).toEqual([
    'NA',
    '\x01',
    '\x03',
    '',
  ]);
});
