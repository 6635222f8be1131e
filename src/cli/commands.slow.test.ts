import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { pleHere } from './command.fixture.js';

const root = resolve(import.meta.dirname, '../..');
const configs = readdirSync(join(root, 'configs'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yaml'),
);

test.each(configs)('ple validate accepts configs/%s and prints it resolved', async (name) => {
  const { status, stdout, stderr } = await pleHere(['validate', '--config', join('configs', name)], { cwd: root });
  expect(stderr).toMatch(`configs/${name} is valid.`);
  expect(status).toBe(0);
  // A data set file is resolved, and a null takes one of its entries away.
  const withoutNulls = (_: string, value: unknown) => (value === null ? undefined : value);
  const text = JSON.stringify(parse(readFileSync(join(root, 'configs', name), 'utf8')));
  const { seed, ...rest } = JSON.parse(text, withoutNulls);
  delete rest.dataset.from;
  // A comparison without a model of its own has seeds, and no seed.
  expect(parse(stdout)).toMatchObject('model' in rest ? { ...rest, seed } : rest);
});
