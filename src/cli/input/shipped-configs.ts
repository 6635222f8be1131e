import { existsSync, readdirSync, statSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, inWorkingFolder } from '../../support/errors.js';

/** The folder of the configs that come with this program. */
export const shippedFolder = fileURLToPath(new URL('../../../configs/', import.meta.url));

/** Their names, such as `census-income/ple`. */
export function shippedNames(): readonly string[] {
  return readdirSync(shippedFolder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.yaml'))
    .map((path) => path.slice(0, -'.yaml'.length).replaceAll(sep, '/'))
    .toSorted();
}

/** The file of a config that comes with this program. */
export function shippedFile(name: string): string {
  return `${shippedFolder}${name}.yaml`;
}

/**
 * The file that a word means: a path that exists, else a config that comes with this program. A folder does not hide a
 * config.
 * @throws ConfigError with the nearest name if it is neither.
 */
export function shippedConfig(word: string): string {
  const names = shippedNames();
  if (existsSync(word) && !(names.includes(word) && statSync(word).isDirectory())) return word;
  if (names.includes(word)) return shippedFile(word);
  const name = word.replace(/^(\.\/)?configs\//, '').replace(/\.ya?ml$/, '');
  const near = names.includes(name) ? `; the one that comes with this program is '${name}'` : didYouMean(name, names);
  throw new ConfigError(
    `Cannot read the config ${word}: there is no such file${inWorkingFolder(word)}${near}. 'ple init --list' lists the configs that come with this program.`,
  );
}
