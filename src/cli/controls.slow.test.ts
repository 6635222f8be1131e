import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Comparison } from '../comparison/comparison.js';
import { ple, succeeded, temporaryFolder } from './command.fixture.js';

/** The controls of configs/control in short: fewer models, seeds and rows, and the same verdicts. */
async function shortened(name: string, models: readonly string[], words: readonly string[]): Promise<Comparison> {
  const config = resolve(import.meta.dirname, '../../configs/control', `${name}.yaml`);
  const { stdout } = await succeeded(
    ple(['compare', '--config', config, '--jobs', '2', '--json', `compare.models=[${models}]`, ...words], {
      cwd: temporaryFolder(),
    }),
  );
  return JSON.parse(stdout);
}

const models = (width: number, last: number) => [
  `{ type: single-task, levels: [[${width}], [${last}]], tower: [] }`,
  `{ type: hard-sharing, levels: [[${width}]], tower: [${last}] }`,
  `{ type: cgc, levels: [[${width}]], tower: [${last}] }`,
];
const verdictsOf = ({ rows }: Comparison) => rows.map(({ verdict }) => verdict);

test('seesaw: hard sharing gains on one task and loses on the other, whatever the loss weight', async () => {
  const { rows, fronts } = await shortened('seesaw', models(64, 32).slice(0, 2), [
    'compare.tune=null',
    'compare.front={ loss.weights.y2.initial: [0.25, 4] }',
    'compare.contrasts=[]',
  ]);
  expect(rows.map(({ verdict }) => verdict)).toEqual(['baseline', 'seesaw']);
  expect(rows[1]?.tasks.y1?.verdict).toBe('worse');
  expect(fronts?.map(({ seesaw, repairedBy }) => [seesaw, repairedBy])).toEqual([['seesaw', []]]);
});

test('gain: every model gains on both tasks', async () => {
  const comparison = await shortened('gain', models(32, 16), []);
  expect(verdictsOf(comparison)).toEqual(['baseline', 'better on all', 'better on all']);
});

test('null: models are equivalent', async () => {
  const rows = 'dataset.rows={ train: 40000, validation: 10000, test: 40000 }';
  const comparison = await shortened('null', models(16, 8), [rows]);
  expect(verdictsOf(comparison)).toEqual(['baseline', 'equivalent', 'equivalent']);
});
