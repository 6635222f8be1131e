import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { folderPerTest } from '../support/folder.fixture.js';
import { folderConfig } from './comparison-folder.js';
import { smallConfig } from './plan/planned-runs.fixture.js';

const at = folderPerTest();
const config = (...overrides: string[]) =>
  smallConfig('  { seeds: 2, models: [{ type: single-task }, { type: ple }] }', ...overrides);

/** What is said where the folder has results of the config, as the file has it now. */
async function withResults(other: ReturnType<typeof config>, edit = (text: string) => text) {
  await folderConfig(at(), config());
  writeFileSync(at('comparison.json'), '{}');
  const text = readFileSync(at('config.yaml'), 'utf8');
  writeFileSync(at('config.yaml'), edit(text));
  return folderConfig(at(), other);
}

test('results keep their config until others replace them, which is told', async () => {
  const epochs = () => parse(readFileSync(at('config.yaml'), 'utf8')).train.epochs;
  const other = await withResults(config('train.epochs=4', 'compare.seeds=5'));
  expect(other.note).toContain('has the tables of a config with another train.epochs: they are replaced at the end');
  expect(epochs()).toBe(9);
  await other.write();
  expect(epochs()).toBe(4);
});

test.each([
  [['engine.threads=1', 'tracking.tensorboard=true', 'compare.margin={ mse: 3 % }', 'compare.seeds=5'], true],
  [['diagnostics=true'], true],
  [['train.epochs=4'], false],
  [['dataset.seed=3'], false],
])('with %j results are of the same runs: %s', async (overrides, hasResults) => {
  expect((await withResults(config(...overrides))).hasResults).toBe(hasResults);
});

test('a key that came later has its default', async () => {
  const before = await withResults(config(), (text) => text.replace(/\n {2}pool:.*/, ''));
  expect(before).toMatchObject({ note: null, hasResults: true });
});

test('a config of an earlier version, which is refused now, is told; its results are not of these runs', async () => {
  const edited = (text: string) => text.replace('\n  epochs:', '\n  accumulate: 1\n  epochs:');
  const { note, hasResults } = await withResults(config(), edited);
  expect([note, hasResults]).toEqual([expect.stringContaining('a config that this version of ple refuses'), false]);
});
