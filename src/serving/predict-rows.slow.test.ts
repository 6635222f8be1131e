import { test } from 'vitest';
import { models } from '../models/catalogue.js';
import { expectOwnBits, mixedFolder } from './predict-rows.fixture.js';

const folder = mixedFolder();

test.each(models.names)('%s: new rows get the bits of the run’s own test predictions', async (model) => {
  await expectOwnBits(folder, model);
});
