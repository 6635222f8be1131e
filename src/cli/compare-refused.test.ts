import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Finished, pleHere, temporaryFolder } from './command.fixture.js';
import { smallComparison } from './compare.fixture.js';

let folder: string;
let config: string;
const at = (...path: string[]) => join(folder, ...path);

function compare(words: readonly string[]): Promise<Finished> {
  return pleHere(['compare', '--config', config, ...words], { cwd: folder });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ple-compare-'));
  config = smallComparison(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the config of a comparison', () => {
  test('is checked and resolved by validate', async () => {
    const { status, stdout } = await pleHere(['validate', '--config', config], { cwd: folder });
    expect(status).toBe(0);
    const resolved = parse(stdout);
    expect(resolved.compare).toMatchObject({ seeds: 2, uncertainty: null, match: null });
    expect(resolved.train.optimizer.beta1).toBe(0.9);
  });

  test('is not that of a run', async () => {
    const { status, stderr } = await pleHere(['train', '--config', config], { cwd: folder });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^ple: .*comparison.*ple compare --config .*compare\.yaml\n$/);
  });

  test.each([
    ['an unknown label of a model', 'compare.models=[{ type: plle }]', /unknown model 'plle' \(did you mean 'ple'\?\)/],
    ['a wrong value on an axis', 'compare.axes={ train.batchSize: [32, many] }', /train\.batchSize/],
    ['a model that only a run would take', 'model.levels=[[8]]', /^ple: override 'model\.levels=.*compare\.models/],
    ['an engine that is not there', 'engine.device=cuda', /engine\.device: cuda is not/],
    ['a model that takes another shape', 'compare.models.2.levels=[[8],[8]]', /one level/],
    ['a shape to try that a model does not take', 'compare.tune={ model.levels: [[[8],[8]]] }', /one level/],
  ])('with %s is refused before anything starts', async (_, word, message) => {
    const { status, stderr } = await compare(['--runs', 'refused', word]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^ple: [^\n]+\n$/);
    expect(existsSync(at('refused'))).toBe(false);
  });

  test('with a task that the data do not have is refused, with one line', async () => {
    const { status, stderr } = await compare(['--runs', 'refused', '--jobs', '2', 'tasks.1.name=y3']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^ple: [^\n]*the data have no task 'y3'[^\n]*\n$/);
  });

  test('with a number of jobs that is none is refused', async () => {
    const { status, stderr } = await compare(['--jobs', '1.5']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^ple: --jobs .*: give a number of processes/);
  });
});

test('a metric within groups, of data without groups, is refused by a dry run too', async () => {
  const folder = temporaryFolder();
  const rows = Array.from({ length: 90 }, (_, i) => `${i % 7},${i % 2},${i % 5}\n`);
  writeFileSync(join(folder, 'own.csv'), `user,y1,y2\n${rows.join('')}`);
  const config = smallComparison(folder, [
    [
      'loader: synthetic\n  rows: { train: 4000, validation: 500, test: 500 }\n  dimension: 6\n  correlation: 0.5\n  seed: 1',
      `loader: table\n  path: ${join(folder, 'own.csv')}\n  tasks: { y1: {}, y2: { regression: true } }`,
    ],
    ['name: y1, type: regression, standardize: true', 'name: y1, type: binary'],
    ['seeds: 2', 'seeds: 2\n  metrics: { y1: groupedAuc }'],
  ]);
  const { status, stderr } = await pleHere(['compare', '--config', config, '--dry-run']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^ple: compare\.metrics\.y1: 'groupedAuc' needs data that .*dataset\.group/m);
});

test('data that are not there end it, also where several shapes are read before', async () => {
  const folder = temporaryFolder();
  const config = smallComparison(folder, [
    [
      'loader: synthetic\n  rows: { train: 4000, validation: 500, test: 500 }\n  dimension: 6\n  correlation: 0.5\n  seed: 1',
      'loader: table\n  path: none-0.csv\n  tasks: { y1: { regression: true }, y2: { regression: true } }',
    ],
    ['seeds: 2', 'seeds: 2\n  match: parameters\n  axes: { dataset.path: [none-1.csv, none-2.csv, none-3.csv] }'],
  ]);
  const { status, stderr } = await pleHere(['compare', '--config', config, '--runs', join(folder, 'runs')]);
  expect([status, stderr]).toEqual([3, expect.stringContaining('There is no file none-1.csv in /')]);
});
