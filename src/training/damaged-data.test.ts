import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseExperiment } from '../config/experiment.js';
import { encode } from '../data/encode/encode.js';
import { definitions } from './definitions.js';
import { type LoadingEvent, withSource } from './load-dataset.js';

const folder = mkdtempSync(join(tmpdir(), 'ple-damaged-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rows = Array.from({ length: 500 }, (_, row) => `${row / 7},${row % 2}\n`);
writeFileSync(join(folder, 'rows.csv'), `x,y\n${rows.join('')}`);
const experiment = parseExperiment(
  `name: damaged
dataset: { loader: table, path: ${join(folder, 'rows.csv')}, cache: ${join(folder, 'cache')}, tasks: { y: {} } }
tasks: [{ name: y, type: binary }]
model: { type: hard-sharing, levels: [[3]], tower: [] }
train: { epochs: 1, batchSize: 20, optimizer: { type: adam, learningRate: 0.01 } }
`,
  'damaged.yaml',
  [],
  definitions,
);

/** Encodes the data; nothing is compared before it is read, as in an entry of many gigabytes. */
async function encoded() {
  const [notes, prepared]: [string[], string[]] = [[], []];
  const on = (event: LoadingEvent) => void (event.kind === 'note' && notes.push(event.message));
  const options = { prepared: (path: string) => void prepared.push(path), compareUpTo: 0 };
  const dataset = await withSource(experiment, on, options, (source) =>
    encode(source, experiment.inputs, experiment.tasks),
  );
  const block = structuredClone(await dataset.splits.train.read(0));
  return { block, notes, path: prepared[0] ?? '' };
}

test('training data that turn out to be damaged while they are encoded are said to be, and prepared anew', async () => {
  const before = await encoded();
  const file = join(before.path, 'data.duckdb');
  const bytes = readFileSync(file);
  const header = 12_288; // in front of the blocks, of 256 KiB each
  for (let at = header + 1000; at < bytes.length; at += 2 ** 18) bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const { block, notes } = await encoded();
  const isTold = (note: string) => / is damaged /.test(note);
  expect(notes.find(isTold)).toEqual(
    expect.stringMatching(/ is damaged \(data\.duckdb: .*checksum.*\): it is made again\.$/),
  );
  expect(block).toEqual(before.block);
  expect((await encoded()).notes.filter(isTold)).toEqual([]);
});
