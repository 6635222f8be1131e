import { expect, test } from 'vitest';
import { ConfigError } from '../support/errors.js';
import { readDocument } from './document.js';

const text = `dataset: # not of a key below
  columns:
    # above
    a: ignored # a label by its name
    b: ignored
    3: ignored #numbers   the rows
    d: ignored # known after it
               # or not
    e: { kind: list } # of tags
  tasks: { x: ignored, # first
    y: ignored, z: ignored } # beside all
# at the end
`;

test('a value has the comment beside it', () => {
  const { commentAt } = readDocument(text, 'x.yaml', ['dataset.columns.b=numeric', 'dataset.columns.e=ignored']);
  const columns = (key: string) => commentAt(['dataset', 'columns', key]);
  expect(columns('a')).toBe('a label by its name');
  expect(columns('b')).toBeUndefined();
  expect(columns('3')).toBe('numbers the rows');
  expect(columns('d')).toBe('known after it or not');
  expect(columns('e')).toBeUndefined(); // of the value that an override has replaced
  expect(readDocument(text, 'x.yaml').commentAt(['dataset', 'columns', 'e'])).toBe('of tags');
  expect(commentAt(['dataset', 'tasks', 'x'])).toBe('first');
  expect(commentAt(['dataset', 'tasks'])).toBe('beside all');
});

test('a config of 100,000 levels is one error', () => {
  const error = new ConfigError('x.yaml: nested deeper than 100 levels.');
  for (const text of ['['.repeat(100_000), `${'- '.repeat(100_000)}1`])
    expect(() => readDocument(text, 'x.yaml')).toThrow(error);
  expect(() => readDocument('{}', 'x.yaml', [`a=${'{a: '.repeat(100_000)}`])).toThrow("Override 'a': nested deeper");
  expect(readDocument(`${'['.repeat(90)}${']'.repeat(90)}`, 'x.yaml').value).toHaveLength(1);
});

test('an alias without an anchor is told with its place', () => {
  const text = 'train: { epochs: &a 3, batchSize: *a }\nseed: *b\n';
  expect(() => readDocument(text, 'x.yaml')).toThrow("x.yaml:2:7: there is no anchor '&b' before '*b'.");
  expect(readDocument(text.replace('*b', '*a'), 'x.yaml').value).toMatchObject({ seed: 3, train: { batchSize: 3 } });
});
