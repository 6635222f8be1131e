import { join } from 'node:path';
import { readSealed } from '../../training/folder/stored-file.js';
import type { Comparison } from '../comparison.js';

/**
 * Reads a comparison that `ple compare` or `ple report` wrote.
 * @throws DataError if the file is damaged, or of another version of ple.
 */
export function readComparison(folder: string): Comparison {
  const again = 'Put it back, or delete it and run ple compare again, which keeps the runs';
  return readSealed(join(folder, 'comparison.json'), 6, again);
}
