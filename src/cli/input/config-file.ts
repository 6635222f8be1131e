import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { type ComparisonConfig, isComparison, resolveComparison, triedExperiments } from '../../config/comparison.js';
import { type ConfigDocument, readDocument, withOverrides } from '../../config/document.js';
import { type Experiment, resolveExperiment } from '../../config/experiment.js';
import { isMapping, valueAt } from '../../config/node.js';
import { ConfigError, systemReason } from '../../support/errors.js';
import { printable } from '../../support/text.js';
import { definitions } from '../../training/definitions.js';
import { loadConfigPlugins } from '../../training/plugins.js';
import { checkParts } from '../../training/setup.js';
import { configFolders } from '../command.js';
import { shippedConfig } from './shipped-configs.js';

/** The config that a word means, a file or one of this program. */
export function readConfig(word: string, overrides: readonly string[]): ConfigDocument {
  const file = shippedConfig(word);
  return readDocument(readText(file), file, overrides);
}

/** The config named by --config or by the first word; the other words are overrides. */
export function configIfNamed(words: readonly string[], option: string | undefined): ConfigDocument | undefined {
  const [first, ...rest] = words;
  if (option !== undefined) return readConfig(option, words);
  return first === undefined || first.includes('=') ? undefined : readConfig(first, rest);
}

/** `configIfNamed` for a command that requires a config. */
export function requiredConfig(words: readonly string[], option: string | undefined): ConfigDocument {
  const config = configIfNamed(words, option);
  if (!config) throw new ConfigError('Name a config: --config FILE.');
  return config;
}

/** Checks the config of one run as far as that needs no data. Loads its plugins first. */
export async function checkedConfig(config: ConfigDocument): Promise<Experiment> {
  await loadConfigPlugins(config);
  try {
    const models = otherModel(config);
    return models.length === 0 ? checked(config) : firstValid(config, models);
  } catch (error) {
    const lacksModel = error instanceof ConfigError && /'model': is missing/.test(error.message);
    if (!lacksModel || !isComparison(config)) throw error;
    const { file } = config;
    throw new ConfigError(
      `${file} is the config of a comparison, without a model of its own: ple compare --config ${file}`,
    );
  }
}

function checked(config: ConfigDocument): Experiment {
  const experiment = resolveExperiment(config, definitions);
  checkParts(experiment);
  return experiment;
}

/** The experiment with the first model that makes a valid one. @throws the error of the last */
function firstValid(config: ConfigDocument, [overrides = [], ...others]: readonly (readonly string[])[]): Experiment {
  try {
    return checked(withOverrides(config, overrides));
  } catch (error) {
    if (others.length === 0 || !(error instanceof ConfigError)) throw error;
    return firstValid(config, others);
  }
}

/** What every model takes, beside `levels`. */
const common = ['tower', 'dropout', 'normalization', 'activation'];

/**
 * Overrides to try where `model.type=NAME` names another model than the config's. It keeps what every model takes, and
 * the config's levels: as they are, as one level, or each layer as a level, whichever it takes first. Else it has its
 * own. Empty where no other model is named.
 */
function otherModel({ written, overrides }: ConfigDocument): readonly (readonly string[])[] {
  const word = overrides.find((override) => override.startsWith('model.type='));
  const type = word?.slice('model.type='.length) ?? '';
  const model = valueAt(written.value, ['model']);
  if (!isMapping(model) || model['type'] === type || !definitions.models.names.includes(type)) return [];
  const kept = Object.fromEntries(Object.entries(model).filter(([key]) => common.includes(key)));
  const { data: levels = [] } = z.array(z.array(z.number())).safeParse(model['levels']);
  const layers = levels.flat();
  const ways = [levels, [layers], layers.map((width) => [width])].map((way) => ({ type, ...kept, levels: way }));
  return [...ways, { type, ...kept }].map((options) => [
    `model=${JSON.stringify(options)}`,
    ...overrides.filter((override) => override !== word),
  ]);
}

/** Checks the config of a comparison as far as that needs no data. Loads its plugins first. */
export async function checkedComparison(config: ConfigDocument): Promise<ComparisonConfig> {
  await loadConfigPlugins(config);
  const comparison = resolveComparison(config, definitions);
  for (const experiment of triedExperiments(comparison)) checkParts(experiment);
  return comparison;
}

/** The single run that a comparison's config also describes, if any. */
export async function runBeside(config: ConfigDocument): Promise<Experiment | undefined> {
  if (valueAt(config.value, ['model']) === undefined) return undefined;
  try {
    return await checkedConfig(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      ...error.faults,
      "(This is of the config's model, which only ple train uses; ple compare uses compare.models.)",
    );
  }
}

/**
 * A config that a comparison has stored may come from elsewhere: its commands run only if the user says so.
 * @throws ConfigError that has the commands
 */
export async function refuseStoredCommands({ external }: ComparisonConfig, file: string): Promise<void> {
  if (external.length === 0) return;
  const { folderKind } = await import('../../comparison/stored/folders.js');
  if (folderKind(dirname(file)) !== 'comparison') return;
  const commands = external.map(({ label, command }) => `${label}: ${printable(command)}`).join('; ');
  throw new ConfigError(
    `${file} is stored, and would run commands on this machine: ${commands}. Allow it with --commands.`,
  );
}

/** The text of a config. */
function readText(file: string): string {
  configFolders.add(dirname(file));
  if (/\.(csv|tsv|tab|parquet|pq|jsonl|ndjson)(\.gz)?$/i.test(file)) {
    throw new ConfigError(`${file} is no config: 'ple data inspect ${file} --write' prints one to start with.`);
  }
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`Cannot read the config ${file}: ${systemReason(error)}.`);
  }
}
