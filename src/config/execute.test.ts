import { expect, test } from 'vitest';
import { definitions } from '../training/definitions.js';
import { parseComparison, resolvedComparison } from './comparison.js';
import { isQueue, parseExecute } from './execute.js';
import { parseExperiment } from './experiment.js';
import { hash8 } from './hash.js';

const text = `name: placed
dataset: { loader: synthetic, rows: { train: 20, validation: 10, test: 10 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 1, batchSize: 10, optimizer: { type: adam } }
`;
const compare = 'compare: { seeds: 1, models: [{ type: single-task, levels: [[2]], tower: [] }] }\n';
const parsed = (execute: string) => parseComparison(`${text}${compare}${execute}`, 'placed.yaml', [], definitions);

test('a place is named alone or with its options, and is local by default', () => {
  expect(parsed('').execute).toEqual({ on: 'local' });
  expect(parsed('execute: slurm').execute).toEqual({ on: 'slurm' });
  expect(parsed('execute: { on: "redis://queue:6379/1" }').execute).toEqual({ on: 'redis://queue:6379/1' });
  expect(parseExecute('slurm', { on: 'local' })).toEqual({ on: 'local' });
});

test('it is in no run and in no stored config', () => {
  const at = (execute: string) => parsed(execute).experiment('single-task', {}, 1);
  expect(at('execute: slurm')).toEqual(at(''));
  const hashWith = (execute: string) => hash8(at(execute), 'checksum', definitions);
  expect(hashWith('execute: slurm')).toBe(hashWith(''));
  expect(JSON.stringify(resolvedComparison(parsed('execute: "redis://user:secret@queue"')))).not.toMatch(
    /redis|secret/,
  );
});

test('a run has no place: the key is refused without compare', () => {
  const run = `${text}model: { type: single-task, levels: [[2]], tower: [] }\nexecute: slurm\n`;
  expect(() => parseExperiment(run, 'run.yaml', [], definitions)).toThrow(/run.yaml:6:1.*'execute'/);
});

test.each(['slrum', 'http://queue:6379', 'redis://queue/a'])('%s is no place', (on) => {
  expect(() => parsed(`execute: "${on}"`)).toThrow(/placed.yaml:6:1: 'execute'.*expected local, slurm/);
  expect(isQueue(on)).toBe(false);
});

test('a message has no password', () => {
  expect(() => parseExecute(undefined, { on: 'redis://user:secret@queue/x' })).toThrow(
    /^--on redis:\/\/queue\/x: expected local/,
  );
});
