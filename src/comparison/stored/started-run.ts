import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Experiment, parseExperiment } from '../../config/experiment.js';
import { ConfigError } from '../../support/errors.js';
import { definitions } from '../../training/definitions.js';
import { readEnvironment } from '../../training/folder/environment.js';
import { type Result, readResult } from '../../training/result.js';

/** A run with a config and an environment, and with a result once it is finished. */
export interface StartedRun {
  readonly path: string;
  readonly experiment: Experiment;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly result: Result | undefined;
}

/** @throws ConfigError if this is not the folder of a run. */
export function readStartedRun(path: string): StartedRun {
  const config = join(path, 'config.yaml');
  const environment = readEnvironment(path);
  if (!existsSync(config) || !environment) {
    throw new ConfigError(
      `${path} is not the folder of a run: it has no ${existsSync(config) ? 'environment.json' : 'config.yaml'}.`,
    );
  }
  return {
    path,
    experiment: parseExperiment(readFileSync(config, 'utf8'), config, [], definitions),
    environment,
    result: readResult(path),
  };
}
