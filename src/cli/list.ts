import { loaders } from '../data/catalogue.js';
import { metrics } from '../metrics/catalogue.js';
import { models } from '../models/catalogue.js';
import { weightSchedules } from '../objective/catalogue.js';
import { optimizers } from '../optimizers/catalogue.js';
import { learningRateSchedules } from '../optimizers/schedules/catalogue.js';
import { textTable } from '../report/text-table.js';
import { type Catalogue, catalogue } from '../support/catalogue.js';
import { ConfigError, exitCode } from '../support/errors.js';

interface Listed {
  readonly name: string;
  readonly summary: string;
}

const kinds = catalogue<{ name: string; from: Catalogue<Listed> }>('kind', [
  { name: 'models', from: models },
  { name: 'datasets', from: loaders },
  { name: 'metrics', from: metrics },
  { name: 'optimizers', from: optimizers },
  { name: 'schedules', from: learningRateSchedules },
  { name: 'weights', from: weightSchedules },
]);

/** `ple list`: names and one line of each. */
export function listCommand(kind: string | undefined, options: { readonly json?: boolean }): number {
  if (kind === undefined) throw new ConfigError(`Name what to list: ${kinds.names.join(', ')}.`);
  const listed = kinds.get(kind).from.all.map(({ name, summary }) => ({ name, summary }));
  process.stdout.write(
    options.json
      ? `${JSON.stringify(listed, null, 2)}\n`
      : textTable(
          ['name', 'summary'],
          listed.map(({ name, summary }) => [name, summary]),
        ),
  );
  return exitCode.done;
}
