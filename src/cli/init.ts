import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { commandLine, defineCommand, examples, print, say } from './command.js';

const words = () =>
  new Command('init')
    .description('Copy a config that comes with this program into this folder, to change it.')
    .argument('[name]', 'its name', 'quickstart')
    .option('--list', 'list the names, each with its first lines')
    .option('--force', 'replace an existing file')
    .option('--json', 'print the names, or the file and the next command, as one JSON document')
    .addHelpText('after', examples('ple init', 'ple init census-income/compare', 'ple init --list'));

/** Writes the config into the working folder and prints the next command on stdout. */
export const init = defineCommand(words, async (name, { list, force, json }) => {
  const { shippedFile, shippedFolder, shippedNames } = await import('./input/shipped-configs.js');
  const names = shippedNames();
  if (list) {
    const configs = names.map((name) => ({ name, summary: firstSentence(readFileSync(shippedFile(name), 'utf8')) }));
    const { textTable } = await import('../report/text-table.js');
    const rows = configs.map(({ name, summary }) => [name, summary]);
    print(json, { schema: 1, configs }, textTable(['name', 'summary'], rows));
    return;
  }
  if (!names.includes(name))
    throw new ConfigError(`There is no config '${name}'${didYouMean(name, names)}; 'ple init --list' lists them.`);
  const file = `${name.replaceAll('/', '-')}.yaml`;
  if (existsSync(file) && !force) throw new ConfigError(`${file} exists already: --force replaces it.`);

  const text = readFileSync(shippedFile(name), 'utf8')
    .replace(/(\$schema=)\S+/, (_, start) => `${start}${relative('.', join(shippedFolder, 'ple.schema.json'))}`)
    .replaceAll(`configs/${name}.yaml`, file);
  const { writeWhole } = await import('../support/files.js');
  const { isComparison } = await import('../config/comparison.js');
  const { readDocument } = await import('../config/document.js');
  await writeWhole(file, text);
  const next = commandLine(isComparison(readDocument(text, file)) ? 'compare' : 'train', ['--config', file]);
  say(`Written to ${file}. Go on with:`);
  print(json, { schema: 1, file, next }, `${next}\n`);
});

/** The first sentence of the comment at the top. */
function firstSentence(text: string): string {
  const comment = text
    .split('\n')
    .slice(1)
    .filter((line) => line.startsWith('#'))
    .map((line) => line.slice(1).trim())
    .join(' ');
  return /^.{20,}?(\.(?= [A-Z]|$)|[?:](?= ))/.exec(comment)?.[0].replace(/:$/, '.') ?? comment;
}
