import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endedBefore } from './ended.js';
import { epochsSoFar } from './epoch-record.js';
import { isFinished } from './folder/run-folder.js';
import { readSealed } from './folder/stored-file.js';
import type { Result } from './result.js';

/** The result of a finished run in this folder. */
export function readResult(path: string): Result | undefined {
  if (!isFinished(path)) return undefined;
  const stored = readSealed<Result | EarlierResult>(join(path, 'result.json'), [1, 2]);
  return stored.schema === 1 ? fromEarlier(stored, path) : stored;
}

/** result.json of versions that chose one epoch for all tasks of a joint model. */
interface EarlierResult extends Omit<Result, 'schema' | 'bestEpoch' | 'oneEpoch' | 'ended'> {
  readonly schema: 1;
  readonly bestEpoch: number | Result['bestEpoch'];
  /** `plateau` was said at any learning rate. */
  readonly ended: 'plateau' | 'limit';
}

/** Its metrics stay as they are: a joint model's are of one epoch. */
function fromEarlier(result: EarlierResult, path: string): Result {
  const { bestEpoch } = result;
  const epochs = join(path, 'epochs.jsonl');
  return {
    ...result,
    schema: 2,
    bestEpoch:
      typeof bestEpoch === 'number'
        ? Object.fromEntries(Object.keys(result.tasks).map((task) => [task, bestEpoch]))
        : bestEpoch,
    ended: result.ended === 'limit' ? 'limit' : endedBefore(existsSync(epochs) ? epochsSoFar(epochs) : []),
  };
}
