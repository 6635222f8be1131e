import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../support/random.js';
import { models } from './catalogue.js';
import type { ModelShape } from './model.js';
import { initialize } from './parameters.js';
import { build, present, startingValues } from './run.fixture.js';

const shape: ModelShape = {
  tasks: ['view', 'click', 'click_buy'],
  categorical: [{ name: 'site', cardinality: 4, embedding: 3 }],
  numeric: ['a', 'b'],
};

describe('15: mixing scalars start near the identity', () => {
  const three = { model: 'sluice', shape, options: { levels: [[4], [4], [4]], tower: [], subspaces: 2 } };
  it.each([
    { ...three, model: 'cross-stitch', options: { levels: [[4], [4]], tower: [] }, name: 'level2.stitch', own: 0.9 },
    { ...three, name: 'level3.alpha', own: 0.95 },
    {
      ...three,
      model: 'cross-stitch',
      options: { levels: [[4], [4]], tower: [], own: 0.4 },
      name: 'level1.stitch',
      own: 0.4,
    },
    { ...three, options: { ...three.options, alpha: 0.3 }, name: 'level1.alpha', own: 0.3 },
  ])('$name: $own', ({ name, own, ...given }) => {
    const { shape: sides, data } = present(startingValues(build(given))[name]);
    const size = present(sides[0]);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const expected = row === column ? own : (1 - own) / (size - 1);
        expect(data[row * size + column]).toBeCloseTo(expected, 6);
      }
    }
  });

  it.each([0.9, 0.5])('beta: %d', (beta) => {
    const given = beta === 0.9 ? three : { ...three, options: { ...three.options, beta } };
    const { shape: sides, data } = present(startingValues(build(given)).beta);
    expect(sides).toEqual([3, 3]);
    for (const [i, value] of data.entries()) expect(value).toBeCloseTo(i % 3 === 2 ? beta : (1 - beta) / 2, 6);
  });

  it('none of it is decayed', () => {
    for (const model of ['cross-stitch', 'sluice']) {
      const built = models.get(model).build(shape, { type: model, levels: [[4], [4]] });
      const parameters = initialize(built.parameters, randomFromSeed(1));
      const scalars = Object.entries(parameters).filter(([, { value }]) => value.shape.length === 2);
      for (const [name, { kind }] of scalars)
        expect(kind, name).toBe(name.includes('embeddings') ? 'embedding' : 'bias');
    }
  });
});
