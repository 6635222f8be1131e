import { join } from 'node:path';
import { groupedBy } from '../../support/grouped-by.js';
import { readResult } from '../../training/stored-result.js';
import type { Run } from '../plan/run.js';
import { foldersAt } from './folders.js';
import { secondsLogged } from './timing.js';

/** How long runs take one after the other, by finished runs on the same data. */
export interface TimeEstimate {
  /** Runs that have not finished. */
  readonly runs: number;
  /** Finished runs on their data. */
  readonly finished: number;
  /** Each takes as long as finished runs of its model do on average, or of all models. Null: none has finished. */
  readonly seconds: number | null;
}

/** @param folder Of all comparisons and runs. */
export function estimateTime(folder: string, runs: readonly Run[]): TimeEstimate {
  const left = groupedBy(
    runs.filter(({ state }) => state !== 'finished'),
    ({ hash8 }) => hash8,
  ).map(([run]) => run);
  const checksums = new Set(left.map(({ checksum }) => checksum));
  const below = foldersAt(folder).flatMap((found) => (found.kind === 'run' ? [found] : foldersAt(found.path)));
  const finished = below.flatMap(({ path }) => {
    const result = readResult(path);
    const seconds = secondsLogged(join(path, 'log.jsonl'));
    return result && seconds !== null && checksums.has(result.dataset.checksum)
      ? [{ model: result.model, seconds }]
      : [];
  });
  const mean = (some: typeof finished) => some.reduce((sum, { seconds }) => sum + seconds, 0) / some.length;
  const secondsOf = ({ experiment: { model } }: Run) => {
    const alike = finished.filter((run) => run.model === model.type);
    return mean(alike.length > 0 ? alike : finished);
  };
  const seconds = finished.length === 0 ? null : left.reduce((sum, run) => sum + secondsOf(run), 0);
  return { runs: left.length, finished: finished.length, seconds };
}
