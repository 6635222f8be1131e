import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.fixture.js';
import { readDocument, withChanges } from './document.js';

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
  const { read: readIt, folder } = read('from: shop.yaml', words);
  expect(readIt().value).toMatchObject({
    dataset: {
      variables: { last: 3, share: 0.1 },
      tasks: { bought: null, spent: { column: 'paid', regression: true } },
    },
  });
  expect(() => read('from: shop.yaml', ['dataset.files.poeple=null']).read()).toThrow(
    /^Override 'dataset\.files\.poeple=null': .*\(did you mean 'people'\?\); there are: visits, people\.$/,
  );
  const axis = { key: 'dataset.variables.last', value: 9, at: ['dataset', 'variables', 'last'], from: ['name'] };
  const file = join(folder, 'config.yaml');
  const changed = withChanges(readDocument('dataset: { from: shop.yaml }', file, ['dataset.variables.last=3']), [axis]);
  expect(changed.value).toMatchObject({ dataset: { variables: { last: 9, share: 0.1 } } });
  const other = { ...axis, key: 'dataset.from', value: 'x' };
  expect(() => withChanges(readDocument('dataset: { from: shop.yaml }', file), [other])).toThrow(
    /a comparison has one data set/,
  );
});

test('a mistake has the place where it is written: in the dataset file, in the config, or an override', () => {
  const { folder, read: readIt } = read('from: shop.yaml\n  variables: { last: 4 }', ['dataset.files.people=p.csv']);
  const { locate } = readIt();
  const at = (key: string) => locate(['dataset', ...key.split('.')]).replace(`${folder}/`, '');
  expect(at('tasks.spent.regression')).toBe('shop.yaml:9:27');
  const lessLoader = read('from: shop.yaml', [], shop.replace('loader: table', '# none'));
  expect(lessLoader.read().locate(['dataset', 'loader'])).toBe(join(lessLoader.folder, 'shop.yaml'));
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
  [
    'null for a task that the file does not have',
    'from: shop.yaml\n  tasks: { bougt: null }',
    undefined,
    /config\.yaml:3:12: 'dataset\.tasks\.bougt': it has no value: null takes an entry .* \(did you mean 'bought'\?\)/,
  ],
  [
    'null where the file has nothing',
    'from: shop.yaml\n  columns: { age: null }',
    undefined,
    /config\.yaml:3:14: 'dataset\.columns\.age': .*; there are: none\./,
  ],
  ['a file that is not YAML', 'from: shop.yaml', 'a: [', /shop\.yaml:1:5: not valid YAML/],
])('%s is refused', (_, dataset, file, message) => {
  expect(() => read(dataset, [], file).read()).toThrow(message);
});

test('a value that was forgotten is a mistake, with a data set file and without one', () => {
  expect(() => read('loader: table\n  columns: { age: }').read()).toThrow(
    /config\.yaml:3:14: 'dataset\.columns\.age': it has no value/,
  );
});

test('a query of one line that ends like a file is SQL', () => {
  const query = 'SELECT a FROM t -- made by make.sql';
  expect(read(`query: ${query}`).read().value).toEqual({ dataset: { query } });
});

test('a file of any loader, which is given no other keys', () => {
  const { value } = read('from: shop.yaml', [], 'loader: other\nrows: 5\n').read();
  expect(value).toEqual({ dataset: { loader: 'other', rows: 5 } });
});
