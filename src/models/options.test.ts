import { describe, expect, it } from 'vitest';
import { ConfigError } from '../support/errors.js';
import { models } from './catalogue.js';
import type { ModelShape } from './model.js';
import { requiredOptions } from './run.fixture.js';
import { binaryTasks } from './tasks.fixture.js';

const shape: ModelShape = { tasks: binaryTasks('click', 'buy'), categorical: [], numeric: ['a'] };

describe('options that do not fit the tasks or the model are one line of a ConfigError', () => {
  it.each([
    ['asymmetric-sharing', { source: 'buyy' }, /model.source: there is no task 'buyy' \(did you mean 'buy'\?\)/],
    [
      'cgc',
      { experts: { shared: 1, task: { clik: 1, buy: 1 } } },
      /there is no task 'clik' \(did you mean 'click'\?\)/,
    ],
    ['ple', { experts: { shared: 0, task: { click: 1, buy: 0 } } }, /task 'buy' has no expert/],
    ['esmm', { click: 'clik', conversion: 'buy' }, /model.click: there is no task 'clik' \(did you mean 'click'\?\)/],
    ['home', { groups: [['click']] }, /task 'buy' is in no group; add it to one/],
    ['home', { groups: [['click'], ['buy', 'click']] }, /task 'click' is in more than one group/],
    ['cross-stitch', { own: 0.4 }, /model.own: it must be between 1\/2 \(equal shares\) and 1, not 0.4/],
    ['sluice', { levels: [[4], [6]], subspaces: 4 }, /cannot split width 6 in 4 equal subspaces/],
  ])('%s %o', (type, options, message) => {
    const attempt = () => models.get(type).build(shape, { type, ...options });
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow(/\n/);
  });

  it.each([
    [
      'aitm',
      [
        { name: 'click', type: 'binary' },
        { name: 'stay', type: 'regression' },
      ],
      /takes binary tasks alone, and 'stay' is of type regression/,
    ],
    ['esmm', binaryTasks('view', 'click', 'buy'), /takes at most 2, and the config lists 3: remove the others/],
  ] as const)('%s refuses tasks that it cannot take', (type, tasks, message) => {
    const options = { type, ...requiredOptions(type, 'buy', 'click') };
    expect(() => models.get(type).build({ ...shape, tasks }, options)).toThrow(message);
  });

  it.each(['hard-sharing', 'mmoe', 'stem'])('%s has one level', (type) => {
    const options = { type, levels: [[4], [4]], ...requiredOptions(type, 'buy', 'click') };
    expect(() => models.get(type).build(shape, options)).toThrow(`model.levels: ${type} has one level, not 2; several`);
  });

  it('a layer that no memory holds is refused, before it is made', () => {
    const wide = { type: 'hard-sharing', levels: [[65536, 65536]] };
    expect(() => models.get('hard-sharing').build(shape, wide)).toThrow(/would have 1 x 65536 x 65536 values/);
    expect(() => models.get('mmoe').build(shape, { type: 'mmoe', experts: 1e9 })).toThrow(/1024/);
  });

  it('a table has as many rows as 4 GiB hold', () => {
    const of = (cardinality: number) => {
      const categorical = [{ name: 'user', cardinality, embedding: 16 }];
      return models.get('ple').build({ ...shape, categorical }, { type: 'ple' }).parameters['embeddings.16']?.shape;
    };
    expect(of(49_600_000)).toEqual([49_600_000, 16]);
    expect(() => of(2 ** 26 + 1)).toThrow(/67108865 x 16 values: lower inputs\.embedding, raise inputs\.minCount/);
  });

  it.each(['customized-sharing', 'cgc'])(
    "%s refuses a task called 'shared', even where no expert is shared",
    (type) => {
      const experts = type === 'customized-sharing' ? {} : { experts: { shared: 0, task: 2 } };
      const attempt = () =>
        models.get(type).build({ ...shape, tasks: binaryTasks('shared', 'buy') }, { type, ...experts });
      expect(attempt).toThrow(/cannot be called/);
    },
  );
});

it.each(models.all)('$name refuses what its schema does not know, and builds where it may have no levels', (model) => {
  const given = { type: model.name, ...requiredOptions(model.name, 'buy', 'click') };
  expect(model.options.safeParse({ ...given, towers: [3] }).success).toBe(false);
  const none = { ...given, levels: [] };
  if (model.options.safeParse(none).success) expect(() => model.build(shape, none)).not.toThrow();
});
