import { expect, test } from 'vitest';
import { ConfigError } from '../support/errors.js';
import { readDocument } from './document.js';

test('a config of 100,000 levels is one error', () => {
  const error = new ConfigError('x.yaml: nested deeper than 100 levels.');
  for (const text of ['['.repeat(100_000), `${'- '.repeat(100_000)}1`])
    expect(() => readDocument(text, 'x.yaml')).toThrow(error);
  expect(() => readDocument('{}', 'x.yaml', [`a=${'{a: '.repeat(100_000)}`])).toThrow("Override 'a': nested deeper");
  expect(readDocument(`${'['.repeat(90)}${']'.repeat(90)}`, 'x.yaml').value).toHaveLength(1);
});

test('models may be chosen by the names that the config has for them, and by their types', () => {
  const text =
    'compare: { models: [{ type: single-task }, { label: big, type: ple, levels: [[9]] }, { type: ple }] }\n';
  const models = (word: string) => readDocument(text, 'x.yaml', [`compare.models=${word}`]).value;
  expect(models('[single-task, big, mmoe, { type: cgc }]')).toEqual({
    compare: {
      models: [
        { type: 'single-task' },
        { label: 'big', type: 'ple', levels: [[9]] },
        { type: 'mmoe' },
        { type: 'cgc' },
      ],
    },
  });
  expect(models('ple')).toEqual({ compare: { models: 'ple' } });
  expect(readDocument('{}', 'x.yaml', ['compare.models=[ple]']).value).toEqual({
    compare: { models: [{ type: 'ple' }] },
  });
});

test('a number as a weight is its initial value, a name as the model its type; messages name the override', () => {
  const text = 'model: { type: ple, levels: [[9]] }\nloss: { weights: { a: { initial: 2, ratio: 0.9 } } }\n';
  const { value, locate } = readDocument(text, 'x.yaml', ['loss.weights.a=3', 'loss.weights.b=4', 'model=mmoe']);
  expect(value).toEqual({
    model: { type: 'mmoe' },
    loss: { weights: { a: { initial: 3, ratio: 0.9 }, b: { initial: 4 } } },
  });
  expect(locate(['loss', 'weights', 'b'])).toBe("override 'loss.weights.b=4'");
  expect(locate(['loss', 'weights', 'a'])).toBe('x.yaml:2:20');
  expect(locate(['loss', 'weights', 'a', 'initial'])).toBe("override 'loss.weights.a=3'");
});

test('a key of axes, tune or front has its points as an override, too', () => {
  const { value, locate } = readDocument('{}', 'x.yaml', [
    'compare.axes.train.epochs=[1, 2]',
    'compare.tune={ a.b: [3] }',
  ]);
  expect(value).toEqual({ compare: { axes: { 'train.epochs': [1, 2] }, tune: { 'a.b': [3] } } });
  expect(locate(['compare', 'axes', 'train.epochs'])).toBe("override 'compare.axes.train.epochs=[1, 2]'");
});

test('names with points are quoted in an override', () => {
  const words = ['dataset.columns."device.type"=ignored', 'loss.weights."a.b"=3'];
  expect(readDocument('{}', 'x.yaml', words).value).toEqual({
    dataset: { columns: { 'device.type': 'ignored' } },
    loss: { weights: { 'a.b': { initial: 3 } } },
  });
});

test('an alias without an anchor is told with its place', () => {
  const text = 'train: { epochs: &a 3, batchSize: *a }\nseed: *b\n';
  expect(() => readDocument(text, 'x.yaml')).toThrow("x.yaml:2:7: there is no anchor '&b' before '*b'.");
  expect(readDocument(text.replace('*b', '*a'), 'x.yaml').value).toMatchObject({ seed: 3, train: { batchSize: 3 } });
});
