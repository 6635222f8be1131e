import { describe, test } from 'vitest';
import { models } from '../../models/catalogue.js';
import { changed, every, expectModelServed, expectServed, trainedRun } from './onnx-file.fixture.js';

describe('an exported file predicts raw columns as ple predict does', async () => {
  const run = await trainedRun();

  test.each(models.names)('%s', (type) => expectModelServed(run, type));

  test.each([
    ['layer normalisation and prelu', { normalization: 'layer', activation: 'prelu' }],
    ['silu', { activation: 'silu' }],
  ])('%s', (_, model) => expectServed(changed(run, every, model)));
});
