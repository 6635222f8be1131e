import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../engine/engine.js';
import { temporaryFolder } from '../support/folder.fixture.js';
import { readSnapshot, writeSnapshot } from './checkpoint.js';
import { madeDataset } from './dataset.fixture.js';
import { binaryTasks, compiled, smallExperiment, timeless, trained } from './trainer.fixture.js';
import { type TrainingRecord, wholeTables } from './trainer.js';

describe('a run with lazy tables', () => {
  const label = (_: number, __: readonly [number, number], noise: number) => Number(noise > 0);
  const { dataset } = madeDataset(binaryTasks, { rows: 300, label }, 500);
  const experiment = (keep: string) => ({
    ...smallExperiment(
      '{ type: mmoe, levels: [[6]], tower: [4] }',
      binaryTasks,
      `epochs: 5, keep: ${keep}, optimizer: { type: adam, learningRate: 0.05, lazy: true }`,
    ),
    diagnostics: true,
  });
  /** Knows no rows: all tables whole. */
  const dense: Engine = { ...compiled, compile: (step, { state, batch }) => compiled.compile(step, { state, batch }) };

  it('a note tells of tables of which each step computes all rows', async () => {
    const notes: (string | undefined)[] = [];
    const onRecord = (record: TrainingRecord) => void (record.kind === 'compiled' && notes.push(record.note));
    const devices = [compiled, dense, { ...dense, device: 'webgpu' }, { ...dense, name: 'tfjs' as const }];
    for (const engine of devices)
      await trained({ ...experiment('last'), diagnostics: false }, dataset, engine, { onRecord });
    expect(notes).toEqual([
      undefined,
      'The model uses tables, or their ids, for more than look-ups: each step computes every row of embeddings.2.',
      'engine.device: webgpu: each step computes every row of embeddings.2; on cpu and cuda, those that its batch reads.',
      'engine: tfjs: each step computes every row of embeddings.2; on cpu and cuda, those that its batch reads.',
    ]);
  });

  it.each([
    ['tfjs', 'cpu', 'engine: tfjs'],
    ['compiled', 'webgpu', 'engine.device: webgpu'],
  ] as const)('%s on %s refuses a table of which each step would compute too many rows', (name, device, where) => {
    const told = (rows: number, known?: ReadonlySet<string>) => {
      const ids = { shape: [rows, 16], kind: 'embedding', start: () => undefined } as const;
      const tables = { model: { parameters: { ids } }, optimizer: { lazy: ['ids'] }, engine: { name, device } };
      return wholeTables(tables, known);
    };
    expect(told(2 ** 23)).toMatch(/^.*: each step computes every row of ids; on cpu and cuda/);
    expect(() => told(2 ** 23 + 1)).toThrow(
      `${where}: each step computes every row of ids, which is too much here: say engine.device=cpu or cuda.`,
    );
    expect(told(2 ** 23 + 1, new Set(['ids']))).toBeUndefined();
  });

  it.each(['best', 'one', 'last'])(
    'keep: %s: tables are trained in place, to the same bits, from any checkpoint',
    async (keep) => {
      const whole = await trained(experiment(keep), dataset, dense);
      const folder = temporaryFolder();
      const written: Promise<void>[] = [];
      const onRecord = (record: TrainingRecord) => {
        const path = join(folder, String(written.length));
        mkdirSync(path);
        written.push(record.snapshot().then((snapshot) => writeSnapshot(path, structuredClone(snapshot), 'abcd1234')));
      };
      const some = await trained(experiment(keep), dataset, compiled, { onRecord });
      expect(timeless(some)).toEqual(timeless(whole));
      await Promise.all(written);
      for (const at of [3, Math.floor(written.length / 2), written.length - 1]) {
        const from = await readSnapshot(join(folder, String(at)), 'abcd1234');
        const { records, ...rest } = await trained(experiment(keep), dataset, compiled, from ? { from } : {});
        expect(timeless({ ...rest, records: whole.records })).toEqual(timeless(whole));
      }
    },
  );
});
