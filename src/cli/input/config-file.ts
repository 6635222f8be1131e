import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { type ComparisonConfig, isAlsoRun, isComparison, parseComparison } from '../../config/comparison.js';
import { isMapping, readDocument, valueAt } from '../../config/document.js';
import { type Experiment, parseExperiment } from '../../config/experiment.js';
import { ConfigError, systemReason } from '../../support/errors.js';
import { printable } from '../../support/text.js';
import { definitions } from '../../training/definitions.js';
import { loadConfigPlugins } from '../../training/plugins.js';
import { checkParts } from '../../training/setup.js';
import { configFolders } from '../command.js';
import { shippedConfig } from './shipped-configs.js';

/** A config: its text, its file, and overrides. */
export type NamedConfig = readonly [text: string, file: string, overrides: readonly string[]];

/** The config that a word means, a file or one of this program. */
export function namedConfig(word: string, overrides: readonly string[]): NamedConfig {
  const file = shippedConfig(word);
  return [readText(file), file, overrides];
}

/** The config named by --config or by the first word; the other words are overrides. */
export function configOf(words: readonly string[], option: string | undefined): NamedConfig | undefined {
  const [first, ...rest] = words;
  if (option !== undefined) return namedConfig(option, words);
  return first === undefined || first.includes('=') ? undefined : namedConfig(first, rest);
}

/** `configOf` for a command that requires a config. */
export function neededConfig(words: readonly string[], option: string | undefined): NamedConfig {
  const config = configOf(words, option);
  if (!config) throw new ConfigError('Name a config: --config FILE.');
  return config;
}

/** Parses the config of one run, loads its plugins, and checks everything that needs no data. */
export async function checkedConfig(...config: NamedConfig): Promise<Experiment> {
  await loadConfigPlugins(...config);
  try {
    return firstValid(config, withModelNamed(config));
  } catch (error) {
    const lacksModel = error instanceof ConfigError && /'model': is missing/.test(error.message);
    if (!lacksModel || !isComparison(...config)) throw error;
    const [, file] = config;
    throw new ConfigError(
      `${file} is the config of a comparison, without a model of its own: ple compare --config ${file}`,
    );
  }
}

/** The experiment of the first overrides that make a valid one. @throws the error of the last */
function firstValid(
  [text, file]: NamedConfig,
  [overrides = [], ...others]: readonly (readonly string[])[],
): Experiment {
  try {
    const experiment = parseExperiment(text, file, overrides, definitions);
    checkParts(experiment);
    return experiment;
  } catch (error) {
    if (others.length === 0 || !(error instanceof ConfigError)) throw error;
    return firstValid([text, file, []], others);
  }
}

/** What every model takes, beside `levels`. */
const common = ['tower', 'dropout', 'normalization', 'activation'];

/**
 * The overrides, where `model.type=NAME` names another model than the config's. Of that it keeps what every model takes:
 * its levels as they are, as one level or each layer as a level, whichever the other model takes first. Else it has its
 * own.
 */
function withModelNamed([text, file, overrides]: NamedConfig): readonly (readonly string[])[] {
  const word = overrides.find((override) => override.startsWith('model.type='));
  const type = word?.slice('model.type='.length) ?? '';
  const written = valueAt(readDocument(text, file).value, ['model']);
  if (!isMapping(written) || written['type'] === type || !definitions.models.names.includes(type)) return [overrides];
  const kept = Object.fromEntries(Object.entries(written).filter(([key]) => common.includes(key)));
  const { data: levels = [] } = z.array(z.array(z.number())).safeParse(written['levels']);
  const layers = levels.flat();
  const ways = [levels, [layers], layers.map((width) => [width])].map((way) => ({ type, ...kept, levels: way }));
  return [...ways, { type, ...kept }].map((model) => [
    `model=${JSON.stringify(model)}`,
    ...overrides.filter((override) => override !== word),
  ]);
}

/** The same for a comparison. */
export async function checkedComparison(...config: NamedConfig): Promise<ComparisonConfig> {
  await loadConfigPlugins(...config);
  const comparison = parseComparison(...config, definitions);
  const seed = comparison.seeds[0] ?? 0;
  for (const { label } of comparison.models)
    for (const point of comparison.points)
      for (const values of comparison.settings(label)) checkParts(comparison.experiment(label, point, seed, values));
  return comparison;
}

/** The single run that a comparison's config also describes, if any. */
export async function runBeside(...config: NamedConfig): Promise<Experiment | undefined> {
  if (!isAlsoRun(...config)) return undefined;
  try {
    return await checkedConfig(...config);
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
