import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readComparison } from '../comparison/stored/comparison-file.js';
import { folderOfFile, pleHere, succeeded } from './command.fixture.js';
import { smallComparison, withoutPle } from './compare.fixture.js';

const folder = folderOfFile();

/** Every run is on its plateau from the start. */
const config = smallComparison(folder, [
  ['train: 4000, validation: 500, test: 500', 'train: 64, validation: 64, test: 64'],
  ['  epochs: 3', '  epochs: 200\n  earlyStopping: { patience: 1, minDelta: 0.1 }'],
  ['learningRate: 0.01', 'learningRate: 1e-9'],
  withoutPle,
]);

async function looksWith(seeds: string) {
  const { stdout } = await succeeded(
    pleHere(['compare', '--config', config, '--jobs', '1', `compare.seeds=${seeds}`], { cwd: folder }),
  );
  const { looks, test } = readComparison(join(folder, 'runs/small'));
  return {
    looks: looks.map(({ seeds, alpha }) => [seeds, alpha] as const),
    level: test.level,
    levels: looks.map(({ level }) => level),
    output: stdout.replace(/\s+/g, ' '),
  };
}

test('a plan, seeds added by hand, and the plan again: another plan halves the level', async () => {
  const plan = '{ first: 2, step: 1, most: 3 }';
  const first = await looksWith(plan);
  expect(first.looks).toEqual([
    [2, 0.05],
    [3, 0.05],
  ]);
  expect(first.output).not.toContain('outside of its plan');

  const more = await looksWith('4');
  expect(more.looks).toEqual([...first.looks, [4, 0.025]]);
  expect(more.level).toBe(0.025);
  expect(more.output).toContain('the chance of a false difference in one family of gains is at most 0.075.');

  const again = await looksWith(plan);
  expect(again.looks).toEqual([[4, 0.025], ...first.looks]);
  expect(again.levels.slice(1)).toEqual(first.levels);
});
