import { expect, onTestFinished, test, vi } from 'vitest';
import { float32 } from '../support/arrays.js';
import { temporaryFolder } from '../support/folder.fixture.js';
import { madeDataset } from './dataset.fixture.js';
import { withJournal } from './journal.js';
import { freshProgress } from './progress/progress.js';
import { nothingSelected } from './progress/selection.js';
import { prepare } from './run.js';
import { binaryTasks, smallExperiment } from './trainer.fixture.js';

test.each([
  [1, [70, 141, 212, 283]],
  [20, [70, 500, 930]],
])(
  'checkpoints of %d s within an epoch come after a minute, and take a twentieth of the time',
  async (writing, times) => {
    const { dataset } = madeDataset(binaryTasks, { rows: 8, label: () => 0 });
    const plain = smallExperiment('{ type: hard-sharing, levels: [[4]] }', binaryTasks);
    const experiment = { ...plain, engine: { ...plain.engine, device: 'cpu' as const, threads: 1 } };
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
