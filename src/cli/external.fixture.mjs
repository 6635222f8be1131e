// A program that the test's config names as an external model. It predicts from the labels of the test rows, which it has:
// right where `shift` is 0. It notes each call in calls.txt, and fails while the file `broken` is there.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';

const folder = process.argv.at(-1);
const { seed, rows, tasks } = JSON.parse(readFileSync(join(folder, 'task.json'), 'utf8'));
appendFileSync('calls.txt', `${seed} ${tasks.map(({ name }) => name).join(' ')}\n`);
if (existsSync('broken')) {
  process.stdout.write('first line\n');
  process.stderr.write('no such luck\n');
  process.exit(3);
}
const read = async (split) =>
  (await parquetReadObjects({ file: await asyncBufferFromFile(rows[split]) })).map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
    ),
  );
const [train, test] = [await read('train'), await read('test')];
writeFileSync(
  `seen-${seed}.json`,
  JSON.stringify({ columns: Object.keys(train[0]), train: train.slice(0, 4), rows: [train.length, test.length] }),
);
const predictionCells = (row, { type, label, outputs, classes }) => {
  const value = row[label];
  if (type === 'regression') return [value];
  if (type === 'binary') return [value === null ? '' : value === 1 ? 0.9 : 0.2];
  return outputs.map((_, index) => (classes[index] === value ? 0.8 : 0.2 / (classes.length - 1)));
};
const lines = test.map((row) => tasks.flatMap((task) => predictionCells(row, task)).join(','));
writeFileSync(
  join(folder, 'predictions.csv'),
  [tasks.flatMap(({ outputs }) => outputs.map((name) => JSON.stringify(name))).join(','), ...lines, ''].join('\n'),
);
