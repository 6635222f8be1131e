import { expect, test } from 'vitest';
import { inputsSchema, taskSchema } from '../../config/parts.js';
import { DataError } from '../../support/errors.js';
import type { Source } from '../dataset.js';
import { encode } from '../encode/encode.js';
import { splitRows } from '../write/write-file.js';
import { file, folds, open, readRows } from './table-loader.fixture.js';
import { openNewRows } from './table-loader.js';

const folded = (labels: readonly string[], more: readonly string[] = []) =>
  file(
    `x,fold,kind,inside\n${labels.map((label, row) => `${row},${['v', 't'][row] ?? ''},${label},${more[row] ?? 1}`).join('\n')}\n`,
  );
const readLabels = async (source: Awaited<ReturnType<typeof open>>) =>
  (await readRows(source)).map((row) => row['y:kind']);

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

const labelled = (label: (row: number) => string) =>
  file(`x,ill\n${Array.from({ length: 200 }, (_, row) => `${row / 7},${label(row)}`).join('\n')}\n`);
/** Positive 100 times, negative 60 times. */
const answers = (row: number) =>
  row < 100 ? 'yes' : row < 160 ? 'no' : row < 190 ? 'unknown' : row < 197 ? 'YES' : 'n o';

test.each<[what: string, options: object, notes: string[]]>([
  [
    'values that are not named, and spellings of one that is',
    { positive: 'yes' },
    [
      "Column 'ill' has labels to check: 'yes' (100), 'YES' (7), 'unknown' (30). For task 'ill', what 'positive' does not name is 0: is that meant? Else name it, or list it in dataset.missing.",
    ],
  ],
  [
    'a list that names all spellings',
    { positive: ['yes', 'YES'] },
    [
      "Column 'ill' has labels to check: 'unknown' (30). For task 'ill', what 'positive' does not name is 0: is that meant? Else name it, or list it in dataset.missing.",
    ],
  ],
  [
    'spellings of a class',
    { multiclass: true },
    [
      "Column 'ill' has labels to check: 'yes' (100), 'YES' (7), 'no' (60), 'n o' (3). For task 'ill', each spelling is a class: is that meant? Else write them alike, or name one class by all its spellings (positive: […]).",
    ],
  ],
  ['all but one value', { positive: '!= no' }, []],
])('labels that may be wrong are told: %s', async (_, options, expected) => {
  const notes: string[] = [];
  await open({ path: await labelled(answers), tasks: { ill: options }, columns: { x: 'numeric' } }, notes);
  expect(notes).toEqual(expected);
});

test('no label is told of two values, of numbers in two spellings, of a comparison and of published data', async () => {
  const notes: string[] = [];
  const read = async (label: (row: number) => string, positive: string, more: object = {}) =>
    open({ path: await labelled(label), tasks: { ill: { positive } }, columns: { x: 'numeric' }, ...more }, notes);
  await read((row) => (row % 2 ? 'yes' : row % 4 ? 'no' : 'No.'), 'yes');
  await read((row) => ['1', '1.0', '0', '0.0'][row % 4] ?? '', '1');
  await read((row) => String(row % 5), '> 2');
  await read(answers, 'yes', { page: 'https://example.org' });
  expect(notes).toEqual([]);
});

test('a label that no row meets is refused, with its values', async () => {
  const tasks = { ill: { positive: 'Y' } };
  await expect(open({ path: await labelled(answers), tasks, columns: { x: 'numeric' } })).rejects.toThrow(
    /: no row of column 'ill' meets tasks\.ill\.positive; its values are 'yes', /,
  );
});

/** The notes on new rows of a model whose label `ill` is positive where it is `yes`. */
async function newRowNotes(label: (row: number) => string): Promise<readonly string[]> {
  const notes: string[] = [];
  const wanted = {
    ...{ inputs: [{ name: 'x', kind: 'numeric' } as const], keep: [], weight: undefined },
    labels: { ill: { regression: false, positive: 'yes' } },
  };
  const context = { seed: 1, note: (message: string) => notes.push(message) };
  const rows = await openNewRows([await labelled(label)], wanted, {}, context);
  await rows.release();
  return notes;
}

