import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import type { Comparison } from '../comparison/comparison.js';
import { ple, temporaryFolder } from './command.fixture.js';

/** The controls of configs/control in short: fewer models, seeds and rows, and the same verdicts. */
async function shortened(name: string, models: readonly string[], words: readonly string[]): Promise<Comparison> {
  const config = resolve(import.meta.dirname, '../../configs/control', `${name}.yaml`);
  const { status, stdout } = await ple(
    ['compare', '--config', config, '--jobs', '2', '--json', `compare.models=[${models}]`, ...words],
    { cwd: temporaryFolder() },
  );
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

const models = (width: number, last: number) => [
  `{ type: single-task, levels: [[${width}], [${last}]], tower: [] }`,
  `{ type: hard-sharing, levels: [[${width}]], tower: [${last}] }`,
  `{ type: cgc, levels: [[${width}]], tower: [${last}] }`,
];
const verdictsOf = ({ rows }: Comparison) => rows.map(({ verdict }) => verdict);

test('seesaw: hard sharing gains on one task and loses on the other, CGC does not', async () => {
  const rows = 'dataset.rows={ train: 24000, validation: 8000, test: 16000 }';
  const comparison = await shortened('seesaw', models(16, 8), [
    rows,
    'compare.seeds=8',
    'compare.contrasts=[[cgc, hard-sharing]]',
  ]);
  const [baseline, hard, cgc] = verdictsOf(comparison);
  expect([baseline, hard]).toEqual(['baseline', 'seesaw']);
  expect(['better on all', 'better on some']).toContain(cgc);
  expect(comparison.contrasts[0]?.tasks.VCR?.verdict).toBe('better');
});

test('gain: every model gains on both tasks, and the first look decides it', async () => {
  const rows = 'dataset.rows={ train: 12000, validation: 6000, test: 60000 }';
  const comparison = await shortened('gain', models(64, 32), [rows]);
  expect(verdictsOf(comparison)).toEqual(['baseline', 'better on all', 'better on all']);
  expect(comparison.looks.map(({ seeds, alpha, undecided }) => [seeds, alpha, undecided])).toEqual([[5, 0.05, 0]]);
});

test('null: models are equivalent', async () => {
  const rows = 'dataset.rows={ train: 40000, validation: 10000, test: 40000 }';
  const comparison = await shortened('null', models(16, 8), [rows, 'compare.seeds=5']);
  expect(verdictsOf(comparison)).toEqual(['baseline', 'equivalent', 'equivalent']);
});
