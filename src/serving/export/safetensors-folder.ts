import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storedFeatures } from '../../data/encode/stored-encoding.js';
import { models } from '../../models/catalogue.js';
import { makeFolder } from '../../support/make-folder.js';
import { writeWhole } from '../../support/whole-file.js';
import { programVersion } from '../../training/environment.js';
import { encodingFile } from '../../training/run-manifest.js';
import { writeSafetensors } from '../../training/safetensors.js';
import { shapeOf } from '../../training/setup.js';
import { parametersOf, type TrainedRun } from '../trained-run.js';

/**
 * Writes `model.safetensors` (the parameters of the best epoch), `config.json` (the model's options, what it is built for, and of each parameter
 * shape and kind) and the run's `encoding.json`.
 */
export async function writeSafetensorsFolder(run: TrainedRun, folder: string): Promise<void> {
  const { experiment, encoding, result } = run;
  const dataset = storedFeatures(encoding, experiment.inputs);
  const shape = shapeOf(dataset, experiment.inputs);
  const model = models.get(experiment.model.type).build(shape, experiment.model);
  const config = {
    schema: 1,
    ple: programVersion(),
    model: experiment.model,
    ...shape,
    parameters: Object.fromEntries(
      Object.entries(model.parameters).map(([name, { shape, kind, task }]) => [
        name,
        { shape, kind, ...(task === undefined ? {} : { task }) },
      ]),
    ),
    seed: experiment.seed,
    checksum: result.dataset.checksum,
  };
  makeFolder(folder);
  const arrays = parametersOf(model, run);
  await writeSafetensors(join(folder, 'model.safetensors'), { arrays, metadata: { ple: config.ple } });
  await writeWhole(join(folder, encodingFile), await readFile(join(run.path, encodingFile)));
  await writeWhole(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}
