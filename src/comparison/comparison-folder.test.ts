import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { folderPerTest } from '../support/folder.fixture.js';
import { folderConfig } from './comparison-folder.js';
import { parsed } from './plan/planned-runs.fixture.js';

const at = folderPerTest();
const text = `name: c
dataset: { loader: synthetic, rows: { train: 10, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 3, batchSize: 5, optimizer: { type: adam } }
compare:
  models: [{ type: single-task }, { type: ple }]
  seeds: 2
`;
const config = (...overrides: string[]) => parsed(text, ...overrides);
const epochs = () => parse(readFileSync(at('config.yaml'), 'utf8')).train.epochs;

test('results keep their config until others replace them, which is told', async () => {
  await folderConfig(at(), config());
  writeFileSync(at('comparison.json'), '{}');
  const other = await folderConfig(at(), config('train.epochs=4', 'compare.seeds=5'));
  expect(other.note).toContain('has the tables of a config with another train.epochs: they are replaced at the end');
  expect(epochs()).toBe(3);
  await other.write();
  expect(epochs()).toBe(4);
});

test('results are of the same runs where another engine, place of the data, margin or number of seeds is chosen', async () => {
  await folderConfig(at(), config());
  writeFileSync(at('comparison.json'), '{}');
  const kept = async (...overrides: string[]) => (await folderConfig(at(), config(...overrides))).hasResults;
  expect(
    await kept('engine.threads=1', 'tracking.tensorboard=true', 'compare.margin={ mse: 3 % }', 'compare.seeds=5'),
  ).toBe(true);
  expect(await kept('diagnostics=true')).toBe(true);
  expect(await kept('train.epochs=4')).toBe(false);
  expect(await kept('dataset.seed=3')).toBe(false);
});

test('results are of the same runs where a key that came later has its default', async () => {
  await folderConfig(at(), config());
  writeFileSync(at('comparison.json'), '{}');
  const stored = readFileSync(at('config.yaml'), 'utf8');
  expect(stored).toContain('\n  pool:');
  writeFileSync(at('config.yaml'), stored.replace(/\n {2}pool:.*/, ''));
  expect(await folderConfig(at(), config())).toMatchObject({ note: null, hasResults: true });
});

test('a config of an earlier version, which is refused now, is told; its results are not of these runs', async () => {
  await folderConfig(at(), config());
  writeFileSync(at('comparison.json'), '{}');
  writeFileSync(
    at('config.yaml'),
    readFileSync(at('config.yaml'), 'utf8').replace('\n  epochs:', '\n  accumulate: 1\n  epochs:'),
  );
  const { note, hasResults } = await folderConfig(at(), config());
  expect([note, hasResults]).toEqual([expect.stringContaining('a config that this version of ple refuses'), false]);
});
