import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pleHere, temporaryFolder } from './command.fixture.js';
import { until } from './compare.fixture.js';

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while data are read ends ple train in one line, and nothing half-written stays',
  async (signal) => {
    const folder = temporaryFolder();
    const cache = join(folder, 'cache');
    const rows = Array.from({ length: 2000 }, (_, row) => `${row / 7},${row % 5},${row % 2}\n`);
    writeFileSync(join(folder, 'rows.csv'), `a,b,y\n${rows.join('').repeat(100)}`);
    const config = join(folder, 'run.yaml');
    writeFileSync(
      config,
      `name: slow
dataset: { loader: table, path: ${join(folder, 'rows.csv')}, cache: ${cache}, tasks: { y: {} } }
tasks: [{ name: y, type: binary }]
model: { type: single-task, levels: [[4]], tower: [] }
train: { epochs: 1, batchSize: 256, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu }
`,
    );
    const work = pleHere(['train', config, '--runs', join(folder, 'runs')]);
    await until(
      'a preparation has begun',
      () => readdirSync(folder).includes('cache') && readdirSync(cache).length > 0,
    );
    process.emit(signal);
    const { status, stdout, stderr } = await work;
    expect([status, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(/^(note: .*\n)?ple: Interrupted: the data were not read to their end\.\n$/);
    expect(readdirSync(folder).flatMap((name) => (name === 'cache' ? readdirSync(cache) : []))).toEqual([]);
  },
);
