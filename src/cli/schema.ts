import { Command } from '@commander-js/extra-typings';
import type { Key } from '../config/keys.js';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { defineCommand, examples } from './command.js';

const words = () =>
  new Command('schema')
    .description('Print the JSON Schema of configs, with which editors complete and check them, or what one key does.')
    .argument('[key]', 'a key, such as train.epochs: print its default and what it does, and the keys below it')
    .option('--json', 'print one JSON document (without a key it always is one)')
    .addHelpText(
      'after',
      `
A config uses it by a first line
  # yaml-language-server: $schema=ple.schema.json`,
    )
    .addHelpText('after', examples('ple schema > ple.schema.json', 'ple schema train', 'ple schema dataset.splitSeed'));

/** Prints on stdout the schema or the description of a key. */
export const schema = defineCommand(words, async (word, { json }) => {
  const [{ configSchema }, { describedKeys: keysOf }, { definitions }] = await Promise.all([
    import('../config/config-schema.js'),
    import('../config/keys.js'),
    import('../training/definitions.js'),
  ]);
  const whole = configSchema(definitions);
  if (word === undefined) {
    process.stdout.write(`${JSON.stringify(whole, null, 2)}\n`);
    return exitCode.done;
  }
  const all = keysOf(whole).map((key) => ({ ...key, name: keyName(key.path) }));
  const found = all.filter(({ path }) => isAtOrBelow(path, word.split('.')));
  if (found.length === 0) {
    const { meantKey } = await import('../config/field-names.js');
    const [last = '', ...before] = word.split('.').toReversed();
    const key = meantKey(last, [...new Set(all.flatMap(({ path }) => path.at(-1) ?? []))]);
    const inOrder = all.toSorted((a, b) => Number(b.path[0] === 'train') - Number(a.path[0] === 'train')); // most likely
    const meant = inOrder.find(({ path, name }) => path.at(-1) === key && before.every((part) => name.includes(part)));
    const suggestion = meant
      ? ` (did you mean '${meant.name}'?)`
      : didYouMean(word, [...new Set(all.map(({ name }) => name))]);
    throw new ConfigError(`There is no key '${word}'${suggestion}; 'ple schema train' shows the keys below train.`);
  }
  const listed = found.map(({ name, of, standards, meaning }) => ({ key: name, of, standards, meaning }));
  process.stdout.write(json ? `${JSON.stringify(listed, null, 2)}\n` : found.map(keyText).join(''));
  return exitCode.done;
});

/** An item of a list matches any index, and a key `<task>` matches any name. */
function isAtOrBelow(path: Key['path'], words: readonly string[]): boolean {
  return words.every((word, index) => {
    const part = path[index];
    return part === word || (part === '[]' && /^\d+$/.test(word)) || (part?.startsWith('<') && word !== '');
  });
}

/** The form on a command line, where an item of a list has an index. */
function keyName(path: Key['path']): string {
  return path.join('.').replaceAll('[]', '0');
}

function keyText({ path, of, standards, meaning }: Key): string {
  const different = [...new Set(standards)].filter((standard) => standard !== '');
  const about = [
    ...(of.length > 0 ? [`of ${of.join(', ')}`] : []),
    ...(different.length > 0
      ? [different.join() === 'required' ? 'required' : `default ${different.join(' or ')}`]
      : []),
  ];
  return `${keyName(path)}${about.length > 0 ? ` (${about.join('; ')})` : ''}\n  ${meaning}\n`;
}
