import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.fixture.js';
import { readEvents } from './event-reader.fixture.js';
import { tensorboardTracker } from './tensorboard.js';
import type { TrackedStep } from './tracker.js';

test('values, names and steps of any kind are read back', async () => {
  const folder = temporaryFolder();
  const parameters = { text: 'Straße 🙂', zero: 0, no: false, large: 2 ** 60, 'a.b': -1e-300 };
  const steps: TrackedStep[] = [{ step: 1, scalars: { 'loss/é 1': 0 } }];
  const follow = () => () => steps.splice(0);
  const tracker = tensorboardTracker({ name: 'a', folder, parameters, follow });
  steps.push({ step: 300_000, scalars: { small: -1e-30, whole: 5 } });
  await tracker.end('failed', []);
  const { scalars, hparams } = readEvents(folder);
  expect(scalars).toEqual([
    ['loss/é 1', 1, 0],
    ['small', 300_000, Math.fround(-1e-30)],
    ['whole', 300_000, 5],
  ]);
  expect(hparams).toEqual({ '_hparams_/session_start_info': parameters, '_hparams_/session_end_info': { status: 2 } });
});
