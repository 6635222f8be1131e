import { describe, expect, test } from 'vitest';
import { changed, every, expectModelServed, expectServed, trainedRun } from './onnx-file.fixture.js';
import { onnxFile } from './onnx-file.js';

describe('an exported file predicts raw columns as ple predict does', async () => {
  const run = await trainedRun();

  test.each(['pepnet', 'aitm'])('%s', (type) => expectModelServed(run, type));

  test('a trained run with all types of tasks, dropout and batch normalisation', () => expectServed(run));

  test('a run with tables on the host', async () => {
    const large = changed(run, every, {}, { large: 8 });
    expect(Object.keys(large.parameters)).toContain('large.user');
    await expectServed(large);
  });

  test.each([
    ['cross', {}, { interaction: 'cross' }],
    ['a width that is the first batch size', { levels: [[101], [103]] }, {}],
  ])('%s', (_, model, inputs) => expectServed(changed(run, every, model, inputs)));

  test.each([[['income', 'day']], [['tags']]])('%j alone', (names) => {
    const columns = run.encoding.columns.filter(({ name }) => names.includes(name));
    return expectServed(changed({ ...run, encoding: { ...run.encoding, columns } }, every, {}));
  });

  test('a column with the name of an output is refused', () => {
    const columns = run.encoding.columns.map((column) =>
      column.name === 'day' ? { ...column, name: 'buy.logit' } : column,
    );
    expect(() => onnxFile({ ...run, encoding: { ...run.encoding, columns } })).toThrow(/would be called 'buy.logit'/);
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
