import { describe, expect, test } from 'vitest';
import { must } from '../../support/must.js';
import { piecewise } from '../mixed-table.fixture.js';
import { changed, every, expectModelServed, expectServed, predicted, trainedRun } from './onnx-file.fixture.js';
import { onnxFile } from './onnx-file.js';

test('an exported file predicts as ple predict does where numbers have bins', async () => {
  const run = await trainedRun(piecewise);
  expect(run.encoding.columns.filter((column) => column.kind === 'scale' && column.edges)).toHaveLength(2);
  await expectServed(run, undefined, 1e-6);
});

describe('an exported file predicts raw columns as ple predict does', async () => {
  const run = await trainedRun();

  test.each(['pepnet', 'aitm'])('%s', (type) => expectModelServed(run, type));

  test('a trained run with all types of tasks, dropout and batch normalisation', () => expectServed(run));

  test('larger constants in a file beside it, where they do not fit', () => {
    expect(onnxFile(run, 'tables').data).toEqual([]);
    const { file, data } = onnxFile(run, 'tables', 10_000);
    expect(data.length).toBeGreaterThan(1);
    expect(file.length).toBeLessThan(onnxFile(run, 'tables').file.length);
    return expectServed(run, 10_000);
  });

  test('a set of parameters for each task', async () => {
    const apart = changed(run, every, {}, true);
    await expectServed(apart);
    const found = await predicted(apart);
    for (const set of apart.sets) {
      const alone = await predicted({ ...apart, sets: [{ ...set, tasks: every }] });
      for (const [column, values] of Object.entries(alone))
        expect(String(values) === String(found[column]), column).toBe(set.tasks.includes(column.split('.')[0] ?? ''));
    }
  });

  test('a model for each task', async () => {
    const wide = changed(run, every, { levels: [[9], [5]] }, true);
    const trained = must(run.sets[0], 'parameters');
    const mixed = { ...wide, sets: wide.sets.map((set, t) => (t < 2 ? set : { ...trained, tasks: set.tasks })) };
    expect(new Set(mixed.sets.map(({ experiment }) => experiment)).size).toBe(2);
    await expectServed(mixed);
  });

  test.each([undefined, 'log'] as const)('networks that predict all tasks together, link %s', async (link) => {
    const { tasks } = run.encoding;
    const encoding = {
      ...run.encoding,
      tasks: tasks.map((task) => (task.type === 'regression' ? { ...task, link, scale: 0.1 } : task)),
    };
    const wide = changed(run, every, { levels: [[9], [5]] });
    const networks = [...run.sets, ...wide.sets, ...changed(run, every, {}).sets];
    await expectServed({ ...run, encoding, sets: networks });
    const found = await predicted({ ...run, encoding, sets: networks });
    const alone: Awaited<ReturnType<typeof predicted>>[] = [];
    for (const set of networks) alone.push(await predicted({ ...run, encoding, sets: [set] }));
    for (const [column, values] of Object.entries(found))
      for (const [row, value] of values.entries()) {
        const ofTask = alone.filter((_, set) => networks[set]?.tasks.includes(column.split('.')[0] ?? ''));
        expect(ofTask).toHaveLength(3);
        const mean = ofTask.reduce((sum, columns) => sum + (columns[column]?.[row] ?? Number.NaN), 0) / 3;
        expect(Math.abs(value - mean) / Math.max(1, Math.abs(mean)), column).toBeLessThan(1e-6);
      }
  });

  test('a log link, the mean of a list, and a column that is constant in training', () => {
    const { columns, tasks } = run.encoding;
    const encoding = {
      ...run.encoding,
      columns: columns.map((column) => {
        if (column.kind === 'list') return { ...column, pool: 'mean' as const };
        return column.name === 'day' && column.kind === 'scale' ? { ...column, deviation: 0 } : column;
      }),
      tasks: tasks.map((task) => (task.name === 'spend' ? { ...task, link: 'log' as const, scale: 0.1 } : task)),
    };
    return expectServed({ ...run, encoding });
  });
});
