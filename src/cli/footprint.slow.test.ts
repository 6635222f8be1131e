import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentsOf, ple, succeeded } from './command.fixture.js';
import { smallComparison } from './compare.fixture.js';
import { effects, newUser } from './footprint.fixture.js';

test('a comparison and its child processes write nothing outside its folder and contact no address', async () => {
  const user = newUser();
  const words = [
    'compare',
    '--config',
    smallComparison(user.work),
    '--runs',
    'results',
    '--jobs',
    '2',
    'compare.seeds=1',
  ];
  const before = contentsOf(user.work);
  await succeeded(ple(words, { cwd: user.work, env: user.env, nodeOptions: effects }));

  const folder = join(user.work, 'results');
  const written = user.lines('write');
  expect(written).toContain(join(folder, 'small/comparison.json'));
  expect(written).toContain(join(folder, 'small/report.html'));
  expect(written.filter((path) => path.endsWith('/result.json'))).toHaveLength(3); // by the children
  expect(written.filter((path) => path !== folder && !path.startsWith(`${folder}/`))).toEqual([]);
  expect(user.lines('connect')).toEqual([]);
  expect(contentsOf(user.home)).toEqual(['cache', 'tmp']);
  expect(contentsOf(user.work).filter((path) => !before.includes(path) && !path.startsWith('results'))).toEqual([]);
});
