import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Experiment, stringifyExperiment } from '../../../config/experiment.js';
import { acquireLock, FolderInUse, type Lock } from '../../../support/lock.js';
import { makeFolder } from '../../../support/make-folder.js';
import { writeWhole } from '../../../support/whole-file.js';
import { epochsSoFar } from '../../../training/epoch-record.js';

/** The planner's folder of a run that trains elsewhere. Its files are those that `ple watch` reads. */
export interface RemoteFolder {
  /** Lines of epochs.jsonl. Those of an attempt that was lost are replaced. */
  addEpochs(records: readonly { readonly epoch: number }[]): Promise<void>;
  release(): void;
}

/** Holds the folder. Undefined if another process does. */
export async function holdFolder(
  path: string,
  experiment: Experiment,
  force = false,
): Promise<RemoteFolder | undefined> {
  makeFolder(path);
  let lock: Lock;
  try {
    lock = acquireLock(path, force);
  } catch (error) {
    if (error instanceof FolderInUse) return undefined;
    throw error;
  }
  const config = join(path, 'config.yaml');
  if (!existsSync(config)) await writeWhole(config, stringifyExperiment(experiment));
  const file = join(path, 'epochs.jsonl');
  const epochs = new Map<number, object>((existsSync(file) ? epochsSoFar(file) : []).map((one) => [one.epoch, one]));
  return {
    async addEpochs(records) {
      if (records.length === 0) return;
      for (const record of records) epochs.set(record.epoch, record);
      const lines = [...epochs].toSorted(([a], [b]) => a - b).map(([, record]) => `${JSON.stringify(record)}\n`);
      await writeWhole(file, lines.join(''));
    },
    release: lock.release,
  };
}
