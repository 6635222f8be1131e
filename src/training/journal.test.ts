import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { float32, type HostArrays } from '../support/arrays.js';
import { folderOfFile, temporaryFolder } from '../support/folder.fixture.js';
import { readSafetensors, writeSafetensors } from '../support/safetensors.js';
import { readSnapshot, writeSnapshot } from './checkpoint.js';
import { madeDataset } from './dataset.fixture.js';
import { withJournal } from './journal.js';
import { freshProgress } from './progress/progress.js';
import { nothingSelected } from './progress/selection.js';
import { prepare } from './run.js';
import { binaryTasks, onCpu, smallExperiment } from './trainer.fixture.js';
import type { Snapshot } from './trainer.js';

test.each([
  [1, [70, 141, 212, 283]],
  [20, [70, 500, 930]],
])(
  'checkpoints of %d s within an epoch come after a minute, and take a twentieth of the time',
  async (writing, times) => {
    const { dataset } = madeDataset(binaryTasks, { rows: 8, label: () => 0 });
    const experiment = onCpu(smallExperiment('{ type: hard-sharing, levels: [[4]] }', binaryTasks));
    const options = {
      ...{ runs: temporaryFolder(), overwrite: false, predictions: false, signal: new AbortController().signal },
      load: async () => dataset,
      on: () => undefined,
    };
    const setup = await prepare(experiment, options);
    const progress = freshProgress(nothingSelected(setup.selection));
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => 1000 * now);
    onTestFinished(() => void vi.restoreAllMocks());
    const taken: number[] = [];
    const snapshot = async () => {
      taken.push(now);
      now += writing;
      return { state: { step: float32([]) }, kept: new Map(), progress };
    };
    const step = { kind: 'step', epoch: 1, step: 1, steps: 9, meanLoss: 1, samplesPerSecond: 1, snapshot } as const;
    await withJournal(experiment, setup, options, async (journal) => {
      while (taken.length < times.length) {
        now += 10;
        await journal.keep(step);
      }
      return { status: 'interrupted', path: '' };
    });
    expect(taken).toEqual(times);
  },
);

const folder = folderOfFile();

test.each([
  [{ format: 'ple-checkpoint-7', hash: 'abcd1234' }, /last\.safetensors was written by another version of ple/],
  [{ format: 'ple-checkpoint-8', hash: '00000000' }, /last\.safetensors belongs to another config or other data/],
])('a checkpoint with %j is refused by name', async (metadata, message) => {
  const path = join(folder, metadata.format);
  mkdirSync(path);
  await writeSafetensors(join(path, 'last.safetensors'), { arrays: { step: float32([]) }, metadata });
  await expect(readSnapshot(path, 'abcd1234')).rejects.toThrow(message);
});

/** A snapshot that is written into a folder of its own, and read again. */
async function stored(name: string, state: HostArrays, kept: Snapshot['kept']) {
  const path = join(folder, name);
  mkdirSync(path);
  const selection = { tasks: [{ score: () => null, small: () => 0 }], units: [{ watched: [0] }] };
  const snapshot = { state, kept, progress: freshProgress(nothingSelected(selection)) };
  await writeSnapshot(path, snapshot, 'abcd1234');
  expect(await readSnapshot(path, 'abcd1234')).toEqual(snapshot);
  return { path, file: join(path, 'last.safetensors'), snapshot };
}

test('a checkpoint of which a bit was turned, or an array is gone, is refused', async () => {
  const state = { weight: float32([3], Float32Array.of(1, 2, 3)), step: float32([], Float32Array.of(5)) };
  const parameters = (...values: number[]) => ({ weight: float32([3], Float32Array.from(values)) });
  const kept = new Map([
    [1, parameters(4, 5, 6)],
    [2, parameters(7, 8, 9)],
    [11, parameters(10, 11, 12)],
  ]);
  const { path, file, snapshot } = await stored('turned', state, kept);
  const whole = readFileSync(file);
  const refused = () =>
    expect(readSnapshot(path, 'abcd1234')).rejects.toThrow(
      /last\.safetensors (has a checksum mismatch|is not a whole)/,
    );
  const turned = Buffer.from(whole);
  turned[whole.length - 1] = (whole.at(-1) ?? 0) ^ 0x80;
  writeFileSync(file, turned);
  await refused();
  await writeSnapshot(path, { ...snapshot, kept: new Map([...kept].slice(1)) }, 'abcd1234');
  const { arrays } = await readSafetensors(file);
  writeFileSync(file, whole);
  const { metadata } = await readSafetensors(file);
  await writeSafetensors(file, { arrays, metadata });
  await refused();
});

test('a table that an epoch has kept as it is in the state is written once, and the checksum covers that too', async () => {
  const state = { table: float32([2], Float32Array.of(1, 2)), step: float32([], Float32Array.of(5)) };
  const { path, file } = await stored('shared', state, new Map([[3, { table: state.table }]]));
  const { arrays, metadata } = await readSafetensors(file);
  expect(Object.keys(arrays)).toEqual(['table', 'step']);
  await writeSafetensors(file, { arrays, metadata: { ...metadata, shared: '[[4,"table"]]' } });
  await expect(readSnapshot(path, 'abcd1234')).rejects.toThrow(/checksum mismatch/);
});
