import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.fixture.js';
import { readEvents } from './event-reader.fixture.js';
import { tensorboardTracker, writeHParamsExperiment } from './tensorboard.js';

test('values, names and steps of any kind are read back', async () => {
  const folder = temporaryFolder();
  const parameters = { text: 'Straße 🙂', zero: 0, no: false, large: 2 ** 60, 'a.b': -1e-300 };
  const earlier = [{ step: 1, scalars: { 'loss/é 1': 0 } }];
  const tracker = tensorboardTracker({ name: 'a', folder, parameters, earlier, everyEpoch: '' });
  tracker.log({ step: 300_000, scalars: { small: -1e-30, whole: 5 }, histograms: { gate: [0.25, 0, 0.75] } });
  await tracker.end('failed', []);
  const { scalars, histograms, hparams } = readEvents(folder);
  expect(scalars).toEqual([
    ['loss/é 1', 1, 0],
    ['small', 300_000, Math.fround(-1e-30)],
    ['whole', 300_000, 5],
  ]);
  const moments = [0, 3, 1, 0.25 * 0.5 + 0.75 * 2.5, 0.25 * 0.25 + 0.75 * 6.25];
  expect(histograms).toEqual([['gate', 300_000, moments, [1, 2, 3], [0.25, 0, 0.75]]]);
  expect(hparams).toEqual({ '_hparams_/session_start_info': parameters, '_hparams_/session_end_info': { status: 2 } });
});

test('an experiment has the parameters of all runs, with the values to filter by', () => {
  const folder = temporaryFolder();
  const runs = [
    { type: 'ple', rate: 0.1, standardize: true, experts: 2, patience: 3 },
    { type: 'mmoe', rate: 0.01, standardize: true, patience: 'null' },
  ];
  writeHParamsExperiment(folder, 'old', [], []);
  writeHParamsExperiment(folder, 'compared', runs, ['test/y1/mse']);
  expect(readEvents(folder).hparams).toEqual({
    '_hparams_/experiment': {
      name: 'compared',
      hparams: {
        type: { type: 1, domain: ['ple', 'mmoe'] },
        rate: { type: 3, domain: { min: 0.01, max: 0.1 } },
        standardize: { type: 2, domain: [true] },
        experts: { type: 3, domain: { min: 2, max: 2 } },
        patience: { type: 1, domain: ['3', 'null'] },
      },
      metrics: ['test/y1/mse'],
    },
  });
});
