import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { pleHere } from './command.fixture.js';

const root = resolve(import.meta.dirname, '../..');

test('ple schema prints the schema that the configs name', async () => {
  const { status, stdout } = await pleHere(['schema']);
  expect(status).toBe(0);
  expect(stdout).toBe(readFileSync(join(root, 'configs/ple.schema.json'), 'utf8'));
});

test.each([
  ['train.epochs', 'train.epochs (required)\n  The largest number of epochs.\n'],
  ['loss.weights.y1.initial', 'loss.weights.<task>.initial (default 1)\n  The weight at t = 0.\n'],
  ['tasks.3.name', 'tasks.0.name (required)\n  One of the data set’s tasks.\n'],
  [
    'train.optimizer.beta1',
    'train.optimizer.beta1 (of adam, adamw; default 0.9)\n  The decay of the mean of gradients.\n',
  ],
])('ple schema %s says what it does', async (key, text) => {
  expect(await pleHere(['schema', key])).toEqual({ status: 0, stdout: text, stderr: '' });
});

test('ple schema of a part says it of all its keys, as JSON too', async () => {
  const { stdout } = await pleHere(['schema', 'engine', '--json']);
  const keys: { key: string; meaning: string }[] = JSON.parse(stdout);
  expect(keys.map(({ key }) => key)).toEqual([
    'engine',
    'engine.name',
    ...['device', 'deviceId', 'threads'].map((key) => `engine.${key}`),
  ]);
});

test('an unknown key is refused with the nearest one', async () => {
  const { status, stderr } = await pleHere(['schema', 'train.epoch']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^ple: There is no key 'train\.epoch' \(did you mean 'train\.epochs'\?\)/);
});
