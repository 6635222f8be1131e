import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseExperiment } from '../../config/experiment.js';
import { engineOn } from '../../engine/devices/devices.js';
import type { Engine } from '../../engine/engine.js';
import { deviceName, testedEngine } from '../../engine/parity-device.fixture.js';
import { metricTolerance } from '../../engine/tolerance.fixture.js';
import { readSnapshot, writeSnapshot } from '../checkpoint.js';
import { madeDataset } from '../dataset.fixture.js';
import { definitions } from '../definitions.js';
import { splitMetrics } from '../evaluation.js';
import { train } from '../run.js';
import { setUp } from '../setup.js';
import type { Snapshot } from '../trainer.js';

const tasks = [
  { name: 'click', type: 'binary' },
  { name: 'time', type: 'regression' },
  { name: 'kind', type: 'multiclass', classes: ['low', 'middle', 'high'] },
] as const;

const split = {
  label: (task: number, [a, b]: readonly [number, number], noise: number) =>
    [Number(a + b + noise > 0), a - 2 * b + noise, Number(a - b > -0.5) + Number(a - b > 0.5)][task] ?? Number.NaN,
  mask: (task: number, [a]: readonly [number, number]) => task === 0 || a > -1,
};
const { dataset } = madeDataset(tasks, {
  train: { rows: 640, ...split },
  validation: { rows: 400, ...split },
  test: { rows: 400, ...split },
});

const resumedExperiment = (model: string, train: string, loss = '{}') =>
  parseExperiment(
    `name: parity
seed: 5
dataset: { loader: synthetic, rows: { train: 1, validation: 1, test: 1 } }
tasks: ${JSON.stringify(tasks.map(({ name, type }) => ({ name, type })))}
model: { type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 1 }, dropout: 0.1${model} }
loss: ${loss}
train: { batchSize: 64, epochs: 4, ${train} }
`,
    'parity',
    [],
    definitions,
  );

const normalised = ', normalization: batch, activation: silu';
// An epsilon of 0.001: with the usual 1e-8, a gradient that is zero but for rounding moves its parameter as far as any
// other.
const everything = `optimizer: { type: adamw, learningRate: 0.01, epsilon: 0.001, weightDecay: 0.1, clipNorm: 1, clipValue: 1, schedule: { type: cosine, warmup: 1 } },
    optimizers: { embeddings: { type: rowwise-adagrad, learningRate: 0.05 } }, average: { decay: 0.9 }`;

const experiments = {
  'a run': resumedExperiment('', 'optimizer: { type: adam, learningRate: 0.01 }'),
  'a run with everything else': resumedExperiment(normalised, everything),
  'a run with balanced losses and everything else': resumedExperiment(
    normalised,
    everything,
    '{ balancing: { type: uncertainty } }',
  ),
};

describe.each(Object.entries(experiments))('%s', (_, experiment) => {
  const cpu = engineOn({ engine: 'compiled', device: 'cpu' }, { threads: 1 });
  const device = testedEngine();
  let uninterrupted: Readonly<Record<string, number>> = {};

  beforeAll(async () => {
    uninterrupted = await storedNumbers(cpu);
  });

  it(`a run on ${deviceName} ends with the metrics of the CPU`, async () => {
    expectClose(await storedNumbers(device), uninterrupted);
  });

  it.each([
    ['the CPU', deviceName, cpu, device],
    [deviceName, 'the CPU', device, cpu],
  ] as const)(
    'a run that %s left within an epoch is finished on %s with the metrics of the CPU',
    async (_, __, first, last) => {
      const folder = mkdtempSync(join(tmpdir(), 'ple-parity-'));
      try {
        const { step } = await leave(first, folder);
        expect(step).toBeGreaterThan(0);
        const snapshot = await readSnapshot(folder, 'hash');
        expect(snapshot?.progress).toMatchObject({ epoch: 2, step });
        expectClose(await storedNumbers(last, snapshot), uninterrupted);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  /** Trains until something of the second epoch is done, and leaves a checkpoint. */
  async function leave(engine: Engine, folder: string): Promise<{ readonly step: number }> {
    for await (const record of train(setUp(experiment, dataset, engine))) {
      if (record.kind !== 'step' || record.epoch !== 2) continue;
      await writeSnapshot(folder, await record.snapshot(), 'hash');
      return record;
    }
    throw new Error('the second epoch did not begin');
  }

  /** One row may move them by more than the tolerance, where rounding takes its logit over a threshold. */
  const jumping = ['binaryAccuracy', 'f1', 'f1Threshold'];

  /** Metrics of both splits at the end of a run, by `<split>/<task>/<metric>`. */
  async function storedNumbers(engine: Engine, from?: Snapshot): Promise<Record<string, number>> {
    for await (const record of train(setUp(experiment, dataset, engine), from)) {
      if (record.kind !== 'trained') continue;
      const { validation, test } = splitMetrics(dataset, record.trained.own);
      return Object.fromEntries(
        Object.entries({ validation, test }).flatMap(([split, tasks]) =>
          Object.entries(tasks).flatMap(([task, metrics]) =>
            Object.entries(metrics).flatMap(([metric, value]) =>
              typeof value === 'number' && !jumping.includes(metric) ? [[`${split}/${task}/${metric}`, value]] : [],
            ),
          ),
        ),
      );
    }
    throw new Error('Training ended without a result.');
  }

  function expectClose(got: Readonly<Record<string, number>>, wanted: Readonly<Record<string, number>>): void {
    expect(Object.keys(got)).toEqual(Object.keys(wanted));
    expect(Object.keys(wanted)).toContain('test/click/auc');
    for (const [name, value] of Object.entries(wanted)) {
      expect(Math.abs((got[name] ?? Number.NaN) - value), `${name}: ${got[name]} for ${value}`).toBeLessThan(
        metricTolerance,
      );
    }
  }
});
