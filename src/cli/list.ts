import { Argument, Command } from '@commander-js/extra-typings';
import { catalogue } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { collect, defineCommand, examples, print } from './command.js';

interface Listed {
  readonly name: string;
  readonly summary: string;
}

export const kinds = catalogue<{ name: string; from: () => Promise<{ readonly all: readonly Listed[] }> }>('kind', [
  { name: 'models', from: async () => (await import('../models/catalogue.js')).models },
  {
    name: 'datasets',
    async from() {
      const { loaders } = await import('../data/catalogue.js');
      const { describedDatasets } = await import('../config/document.js');
      return { all: [...loaders.all, ...describedDatasets()] };
    },
  },
  { name: 'metrics', from: async () => (await import('../metrics/catalogue.js')).metrics },
  { name: 'optimizers', from: async () => (await import('../optimizers/catalogue.js')).optimizers },
  {
    name: 'schedules',
    from: async () => (await import('../optimizers/schedules/catalogue.js')).learningRateSchedules,
  },
  { name: 'weights', from: async () => (await import('../objective/catalogue.js')).weightSchedules },
  { name: 'balancing', from: async () => (await import('../objective/balancing/catalogue.js')).balancings },
]);

const words = () =>
  new Command('list')
    .description('List what a config may choose from.')
    .addArgument(
      new Argument(
        '[kind]',
        'schedules are of the learning rate, weights are loss-weight schedules, balancing is of task losses',
      )
        .choices(kinds.names)
        .argParser((word: string) => kinds.get(word)),
    )
    .option('--plugin <file>', 'list the parts of a plugin too; its code runs', collect)
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples('ple list models', 'ple list datasets --json'));

/** Prints names, each with a line about it. */
export const list = defineCommand(words, async (kind, options) => {
  if (kind === undefined) throw new ConfigError(`Name what to list: ${kinds.names.join(', ')}.`);
  const { loadNamed } = await import('../training/plugins.js');
  await loadNamed(options.plugin);
  const { textTable } = await import('../report/text-table.js');
  const listed = (await kind.from()).all.map(({ name, summary }) => ({ name, summary }));
  const rows = listed.map(({ name, summary }) => [name, summary]);
  print(options.json, listed, textTable(['name', 'summary'], rows));
});
