import { readFileSync } from 'node:fs';
import { type Experiment, parseExperiment } from '../config/experiment.js';
import { ConfigError } from '../support/errors.js';
import { definitions } from '../training/definitions.js';
import { checkParts } from '../training/setup.js';

/** Reads and checks a config file: everything that can be checked without the data. */
export function readConfig(file: string, overrides: readonly string[]): Experiment {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new ConfigError(`Cannot read the config ${file}: ${code}.`);
  }
  const experiment = parseExperiment(text, file, overrides, definitions);
  checkParts(experiment);
  return experiment;
}
