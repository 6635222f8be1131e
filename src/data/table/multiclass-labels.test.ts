import { expect, test } from 'vitest';
import { file, folds, open, readRows } from './table-loader.fixture.js';

const folded = (labels: readonly string[], more: readonly string[] = []) =>
  file(
    `x,fold,kind,inside\n${labels.map((label, row) => `${row},${['v', 't'][row] ?? ''},${label},${more[row] ?? 1}`).join('\n')}\n`,
  );
const readLabels = async (source: Awaited<ReturnType<typeof open>>) =>
  (await Promise.all((['validation', 'test', 'train'] as const).map((split) => readRows(source, split)))).flatMap(
    (rows) => rows.map((row) => row['y:kind']),
  );

test('classes are the texts of training rows, in the order of the alphabet; labels are their indexes', async () => {
  const path = await folded(['pear', 'apple', 'fig', 'pear', 'apple', 'fig', '']);
  const source = await open({
    path,
    tasks: { kind: { multiclass: true } },
    split: folds,
    columns: { inside: 'ignored' },
  });
  expect(source.tasks).toEqual([{ name: 'kind', type: 'multiclass', classes: ['apple', 'fig', 'pear'] }]);
  expect(source.columns.map(({ name }) => name)).toEqual(['x']);
  expect(await readLabels(source)).toEqual([2, 0, 1, 2, 0, 1, 'outside']);
});

test('whole numbers have the order of numbers', async () => {
  const path = await folded(['10', '9', '10', '-1', '9']);
  const source = await open({ path, tasks: { kind: { multiclass: true } }, split: folds });
  expect(source.tasks[0]?.classes).toEqual(['-1', '9', '10']);
  expect(await readLabels(source)).toEqual([2, 1, 2, 0, 1]);
});

test('a list gives the classes and their order; one may have no training row', async () => {
  const path = await folded(['3', '1', '2', '1']);
  const source = await open({ path, tasks: { kind: { multiclass: [3, 1, 2, 0] } }, split: folds });
  expect(source.tasks[0]?.classes).toEqual(['3', '1', '2', '0']);
  expect(await readLabels(source)).toEqual([0, 1, 2, 1]);
  await expect(open({ path, tasks: { kind: { multiclass: [3, 1] } }, split: folds })).rejects.toThrow(
    /:4: column 'kind' is '2', which is not listed in dataset.tasks.kind.multiclass/,
  );
});

test('a class that only validation or test has is refused, unless a mask leaves its rows out', async () => {
  const labels = ['kiwi', 'fig', 'fig', 'pear'];
  const tasks = { kind: { multiclass: true } };
  const path = await folded(labels);
  await expect(open({ path, tasks, split: folds })).rejects.toThrow(
    /:2: column 'kind' is 'kiwi', a class that no training row has: list the classes of task 'kind'/,
  );
  const mask = { column: 'inside', equals: 1 };
  const masked = await folded(labels, ['0', '1', '1', '1']);
  const source = await open({ path: masked, tasks: { kind: { multiclass: true, mask } }, split: folds });
  expect(await readLabels(source)).toEqual(['outside', 0, 0, 1]);
});
