import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ComparisonConfig, isAlsoRun, isComparison, parseComparison } from '../../config/comparison.js';
import { type Experiment, parseExperiment } from '../../config/experiment.js';
import { ConfigError } from '../../support/errors.js';
import { printable } from '../../support/printable.js';
import { systemReason } from '../../support/system-error.js';
import { definitions } from '../../training/definitions.js';
import { loadConfigPlugins } from '../../training/plugins.js';
import { checkParts } from '../../training/setup.js';
import { configFolders } from './beside-config.js';
import { shippedConfig } from './shipped-configs.js';

/** The config named by --config or by the first word, and the overrides. It is a file, or a config of this program. */
export function namedConfig(
  words: readonly string[],
  option: string | undefined,
): { readonly file: string | undefined; readonly overrides: readonly string[] } {
  const [first, ...rest] = words;
  if (option === undefined && first !== undefined && !first.includes('='))
    return { file: shippedConfig(first), overrides: rest };
  return { file: option === undefined ? undefined : shippedConfig(option), overrides: words };
}

/** `namedConfig` for a command that requires a config. */
export function neededConfig(
  words: readonly string[],
  option: string | undefined,
): { readonly file: string; readonly overrides: readonly string[] } {
  const { file, overrides } = namedConfig(words, option);
  if (file === undefined) throw new ConfigError('Name a config: --config FILE.');
  return { file, overrides };
}

/** Reads the config of one run, loads its plugins, and checks everything that needs no data. */
export async function readConfig(file: string, overrides: readonly string[]): Promise<Experiment> {
  return checkedConfig(readText(file), file, overrides);
}

/** `readConfig` for a text. */
export async function checkedConfig(text: string, file: string, overrides: readonly string[]): Promise<Experiment> {
  await loadConfigPlugins(text, file, overrides);
  let experiment: Experiment;
  try {
    experiment = parseExperiment(text, file, overrides, definitions);
  } catch (error) {
    if (!(error instanceof ConfigError) || !/'model': is missing/.test(error.message)) throw error;
    if (!isComparison(text, file, overrides)) throw error;
    throw new ConfigError(
      `${file} is the config of a comparison, without a model of its own: ple compare --config ${file}`,
    );
  }
  checkParts(experiment);
  return experiment;
}

/** Reads and checks the config of a comparison, with its plugins. */
export async function readComparison(file: string, overrides: readonly string[]): Promise<ComparisonConfig> {
  return checkedComparison(readText(file), file, overrides);
}

/** `readComparison` for a text. */
export async function checkedComparison(
  text: string,
  file: string,
  overrides: readonly string[],
): Promise<ComparisonConfig> {
  await loadConfigPlugins(text, file, overrides);
  const config = parseComparison(text, file, overrides, definitions);
  const seed = config.seeds[0] ?? 0;
  for (const { label } of config.models)
    for (const point of config.points)
      for (const values of config.settings(label)) checkParts(config.experiment(label, point, seed, values));
  return config;
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

/** Whether this is the config of a comparison. False for an unreadable file, whose error appears when it is read. */
export function namesComparison(file: string, overrides: readonly string[]): boolean {
  return isComparison(readText(file), file, overrides);
}

/** The single run that a comparison's config also describes, if any. */
export async function readRunBeside(file: string, overrides: readonly string[]): Promise<Experiment | undefined> {
  if (!isAlsoRun(readText(file), file, overrides)) return undefined;
  try {
    return await readConfig(file, overrides);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(
      ...error.faults,
      "(This is of the config's model, which only ple train uses; ple compare uses compare.models.)",
    );
  }
}

/** The text of a config. */
export function readText(file: string): string {
  configFolders.add(dirname(file));
  if (/\.(csv|tsv|tab|parquet|pq|jsonl|ndjson)(\.gz)?$/i.test(file)) {
    throw new ConfigError(`${file} is no config: 'ple data inspect ${file} --write' prints one to start with.`);
  }
  try {
    const known = streams.get(file);
    if (known !== undefined) return known;
    const text = readFileSync(file, 'utf8');
    if (!statSync(file).isFile()) streams.set(file, text);
    return text;
  } catch (error) {
    throw new ConfigError(`Cannot read the config ${file}: ${systemReason(error)}.`);
  }
}

/** Contents of pipes, which can be read only once. */
const streams = new Map<string, string>();
