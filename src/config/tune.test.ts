import { describe, expect, test } from 'vitest';
import { changed, failure, parse, whole } from './comparison.fixture.js';

const shared = '  tune: { train.optimizer.learningRate: [0.1, 0.01] }\n';
const text = changed('  seeds:', `${shared}  seeds:`)
  .replace('experts: 2\n', 'experts: 2\n      tune: { model.experts: [2, 4, 8] }\n')
  .replace('experts: 4 }', 'experts: 4, tune: { model.tower: [[3], [6]], train.batchSize: [8] } }');

describe('a space per model', () => {
  const config = parse(text);

  test('is searched beside that of every model, the last key changing fastest', () => {
    const key = 'train.optimizer.learningRate';
    expect(config.settings('apart')).toEqual([{ [key]: 0.1 }, { [key]: 0.01 }]);
    expect(config.settings('two experts')).toEqual(
      [0.1, 0.01].flatMap((rate) => [2, 4, 8].map((experts) => ({ [key]: rate, 'model.experts': experts }))),
    );
    expect(config.settings('four')).toEqual(
      [0.1, 0.01].flatMap((rate) =>
        [[3], [6]].map((tower) => ({ [key]: rate, 'model.tower': tower, 'train.batchSize': 8 })),
      ),
    );
    const [first = {}] = config.settings('four');
    expect(config.experiment('four', {}, 2, { ...first, 'model.tower': [6] })).toMatchObject({
      model: { type: 'deep', experts: 4, tower: [6] },
      train: { batchSize: 8, optimizer: { learningRate: 0.1 } },
    });
  });

  const withTune = (tune: string, more = '') =>
    changed('experts: 4 }', `experts: 4, tune: ${tune} }`).replace('  seeds:', `${more}  seeds:`);

  test.each([
    [withTune('{ model.expert: [2] }'), /^c\.yaml:8:69: 'compare\.models\.2\.expert': unknown key \(did you mean 'exp/],
    [withTune('{ dataset.mixing: [0, 1] }'), /^c\.yaml:8:54: .*cannot be tuned: .*same data and split/],
    [
      withTune('{ train.epochs: [1, 2] }', '  axes: { train.epochs: [1, 2] }\n'),
      /^c\.yaml:8:54: 'compare\.models\.2\.tune\.train\.epochs': is an axis already/,
    ],
  ])('a mistake is told where it is written: %#', (text, message) => {
    expect(failure(text)).toMatch(message);
    expect(failure(text)).not.toMatch(/\n/);
  });
});

describe('the seed of a search', () => {
  test('does not move when seeds are added', () => {
    const tuneSeeds = (seeds: string) => parse(changed('[2, 5]', seeds)).tuneSeeds;
    expect(tuneSeeds('3')).toEqual([1_000_000]);
    expect(tuneSeeds('[2, 5, 1000001]')).toEqual([1_000_000]);
  });

  test('may be several', () => {
    expect(parse(whole, ['compare.tuneSeed=7']).tuneSeeds).toEqual([7]);
    expect(parse(whole, ['compare.tuneSeed=[7, 9]']).tuneSeeds).toEqual([7, 9]);
    expect(failure(whole, ['compare.tuneSeed=[7, 7]'])).toMatch(/'compare\.tuneSeed': a seed is listed twice/);
  });

  test('is none that is reported', () => {
    const searched = (keys: string) => changed('  seeds: [2, 5]', `${shared}${keys}`);
    expect(failure(searched('  seeds: [2, 5]\n  tuneSeed: [9, 5]'))).toBe(
      "c.yaml:11:3: 'compare.tuneSeed': 5 is one of compare.seeds: a search has seeds of its own.",
    );
    expect(failure(searched('  seeds: [2, 1000000]'))).toMatch(/^c\.yaml:2:1: 'compare\.tuneSeed': 1000000 is one of/);
    expect(parse(changed('[2, 5]', '[2, 1000000]')).seeds).toEqual([2, 1_000_000]); // nothing is searched
  });

  test('draws no other splits: a search would choose by rows that others are tested on', () => {
    const word = 'dataset.splitSeed=run';
    expect(failure(text, [word])).toMatch(
      /^override 'dataset\.splitSeed=run': 'dataset\.splitSeed': run draws other splits/,
    );
    expect(parse(whole, [word]).seeds).toEqual([2, 5]);
  });
});
