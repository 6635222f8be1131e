import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { pleHere, succeeded } from './command.fixture.js';

const root = resolve(import.meta.dirname, '../..');

test('ple schema prints the schema that the configs name', async () => {
  const { stdout } = await succeeded(pleHere(['schema']));
  expect(stdout).toBe(readFileSync(join(root, 'configs/ple.schema.json'), 'utf8'));
});

test.each([
  [
    'train.optimizer.beta1',
    'train.optimizer.beta1 (of adam, adamw; default 0.9)\n  The decay of the mean of gradients.\n',
  ],
])('ple schema %s says what it does', async (key, text) => {
  expect(await pleHere(['schema', key])).toEqual({ status: 0, stdout: text, stderr: '' });
});

test('ple schema knows what papers call a key', async () => {
  for (const word of ['lr', 'train.lr'])
    expect((await pleHere(['schema', word])).stderr).toContain(`(did you mean 'train.optimizer.learningRate'?)`);
});
