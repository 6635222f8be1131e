import { Command } from '@commander-js/extra-typings';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { defineCommand, examples } from './command.js';

const words = () =>
  new Command('schema')
    .description('Print the JSON Schema of configs, with which editors complete and check them, or what one key does.')
    .argument('[key]', 'a key, such as train.epochs: print what it does')
    .addHelpText(
      'after',
      `
A config uses it by a first line
  # yaml-language-server: $schema=ple.schema.json`,
    )
    .addHelpText('after', examples('ple schema > ple.schema.json', 'ple schema train.epochs'));

/** Prints on stdout the schema or the descriptions of a key. */
export const schema = defineCommand(words, async (word) => {
  const { configSchema, describedKeys } = await import('../config/config-schema.js');
  const { definitions } = await import('../training/definitions.js');
  const whole = configSchema(definitions);
  if (word === undefined) {
    process.stdout.write(`${JSON.stringify(whole, null, 2)}\n`);
    return;
  }
  const keys = describedKeys(whole);
  const matches = keys.filter(({ path }) => isAt(path, word.split('.')));
  if (matches.length === 0)
    throw new ConfigError(
      `There is no key '${word}'${didYouMean(word, [...new Set(keys.map(({ path }) => path.join('.')))])}.`,
    );
  process.stdout.write(matches.map(({ meaning }) => `${meaning}\n`).join(''));
});

/** An item of a list matches any index, and a key `<task>` matches any name. */
function isAt(path: readonly string[], words: readonly string[]): boolean {
  const isPart = (part: string, word = '') =>
    part === word || (part === '[]' && /^\d+$/.test(word)) || /^<./.test(part);
  return path.length === words.length && path.every((part, index) => isPart(part, words[index]));
}
