import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { temporaryFolder } from '../support/folder.fixture.js';
import { readDocument } from './document.js';
import { type ConfigNode, originOf, plainNode, withNode } from './node.js';

test.each(['['.repeat(100_000), '- '.repeat(100_000)])('a config of 100,000 levels is one error', (text) => {
  expect(() => readDocument(text, 'x.yaml')).toThrow('x.yaml: nested deeper than 100 levels.');
  expect(() => readDocument('{}', 'x.yaml', [`a=${text}`])).toThrow("': nested deeper than 100 levels.");
});

test.each([
  ['inputs: !!binary "AAAA"', 'x.yaml:1:9: not valid YAML: Unresolved tag: tag:yaml.org,2002:binary'],
  ['a: 1\n? [a]\n: 1', 'x.yaml:2:3: a key is a text, no list or mapping.'],
  ['a: { ? { b: 1 } : 1 }', 'x.yaml:1:8: a key is a text, no list or mapping.'],
  ['a: &list [b]\n? *list\n: 1', 'x.yaml:1:10: a key is a text, no list or mapping.'],
])('%j, which a config has no use for, is one error', (text, message) => {
  expect(() => readDocument(text, 'x.yaml')).toThrow(message);
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
  const document = readDocument(text, 'x.yaml', ['loss.weights.a=3', 'loss.weights.b=4', 'model=mmoe']);
  const at = (path: string[]) => originOf(document, path);
  expect(document.value).toEqual({
    model: { type: 'mmoe' },
    loss: { weights: { a: { initial: 3, ratio: 0.9 }, b: { initial: 4 } } },
  });
  expect(at(['loss', 'weights', 'b']).text).toBe("override 'loss.weights.b=4'");
  expect(at(['loss', 'weights', 'a']).text).toBe('x.yaml:2:20');
  expect(at(['loss', 'weights', 'a', 'initial']).text).toBe("override 'loss.weights.a=3'");
});

test('a key of axes or tune has its points as an override, too', () => {
  const document = readDocument('{}', 'x.yaml', ['compare.axes.train.epochs=[1, 2]', 'compare.tune={ a.b: [3] }']);
  expect(document.value).toEqual({ compare: { axes: { 'train.epochs': [1, 2] }, tune: { 'a.b': [3] } } });
  expect(originOf(document, ['compare', 'axes', 'train.epochs']).text).toBe(
    "override 'compare.axes.train.epochs=[1, 2]'",
  );
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

const shop = `# Visits of a shop.
loader: table
query: sql/shop.sql
files: { visits: visits.csv, people: people.csv }
variables: { last: 5, share: 0.1 }
split: { column: part, validation: v, test: t }
tasks:
  bought: {}
  spent: { column: price, regression: true }
`;
const sql = "SELECT getvariable('last') FROM visits\n";

const datasetOf = ({ value }: ConfigNode) => z.object({ dataset: z.looseObject({}) }).parse(value).dataset;

/** Reads a config beside `shop.yaml`. */
function read(dataset: string, words: readonly string[] = [], file = shop) {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'sql'));
  writeFileSync(join(folder, 'shop.yaml'), file);
  writeFileSync(join(folder, 'sql', 'shop.sql'), sql);
  return { folder, read: () => readDocument(`dataset:\n  ${dataset}\n`, join(folder, 'config.yaml'), words) };
}

test('a config’s own keys win: an entry of columns, files, tasks and variables, or a whole key', () => {
  const own = 'from: shop.yaml\n  split: { time: day }\n  tasks: { spent: { regression: true }, seen: {} }';
  const { value } = read(own).read();
  expect(value).toEqual({
    dataset: {
      loader: 'table',
      query: sql,
      files: { visits: 'visits.csv', people: 'people.csv' },
      variables: { last: 5, share: 0.1 },
      split: { time: 'day' },
      tasks: { bought: {}, spent: { regression: true }, seen: {} },
    },
  });
});

