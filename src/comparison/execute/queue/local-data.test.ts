import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../cli/command.fixture.js';
import { parseExperiment } from '../../../config/experiment.js';
import { sha256 } from '../../../support/checksum.js';
import { definitions } from '../../../training/definitions.js';
import { dataFiles, parsePathMap, withLocalPaths } from './local-data.js';

const experimentOn = (dataset: string) =>
  parseExperiment(
    `name: a
dataset: ${dataset}
tasks: [{ name: y, type: binary }]
model: { type: single-task, levels: [[2]], tower: [] }
train: { epochs: 1, batchSize: 1, optimizer: { type: adam } }
`,
    'a.yaml',
    [],
    definitions,
  );
const table = (path: string, validation: string) =>
  experimentOn(
    `{ loader: table, path: "${path}", validation: "${validation}", tasks: { y: { column: label, positive: [1] } } }`,
  );

test('paths of data begin elsewhere here; the longest map that fits counts', () => {
  const maps = ['/data=/mnt', '/data/new=/fast', '/dat=/wrong'].map(parsePathMap);
  const { dataset } = withLocalPaths(table('/data/new/train.csv', '/data/validation.csv'), maps, '/here/cache');
  expect(dataset).toMatchObject({
    path: '/fast/train.csv',
    validation: '/mnt/validation.csv',
    tasks: { y: { column: 'label' } },
  });
  expect(withLocalPaths(table('/database/a.csv', 'b.csv'), maps, '/here/cache').dataset).toMatchObject({
    path: '/database/a.csv',
  });
});

test.each(['/data', '=/mnt', '/data='])("'%s' maps no path", (text) => {
  expect(() => parsePathMap(text)).toThrow(/write FROM=TO/);
});

test('prepared data are written where this machine says', () => {
  const experiment = table('/data/a.csv', '/data/b.csv');
  const planned = { ...experiment, dataset: { ...experiment.dataset, cache: '/home/ada/.config' } };
  expect(withLocalPaths(planned, [], '/here/cache').dataset).toMatchObject({ cache: '/here/cache' });
});

test('the files of the data are sent with their checksums, and folders are not', () => {
  const folder = temporaryFolder();
  const [train, validation] = [join(folder, 'train.csv'), join(folder, 'validation.csv')];
  writeFileSync(train, 'y\n1\n');
  writeFileSync(validation, 'y\n0\n');
  expect(dataFiles(table(train, validation))).toEqual([
    { path: train, bytes: 4, sha256: sha256('y\n1\n') },
    { path: validation, bytes: 4, sha256: sha256('y\n0\n') },
  ]);
  mkdirSync(join(folder, 'parts'));
  expect(() => dataFiles(table(join(folder, 'parts'), validation))).toThrow(
    /--send-data sends files .*\/parts is none/,
  );
  expect(() => dataFiles(table('nowhere.csv', validation))).toThrow(/nowhere.csv is none/);
});