test('labels of new rows that may be wrong are told, and that none is positive', async () => {
  expect(await newRowNotes(answers)).toEqual([
    "Column 'ill' has labels to check: 'yes' (100), 'YES' (7), 'unknown' (30). For task 'ill', what 'positive' does not name is 0: is that meant?",
  ]);
  expect(await newRowNotes((row) => (row % 4 ? 'Yes' : 'No'))).toEqual([
    "Column 'ill' has labels to check: 'No' (50). For task 'ill', what 'positive' does not name is 0: is that meant?",
    "Of the new rows, no row of column 'ill' meets tasks.ill.positive; its values are 'Yes', 'No'.",
  ]);
  expect(await newRowNotes((row) => (row % 4 ? 'no' : 'yes'))).toEqual([]);
});

const column = (value: (row: number) => number | string) =>
  file(`x,y\n${Array.from({ length: 200 }, (_, i) => `${value(i)},${i % 4}`).join('\n')}\n`);
const columns = { x: 'numeric' };
const label = { regression: true };

test('labels that become one 32-bit float are refused', async () => {
  const labels = async (value: (row: number) => number | string) =>
    open({ path: await column(value), tasks: { t: { column: 'x', ...label } }, columns: { y: 'numeric' } });
  await expect(labels((row) => 1e9 + (row % 4))).rejects.toThrow(
    /^Column 'x': as 32-bit floats, its values from 1000000000 to 1000000003 are all 1000000000, .* 't': subtract a constant, such as 1000000000\.$/,
  );
  await expect(labels((row) => `${1 + (row % 4)}e-60`)).rejects.toThrow(
    /its values from 1e-60 to 4e-60 are all 0, .*: multiply them by a constant\.$/,
  );
  await labels(() => 0.1);
});

test.each<[string, (row: number) => number | string, string[]]>([
  [
    'seconds of a quarter of an hour',
    (row) => 1_700_000_000 + 4.5 * row,
    [
      "Column 'x': 32-bit floats change its values by up to 64, and they differ by at most 896: subtract a constant, such as 1700000000.",
    ],
  ],
  ['seconds of a year', (row) => 1_700_000_000 + 158_000 * row, []],
  ['whole numbers up to 2^24', (row) => 16_000_000 + row, []],
  ['one value', () => 0.1, []],
  ['missing values, and a range that has 0', (row) => (row % 3 ? `-${row}e-9` : 'NA'), []],
])('inputs that lie too close together get a note: %s', async (_, value, expected) => {
  const notes: string[] = [];
  await open({ path: await column(value), tasks: { y: label }, columns }, notes);
  expect(notes).toEqual(expected);
});

const rows = Array.from({ length: 60 }, (_, row) => `${row / 7},${row % 2},,${row % 3},c${row % 4}\n`).join('');
const tasks = { click: {}, rare: {}, plan: { multiclass: true, mask: { column: 'kind', equals: 'c1' } } };

test('labels of tasks that are not asked for are not read, and are no inputs; rows and checksum stay', async () => {
  const path = await file(`x,click,rare,plan,kind\n${rows}`);
  await expect(open({ path, tasks })).rejects.toThrow("no training row is in the sample space of task 'rare'");
  const one = await open({ path, tasks }, [], { tasks: ['click'] });
  expect(one.tasks.map(({ name }) => name)).toEqual(['click']);
  expect(one.columns.map(({ name }) => name)).toEqual(['x']);
  const two = await open({ path, tasks }, [], { tasks: ['plan', 'click'] });
  expect(two.tasks.map(({ name }) => name)).toEqual(['click', 'plan']);
  expect(two.checksum).toBe(one.checksum);
  expect(two.splits.test.rows).toBe(one.splits.test.rows);
  const asInput = await open({ path, tasks, columns: { plan: 'categorical' } }, [], { tasks: ['click'] });
  expect(asInput.columns.map(({ name }) => name)).toEqual(['x', 'plan']);
});

const csv = 'x,y,w,fold\n1.5,1,2,\n2.5,0,0,\n3.5,1,0.25,v\n4.5,,1e3,t\n5.5,0, 3 ,t\n';
const settings = { split: folds, columns: { x: 'numeric' }, weight: 'w' };

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

