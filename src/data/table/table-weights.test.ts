import { expect, test } from 'vitest';
import { DataError } from '../../support/errors.js';
import { file, folds, open, readRows } from './table-loader.fixture.js';

const csv = 'x,y,w,fold\n1.5,1,2,\n2.5,0,0,\n3.5,1,0.25,v\n4.5,,1e3,t\n5.5,0, 3 ,t\n';
const settings = { tasks: { y: {} }, split: folds, columns: { x: 'numeric' }, weight: 'w' };

test('a column of weights is read with the rows, and is no input', async () => {
  const source = await open({ path: await file(csv), ...settings });
  expect(source.columns.map(({ name }) => name)).toEqual(['x']);
  expect(await readRows(source, 'train')).toEqual([
    { x: 1.5, 'y:y': 1, weight: 2 },
    { x: 2.5, 'y:y': 0, weight: 0 },
  ]);
  expect(await readRows(source, 'validation')).toEqual([{ x: 3.5, 'y:y': 1, weight: 0.25 }]);
  expect(await readRows(source, 'test')).toEqual([
    { x: 4.5, 'y:y': 'outside', weight: 1000 },
    { x: 5.5, 'y:y': 0, weight: 3 },
  ]);
});

test('columns put it among the inputs; without masks it is there too', async () => {
  const path = await file(csv.replace(',,1e3', ',1,1e3'));
  const source = await open({ path, ...settings, columns: { x: 'numeric', w: 'numeric' } });
  expect(source.columns.map(({ name }) => name)).toEqual(['x', 'w']);
  expect(source.masked).toBe(false);
  expect((await readRows(source, 'test'))[0]).toEqual({ x: 4.5, w: 1000, 'y:y': 1, weight: 1000 });
});

test.each(['', '-1', '1e-300', '1e31'])('a weight of "%s" is a data error with file and line', async (weight) => {
  const failure = await open({ path: await file(csv.replace('2.5,0,0', `2.5,0,${weight}`)), ...settings }).catch(
    (error) => error,
  );
  expect(failure).toBeInstanceOf(DataError);
  expect(failure.message).toMatch(
    `data.csv:3: column 'w' is '${weight}'; a weight is 0, or a number from 1e-30 to 1e30, and every row has one.`,
  );
});
