import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Finished, folderOfFile, pleHere } from './command.fixture.js';
import { smallComparison } from './compare.fixture.js';

const folder = folderOfFile();
let config: string;
const at = (...path: string[]) => join(folder, ...path);

function compare(words: readonly string[]): Promise<Finished> {
  return pleHere(['compare', '--config', config, ...words], { cwd: folder });
}

beforeAll(() => {
  config = smallComparison(folder);
});

describe('the config of a comparison', () => {
  test('is not that of a run', async () => {
    const { status, stderr } = await pleHere(['train', '--config', config], { cwd: folder });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^ple: .*comparison.*ple compare --config .*compare\.yaml\n$/);
  });

  test('with a model that takes another shape is refused before anything starts', async () => {
    const { status, stderr } = await compare(['--runs', 'refused', 'compare.models.2.levels=[[8],[8]]']);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/^ple: [^\n]*one level[^\n]*\n$/)]);
    expect(existsSync(at('refused'))).toBe(false);
  });

  test('whose data are not there leaves no folder of a comparison that was never begun', async () => {
    const table = 'dataset={ loader: table, path: none.csv, tasks: { y1: {}, y2: {} } }';
    const { status, stderr } = await compare([
      '--runs',
      'without',
      table,
      'tasks=[{ name: y1, type: binary }, { name: y2, type: binary }]',
    ]);
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/^(Reading the data\n)?ple: There is no file none\.csv in /),
    ]);
    expect(existsSync(at('without'))).toBe(true);
    expect(readdirSync(at('without'))).toEqual([]);
  });
});
