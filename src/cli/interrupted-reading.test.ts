import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pleHere, temporaryFolder } from './command.fixture.js';
import { until } from './compare.fixture.js';

const model = '{ type: single-task, levels: [[4]], tower: [] }';

test.each([
  ['SIGTERM', 'train', `model: ${model}`, /^(note: .*\n)?ple: Interrupted: the data were not read to their end\.\n$/],
  ['SIGINT', 'compare', `compare: { models: [${model}], seeds: 2 }`, /\nInterrupted\. The same command continues/],
] as const)(
  '%s while data are read ends ple %s, and nothing half-written stays',
  async (signal, command, key, said) => {
    const folder = temporaryFolder();
    const cache = join(folder, 'cache');
    const rows = Array.from(
      { length: 2000 },
      (_, row) => `${row / 7},${row % 5},${row % 2},${row % 3 === 0 ? 1 : 0}\n`,
    );
    writeFileSync(join(folder, 'rows.csv'), `a,b,y1,y2\n${rows.join('').repeat(100)}`);
    const config = join(folder, 'config.yaml');
    writeFileSync(
      config,
      `name: slow
dataset: { loader: table, path: ${join(folder, 'rows.csv')}, cache: ${cache}, tasks: { y1: {}, y2: {} } }
tasks: [{ name: y1, type: binary }, { name: y2, type: binary }]
train: { epochs: 1, batchSize: 256, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu }
${key}
`,
    );
    const work = pleHere([command, config, '--runs', join(folder, 'runs')]);
    await until(
      'a preparation has begun',
      () => readdirSync(folder).includes('cache') && readdirSync(cache).length > 0,
    );
    process.emit(signal);
    const { status, stdout, stderr } = await work;
    expect([status, stdout]).toEqual([130, '']);
    expect(stderr).toMatch(said);
    expect(readdirSync(folder).includes('cache') ? readdirSync(cache) : []).toEqual([]);
  },
);
