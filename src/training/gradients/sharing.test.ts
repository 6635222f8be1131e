import { describe, expect, it } from 'vitest';
import { models } from '../../models/catalogue.js';
import { namesOf } from '../../models/model.js';
import { mixed, three } from '../../models/model-tests.fixture.js';
import { build, shapeFor, smallOptions } from '../../models/run.fixture.js';
import { definitions } from '../definitions.js';
import { findSharing, type Sharing, smoothed } from './sharing.js';

const tasks = three.map(({ name }) => ({ name, type: 'binary', offset: 0, scale: 1 }) as const);

/** @param ids of each categorical column; left out: a few */
function sharingOfModel(model: string, ids?: number): Sharing {
  const shape = shapeFor(model, { tasks: three, ...mixed });
  const [first = '', second = ''] = namesOf(shape.tasks);
  const given = { ...smallOptions(model, first, second), activation: 'relu' as const };
  const dataset = {
    tasks: tasks.slice(0, shape.tasks.length),
    categorical: shape.categorical.map((column) => ({ ...column, cardinality: ids ?? column.cardinality })),
    numeric: shape.numeric.map((name) => ({ name })),
    lists: [],
  };
  return findSharing(dataset, ({ categorical }) =>
    build({ model, shape: { ...shape, categorical }, options: smoothed(given) }),
  );
}

describe('what the losses of several tasks reach', () => {
  it('of CGC: experts of a task are its own, among others that are shared', () => {
    // Three tasks with two experts each, then two shared ones.
    const experts = Object.entries(sharingOfModel('cgc').reach).filter(([name]) => name.includes('expert'));
    expect(experts.length).toBeGreaterThan(0);
    for (const [, part] of experts) expect(part).toEqual([...Array(6).fill(false), true, true]);
  });

  it('of PLE: all experts of the first level are shared, through the shared gate', () => {
    const sharing = sharingOfModel('ple');
    const first = Object.entries(sharing.reach).filter(
      ([name]) => name.startsWith('level1.') && name.includes('expert'),
    );
    expect(first.length).toBeGreaterThan(0);
    for (const [, part] of first) expect(part).toBe('all');
  });

  it.each([
    ['omoe', ['level1.experts.1.weight']], // not its one gate, which stands before the experts
    ['ple', ['level2.experts.0.weight']],
    ['aitm', ['bottoms.1.weight']], // the links are not reached by the first task
    ['pepnet', ['embeddings.2', 'embeddings.3']],
  ])('of %s: the last layer that every task reaches', (model, last) => {
    expect(sharingOfModel(model).last).toEqual(last);
  });

  it.each(models.names)('of %s: the same with ten million ids as with a few', (model) => {
    expect(sharingOfModel(model, 10_000_000)).toEqual(sharingOfModel(model));
  });

  it('of networks apart: nothing; of every other model: something', () => {
    for (const model of models.names) {
      const sharing = sharingOfModel(model);
      const independent = Object.values(sharing.reach).every((part) => part === 'none');
      expect(independent, model).toBe([definitions.baseline, 'auxiliary'].includes(model));
    }
  });
});
