import { join } from 'node:path';
import { isFinished } from './folder/run-folder.js';
import { readSealed } from './folder/stored-file.js';
import type { Result } from './result.js';

/** The result of a finished run in this folder. */
export function readResult(path: string): Result | undefined {
  return isFinished(path) ? readSealed<Result>(join(path, 'result.json'), 2) : undefined;
}