test('overrides and axes set one key of the result', () => {
  const words = ['dataset.tasks.spent.column=paid', 'dataset.variables.last=3', 'dataset.tasks.bought=null'];
  const { read: readIt, folder } = read('from: shop.yaml\n  files: { people: null }', words);
  const { variables, tasks, files } = datasetOf(readIt());
  expect(variables).toEqual({ last: 3, share: 0.1 });
  expect(tasks).toEqual({ spent: { column: 'paid', regression: true } });
  expect(files).toEqual({ visits: 'visits.csv' });
  const place = { text: 'an axis', folder };
  const document = readDocument('dataset: { from: shop.yaml }', join(folder, 'config.yaml'), [
    'dataset.variables.last=3',
  ]);
  const changed = withNode(document, ['dataset', 'variables', 'last'], plainNode(9, place));
  expect(changed.value).toMatchObject({ dataset: { variables: { last: 9, share: 0.1 } } });
  expect(document.value).toMatchObject({ dataset: { variables: { last: 3, share: 0.1 } } });
  const without = withNode(readIt(), ['dataset', 'tasks', 'spent'], plainNode(null, place));
  expect(datasetOf(without).tasks).not.toHaveProperty('spent');
});

test('a mistake has the place where it is written: in the dataset file, in the config, or an override', () => {
  const { folder, read: readIt } = read('from: shop.yaml\n  variables: { last: 4 }', ['dataset.files.people=p.csv']);
  const document = readIt();
  const at = (key: string) => originOf(document, ['dataset', ...key.split('.')]).text.replace(`${folder}/`, '');
  expect(at('tasks.spent.regression')).toBe('shop.yaml:9:27');
  const lessLoader = read('from: shop.yaml', [], shop.replace('loader: table', '# none'));
  expect(originOf(lessLoader.read(), ['dataset', 'loader']).text).toBe(join(lessLoader.folder, 'shop.yaml'));
  expect(at('variables.share')).toBe('shop.yaml:5:23');
  expect(at('variables.last')).toBe('config.yaml:3:16');
  expect(at('files.people')).toBe("override 'dataset.files.people=p.csv'");
});

test.each<[string, string, string | undefined, RegExp]>([
  [
    'a name that is none',
    'from: kuairnd',
    undefined,
    /config\.yaml:2:3: 'dataset\.from': there is no data set 'kuairnd' \(did you mean 'kuairand'\?\)/,
  ],
  ['no name', 'from: 3', undefined, /config\.yaml:2:3: 'dataset\.from': expected the name of a data set, or a file/],
  [
    'a file that is missing',
    'from: other.yaml',
    undefined,
    /config\.yaml:2:3: 'dataset\.from': cannot read \S+other\.yaml/,
  ],
  ['SQL that is missing', 'query: no.sql', undefined, /config\.yaml:2:3: 'dataset\.query': cannot read \S+no\.sql/],
  [
    'a file made from another',
    'from: shop.yaml',
    'from: kuairand',
    /shop\.yaml:1:1: 'from': a dataset file is not made/,
  ],
  ['a file that is no mapping', 'from: shop.yaml', '- a', /shop\.yaml is no mapping of the keys of dataset/],
  [
    'a loader’s name',
    'from: csv',
    undefined,
    /there is no data set 'csv'; there are: .*; for a loader say loader: csv\./,
  ],
  [
    'a file with its keys below dataset',
    'from: shop.yaml',
    'dataset: { loader: csv }',
    /shop\.yaml:1:1: 'dataset': a dataset file has the keys of dataset themselves/,
  ],
  ['a file that is not YAML', 'from: shop.yaml', 'a: [', /shop\.yaml:1:5: not valid YAML/],
])('%s is refused', (_, dataset, file, message) => {
  expect(() => read(dataset, [], file).read()).toThrow(message);
});

test('a query of one line that ends like a file is SQL', () => {
  const query = 'SELECT a FROM t -- made by make.sql';
  expect(read(`query: ${query}`).read().value).toEqual({ dataset: { query } });
});

test('a file of any loader, which is given no other keys', () => {
  const { value } = read('from: shop.yaml', [], 'loader: other\nrows: 5\n').read();
  expect(value).toEqual({ dataset: { loader: 'other', rows: 5 } });
});
