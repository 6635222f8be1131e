import { describe, expect, it, test } from 'vitest';
import { ConfigError } from '../support/errors.js';
import { models } from './catalogue.js';
import type { ModelShape } from './model.js';
import { requiredOptions } from './run.fixture.js';
import { binaryTasks } from './tasks.fixture.js';

const shape: ModelShape = { tasks: binaryTasks('click', 'buy'), categorical: [], numeric: ['a'] };

describe('options that do not fit the tasks or the model are one line of a ConfigError', () => {
  it.each([
    ['ple', { levels: [[4]] }, /two levels or more; with one, say type: cgc/],
    ['ml-mmoe', { levels: [[4]] }, /two levels or more; with one, say type: mmoe/],
    ['asymmetric-sharing', { source: 'buyy' }, /model.source: there is no task 'buyy' \(did you mean 'buy'\?\)/],
    [
      'cgc',
      { experts: { shared: 1, task: { clik: 1, buy: 1 } } },
      /there is no task 'clik' \(did you mean 'click'\?\)/,
    ],
    ['ple', { experts: { shared: 1, task: { click: 1 } } }, /the number of experts of task 'buy' is missing/],
    ['ple', { experts: { shared: 0, task: { click: 1, buy: 0 } } }, /task 'buy' has no expert/],
    ['cross-stitch', { own: 0.4 }, /model.own: it must be between 1\/2 \(equal shares\) and 1, not 0.4/],
    ['sluice', { alpha: 0.2 }, /model.alpha: it must be between 1\/4/],
    ['sluice', { beta: 0.3 }, /model.beta: it must be between 1\/2/],
    ['sluice', { levels: [[4], [6]], subspaces: 4 }, /cannot split width 6 in 4 equal subspaces/],
  ])('%s %o', (type, options, message) => {
    const attempt = () => models.get(type).build(shape, { type, ...options });
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/\n/);
  });

  it.each(['hard-sharing', 'asymmetric-sharing', 'customized-sharing', 'mmoe', 'cgc', 'stem', 'aitm'])(
    '%s has one level',
    (type) => {
      const options = { type, levels: [[4], [4]], ...requiredOptions(type, 'buy', 'click') };
      expect(() => models.get(type).build(shape, options)).toThrow(
        `model.levels: ${type} has one level, not 2; several`,
      );
    },
  );

  it('a layer that no memory holds is refused, before it is made', () => {
    const wide = { type: 'hard-sharing', levels: [[65536, 65536]] };
    expect(() => models.get('hard-sharing').build(shape, wide)).toThrow(/would have 1 x 65536 x 65536 values/);
    const split = { type: 'sluice', levels: [[32768], [32768]], subspaces: 32768 };
    expect(() => models.get('sluice').build(shape, split)).toThrow(/level1\.alpha would have 65536 x 65536 values/);
    expect(() => models.get('mmoe').build(shape, { type: 'mmoe', experts: 1e9 })).toThrow(/1024/);
  });

  it.each(['customized-sharing', 'cgc', 'ple', 'adatt', 'stem'])(
    "%s refuses a task called 'shared', even where no expert is shared",
    (type) => {
      const experts = type === 'customized-sharing' ? {} : { experts: { shared: 0, task: 2 } };
      const attempt = () =>
        models.get(type).build({ ...shape, tasks: binaryTasks('shared', 'buy') }, { type, ...experts });
      expect(attempt).toThrow(/cannot be called/);
    },
  );

  it('no input columns', () => {
    expect(() => models.get('mmoe').build({ ...shape, numeric: [] }, { type: 'mmoe' })).toThrow(/no input columns/);
  });
});

test.each([
  { categorical: [], numeric: ['a', 'b'] },
  { categorical: [{ name: 'site', cardinality: 3, embedding: 2 }], numeric: ['a', 'b'] },
])('fm without two embeddings of equal width is refused: %o', (columns) => {
  const attempt = () =>
    models.get('mmoe').build({ tasks: shape.tasks, ...columns, interaction: 'fm' }, { type: 'mmoe' });
  expect(attempt).toThrow(/inputs.interaction: fm needs two embedded columns of equal width/);
});

describe.each(models.all)('$name', ({ name, build, options }) => {
  const required = requiredOptions(name, 'buy', 'click');

  it('builds with the defaults', () => {
    expect(() => build(shape, { type: name, ...required })).not.toThrow();
  });

  it('without levels, is refused or builds', () => {
    const none = { type: name, ...required, levels: [] };
    if (options.safeParse(none).success) expect(() => build(shape, none)).not.toThrow();
  });

  it('refuses what its schema does not know', () => {
    expect(options.safeParse({ type: name, ...required, towers: [3] }).success).toBe(false);
    expect(options.safeParse({ type: 'other', ...required }).success).toBe(false);
    expect(options.safeParse({ type: name, ...required, levels: [[]] }).success).toBe(false);
    expect(options.safeParse({ type: name, ...required, tower: [0] }).success).toBe(false);
  });
});