// y has weights of its own. Its third row has no label, and so needs none.
const ofTask = 'x,y,z,w,v,fold\n1.5,1,0,2,3,\n2.5,0,1,1,0,\n3.5,,1,1,,\n4.5,1,0,0.5,4,v\n5.5,0,1,1,1,t\n';
const ofTaskSettings = {
  tasks: { y: { weight: 'v' }, z: {} },
  split: folds,
  columns: { x: 'numeric' },
  others: 'ignored',
};

test('a task’s weights are multiplied by those of rows; other tasks do not see them, and weight 0 is outside', async () => {
  const path = await file(ofTask);
  const source = await open({ path, ...ofTaskSettings, weight: 'w' });
  expect(source.columns.map(({ name }) => name)).toEqual(['x']);
  expect(await readRows(source, 'train')).toEqual([
    { x: 1.5, 'y:y': 1, 'weight:y': 6, 'y:z': 0, weight: 2 },
    { x: 2.5, 'y:y': 'outside', 'weight:y': 0, 'y:z': 1, weight: 1 },
    { x: 3.5, 'y:y': 'outside', 'weight:y': 0, 'y:z': 1, weight: 1 },
  ]);
  const tasks = ['y', 'z'].map((name) => taskSchema.parse({ name, type: 'binary' }));
  const masks = async (given: Source) => [
    ...(await (await encode(given, inputsSchema.parse({}), tasks)).splits.validation.read(0)).masks,
  ];
  expect(await masks(source)).toEqual([2, 0.5]);
  expect(await masks(await open({ path, ...ofTaskSettings }))).toEqual([4, 1]);
});

test.each([
  ['', 'missing'],
  ['-1', 'negative'],
  ['x', 'no number'],
])('a task’s weight of "%s" (%s) is a data error with file, line and task', async (weight) => {
  const path = await file(ofTask.replace('2.5,0,1,1,0', `2.5,0,1,1,${weight}`));
  await expect(open({ path, ...ofTaskSettings })).rejects.toThrow(
    `data.csv:3: column 'v' is '${weight}'; the weight of task 'y' is 0, or a number from 1e-30 to 1e30, for every row of its sample space.`,
  );
});

test('a product with the row’s weight that is too large is told', async () => {
  const path = await file(ofTask.replace('1.5,1,0,2,3', '1.5,1,0,1e20,1e20'));
  await expect(open({ path, ...ofTaskSettings, weight: 'w' })).rejects.toThrow(
    "data.csv:2: column 'v' is '1e20'; the weight of task 'y', times dataset.weight, is 0, or a number from 1e-30",
  );
});

test.each([{ y: { weight: 'y' } }, { liked: { column: 2, weight: '2' } }])(
  'labels are not their own weights: %j',
  async (tasks) => {
    await expect(open({ path: await file(ofTask), ...ofTaskSettings, tasks })).rejects.toThrow(
      "is the column of the task's labels",
    );
  },
);

test('new rows have the weights of their labels, and need their column', async () => {
  const inputs = [{ name: 'x', kind: 'numeric' } as const];
  const wanted = { inputs, labels: { y: { regression: false, weight: 'v' } }, weight: undefined, keep: [] };
  const context = { seed: 1, note: () => undefined };
  const rows = await openNewRows([await file('x,y,v\n0.5,1,2\n1.5,0,0\n')], wanted, { exact: false }, context);
  expect(await readRows(rows.source, 'test')).toEqual([
    { x: 0.5, 'y:y': 1, 'weight:y': 2 },
    { x: 1.5, 'y:y': 'outside', 'weight:y': 0 },
  ]);
  await rows.release();
  await expect(openNewRows([await file('x,y,z\n0.5,1,2\n')], wanted, { exact: false }, context)).rejects.toThrow(
    /data\.csv has no column 'v'.*, the weight of task 'y' \(dataset\.tasks\.y\.weight of the run\)/,
  );
});

test('other programs get the weights of labels in a column', async () => {
  const source = await open({ path: await file(ofTask), ...ofTaskSettings });
  let text = '';
  for await (const bytes of splitRows(source, [0, 1], () => undefined)) text += Buffer.from(bytes).toString();
  const [header, ...lines] = text.trimEnd().split('\n');
  expect(header).toBe('split,row,binary.y,weight.y,binary.z,number.x');
  expect(lines.slice(-2)).toEqual(['validation,3,1,4,0,4.5', 'test,4,0,1,1,5.5']);
});
