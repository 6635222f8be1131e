import { parse } from 'yaml';
import { z } from 'zod';
import { hash8 } from '../config/experiment.js';
import { metrics } from '../metrics/catalogue.js';
import { DataError } from '../support/errors.js';
import { definitions } from './definitions.js';
import type { Result } from './result.js';
import type { EpochRecord } from './trainer.js';

/** Relative, of a metric; the best epoch is evaluated a second time at the end, maybe on another device. */
const tolerance = 1e-3;
const configShape = z.looseObject({
  seed: z.number(),
  dataset: z.looseObject({ loader: z.string() }),
  model: z.looseObject({ type: z.string() }),
});

/** What a finished run left in its folder. */
interface LeftFiles {
  readonly path: string;
  /** Text of config.yaml. */
  readonly config: string;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly result: Result;
}

/**
 * Holds that a folder's config.yaml and result.json are those of one run: folders are copied, and configs edited.
 * @throws DataError that names the folder and what to do.
 */
export function checkConfig({ path, config, environment, result }: LeftFiles): void {
  const { model, seed, dataset } = result;
  const read = configShape.safeParse(parse(config));
  if (!read.success) throw foreign(path, `its config.yaml has no ${read.error.issues[0]?.path.join('.')}`);
  const known = read.data;
  if (known.model.type !== model || known.seed !== seed)
    throw foreign(
      path,
      `its config.yaml is of ${known.model.type} with seed ${known.seed}, its result.json of ${model} with seed ${seed}`,
    );
  const hash = hash8(known, dataset.checksum, definitions);
  if (hash !== environment.hash8)
    throw foreign(
      path,
      `its config.yaml and the data of its result.json have the hash ${hash}, and ${environment.hash8} was trained`,
    );
}

/** Likewise, that result.json is of the run whose epochs these are; a crash may have lost the lines of some. */
export function checkResult(path: string, result: Result, epochs: readonly EpochRecord[]): void {
  const judging = metrics.all.filter(({ score, loss }) => score || loss);
  if ((epochs.at(-1)?.epoch ?? 0) > result.epochs) throw foreign(path, notOfEpochs);
  for (const [task, { validation }] of Object.entries(result.tasks)) {
    const best = typeof result.bestEpoch === 'number' ? result.bestEpoch : result.bestEpoch[task];
    const recorded = epochs.find(({ epoch }) => epoch === best);
    if (recorded && !judging.every(({ name }) => near(validation[name], recorded.validation[task]?.[name])))
      throw foreign(path, notOfEpochs);
  }
}

const notOfEpochs = 'its result.json is not of the run of its epochs.jsonl';

function near(left: unknown, right: unknown): boolean {
  if (typeof left !== 'number' || typeof right !== 'number') return left === right;
  return Math.abs(left - right) <= tolerance * Math.max(Math.abs(left), Math.abs(right));
}

function foreign(path: string, what: string): DataError {
  return new DataError(
    `${path} holds files of different runs, or edited ones: ${what}. Put its own files back, or delete the folder and train the run again.`,
  );
}
