import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readComparison } from '../comparison/stored/comparison-file.js';
import { folderOfFile, pleHere, succeeded } from './command.fixture.js';
import { comparisonIn, runsIn, smallComparison, tiny } from './compare.fixture.js';

const folder = folderOfFile();

const config = smallComparison(folder, tiny);
const compare = (...words: string[]) =>
  pleHere(['compare', '--config', config, '--jobs', '1', ...words], { cwd: folder });
const key = 'loss.weights.y2.initial';
const front = `compare.front={ ${key}: [4, 1] }`;

test('a front is added to a comparison: runs that it has are not trained again, and a report makes the same of it', async () => {
  await compare();
  const before = runsIn(join(folder, 'runs/small'));
  const { stdout, stderr } = await succeeded(compare(front));
  expect(stderr).toContain('10 runs, 6 of them finished already');
  const added = runsIn(join(folder, 'runs/small')).filter((name) => !before.includes(name));
  expect(added.map((name) => name.slice(0, -9))).toEqual([
    'ple-weight-of-y2-4-seed-1',
    'ple-weight-of-y2-4-seed-2',
    'shared-weight-of-y2-4-seed-1',
    'shared-weight-of-y2-4-seed-2',
  ]);
  const { fronts = [], rows } = readComparison(join(folder, 'runs/small'));
  expect(fronts.map(({ model, points }) => [model, points.map(({ value }) => value)])).toEqual([
    ['ple', [1, 4]],
    ['shared', [1, 4]],
  ]);
  expect(fronts[1]?.points[0]?.runs).toEqual(rows[2]?.runs);
  expect(fronts[1]?.points[0]?.tasks.y1?.gain).toBe(rows[2]?.tasks.y1?.gain);
  expect(fronts[1]?.points[1]?.tasks.y1?.gain).not.toBe(rows[2]?.tasks.y1?.gain);
  expect(stdout).toContain('Fronts: each joint model was also trained at the loss weights 1 and 4 of y2.');

  const stored = comparisonIn(join(folder, 'runs/small'));
  const again = await succeeded(pleHere(['report', 'runs/small', '--wide'], { cwd: folder }));
  expect(comparisonIn(join(folder, 'runs/small'))).toBe(stored);
  expect(again.stdout).toMatch(/^model +weight of y2 +verdict +y1 +y2 /m);
});
