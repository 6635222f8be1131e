import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { folderOfFile } from '../support/folder.fixture.js';
import { definitions } from '../training/definitions.js';
import { run } from '../training/run.js';
import { opened, predicted } from './predict-rows.fixture.js';
import { slicings } from './slices.js';

const folder = folderOfFile();
const mark = '\ufeff';

/** Values that differ in a mark alone decide the label: a category, a group, and a class. */
const line = (row: number) => {
  const [marked, other] = [row % 2 ? mark : '', row % 3 ? mark : ''];
  return `${marked}x,${other}g,${marked}e|f,${row / 8},${row % 2},${marked}k\n`;
};
const lines = Array.from({ length: 240 }, (_, row) => line(row)).join('');

test('values that begin with a byte-order mark are values of their own: in training, predictions, slices and columns that are kept', async () => {
  const path = join(folder, 'rows.csv');
  writeFileSync(path, `name,group,list,${mark}n,y,class\n${lines}`);
  const text = `name: marks
dataset:
  loader: table
  path: ${path}
  exact: true
  cache: ${join(folder, 'cache')}
  tasks: { y: {}, class: { multiclass: true } }
  columns: { name: categorical, group: categorical, list: { kind: list } }
  group: group
tasks: [{ name: y, type: binary }, { name: class, type: multiclass }]
model: { type: hard-sharing, levels: [[4]], tower: [4] }
train: { epochs: 8, batchSize: 16, optimizer: { type: adam, learningRate: 0.05 } }
engine: { device: cpu, threads: 1 }
`;
  const { path: trained } = await run(parseExperiment(text, 'marks.yaml', [], definitions), {
    runs: join(folder, 'runs'),
    overwrite: true,
    predictions: true,
    signal: new AbortController().signal,
    on: () => undefined,
  });
  const { columns, tasks } = JSON.parse(readFileSync(join(trained, 'encoding.json'), 'utf8'));
  const valuesOf = (name: string) => columns.find((column: { name: string }) => column.name === name).values.toSorted();
  expect(valuesOf('name')).toEqual(['x', `${mark}x`]);
  expect(valuesOf('group')).toEqual(['g', `${mark}g`]);
  expect(valuesOf('list')).toEqual(['e', 'f']); // blanks around entries never count
  expect(tasks[1].classes).toEqual(['k', `${mark}k`]);

  await predicted(trained, path, join(folder, 'out.csv'), 'label', ['name']);
  const [header, ...rows] = readFileSync(join(folder, 'out.csv'), 'utf8').trimEnd().split('\n');
  expect(header).toBe(`name,y.probability,class.probability.k,class.probability.${mark}k`);
  for (const [row, cells] of rows.map((cells) => cells.split(',')).entries()) {
    expect(cells[0]).toBe(row % 2 ? `${mark}x` : 'x');
    expect(Number(cells[1]) > 0.5).toBe(row % 2 === 1);
  }

  const { rows: kept, run: served } = await opened(trained, path, ['name'], true);
  const [slicing] = await slicings(kept.file, ['name'], served.encoding);
  expect(slicing?.slices.map(({ name, rows }) => [name, rows])).toEqual([
    ['x', 120],
    [`${mark}x`, 120],
  ]);
  expect([...(slicing?.of ?? [])].slice(0, 4)).toEqual([0, 1, 0, 1]);
  expect([...((await kept.dataset.splits.test.groups?.()) ?? [])].slice(0, 4)).toEqual([0, 1, 1, 0]);
  await kept.release();
});
