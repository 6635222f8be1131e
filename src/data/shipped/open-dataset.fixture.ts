import { z } from 'zod';
import { readDocument } from '../../config/document.js';
import type { Source } from '../dataset.js';
import { open } from '../table/table-loader.fixture.js';

/** Opens a data set that comes with the program. @param overrides Behind `dataset.` */
export async function openDataset(
  from: string,
  overrides: readonly string[],
  keys = '',
  seed?: number,
): Promise<Source> {
  const words = overrides.map((word) => `dataset.${word}`);
  const { value } = readDocument(`dataset: { from: ${from}${keys} }`, 'config.yaml', words);
  const { dataset } = z.object({ dataset: z.looseObject({}) }).parse(value);
  return open(dataset, [], seed === undefined ? {} : { seed });
}
