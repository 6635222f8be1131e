import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { features } from '../../data/encode/project.js';
import { models } from '../../models/catalogue.js';
import { ConfigError } from '../../support/errors.js';
import { makeFolder, writeWhole } from '../../support/files.js';
import { writeSafetensors } from '../../support/safetensors.js';
import { programVersion } from '../../training/folder/environment.js';
import { encodingFile } from '../../training/folder/run-folder.js';
import { modelShape } from '../../training/setup.js';
import { storedSets, type TrainedModel } from '../trained-run.js';

/**
 * Writes `model.safetensors` (the parameters; `model-1.safetensors`, … where epochs differ), `config.json` (the model's options and shape, and each
 * parameter's shape and kind) and the run's `encoding.json`.
 * @throws ConfigError for a folder with files of anything else.
 */
export async function writeSafetensorsFolder(run: TrainedModel, folder: string): Promise<void> {
  const { experiment, encoding, result } = run;
  const dataset = features(encoding, experiment.inputs);
  const shape = modelShape(dataset);
  const model = models.get(experiment.model.type).build(shape, experiment.model);
  const stored = storedSets(model, run);
  const sets = stored.map((set, index) => ({
    ...set,
    file: stored.length === 1 ? 'model.safetensors' : `model-${index + 1}.safetensors`,
  }));
  const config = {
    schema: 1,
    ple: programVersion(),
    model: experiment.model,
    ...shape,
    files: sets.map(({ file, tasks }) => ({ file, tasks })),
    parameters: Object.fromEntries(
      Object.entries(model.parameters).map(([name, { shape, kind, task }]) => [name, { shape, kind, task }]),
    ),
    seed: experiment.seed,
    checksum: result.dataset.checksum,
  };
  const encodingText = await readFile(join(run.path, encodingFile));
  if (!mayBeWritten(folder))
    throw new ConfigError(
      `${folder} is neither an empty folder nor an export of ple, whose ${configFile} has 'ple' and 'parameters': name another one.`,
    );
  makeFolder(folder);
  for (const name of readdirSync(folder)) if (/^model(-\d+)?\.safetensors$/.test(name)) rmSync(join(folder, name));
  for (const { file, parameters } of sets)
    await writeSafetensors(join(folder, file), { arrays: parameters, metadata: { ple: config.ple } });
  await writeWhole(join(folder, encodingFile), encodingText);
  await writeWhole(join(folder, configFile), `${JSON.stringify(config, null, 2)}\n`);
}

const configFile = 'config.json';
const exported = z.looseObject({ schema: z.literal(1), ple: z.string(), parameters: z.looseObject({}) });

/** True for a folder that does not exist, has no files, or has an earlier export. */
function mayBeWritten(folder: string): boolean {
  if (!existsSync(folder)) return true;
  if (!statSync(folder).isDirectory()) return false;
  if (readdirSync(folder).length === 0) return true;
  try {
    return exported.safeParse(JSON.parse(readFileSync(join(folder, configFile), 'utf8'))).success;
  } catch {
    return false;
  }
}
