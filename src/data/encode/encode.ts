import type { InputsConfig, TaskConfig } from '../../config/parts.js';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { Faults } from '../../support/faults.js';
import type { Dataset, Source } from '../dataset.js';
import { fitEncoding } from './fit.js';
import { project } from './project.js';

/**
 * Prepares a source for models. Encodings are fitted on the training split alone, in one pass, which is skipped if
 * nothing must be fitted. Rows are encoded when a split is read.
 *
 * - categorical: values that training has at least `minCount` times have an index each; all others share 0 (see
 *   `vocabularyOf`).
 * - list: entries as in categorical columns, the heaviest `maxLength` of a row.
 * - numeric `standard`: (x - mean) / deviation. `log1p`: x is first replaced by sign(x) log(1 + |x|). A missing value
 *   becomes the mean, a column that is constant in training becomes 0.
 * - numeric `quantile` and `value`: categorical, by buckets of equal count or by the `buckets` most frequent training
 *   values; a value that is not among these takes the index of the nearest. Missing values have an index of their own, which is 0
 *   if training has none. Beyond 262,144 training rows (fewer for more than 256 such columns) the buckets are those of
 *   every k-th row.
 *
 * Tasks are those of the config, in its order. Training rows in no task's sample space, and those of weight 0, are left
 * out, of fitting too; any other counts once in what is fitted, whatever its weight. Labels and weights are checked
 * whenever rows are read.
 *
 * Of generated rows, scalings and buckets are fitted on the first 65,536.
 * @param signal When it fires, the pass fails with its reason.
 */
export async function encode(
  source: Source,
  inputs: InputsConfig,
  tasks: readonly TaskConfig[],
  signal?: AbortSignal,
): Promise<Dataset> {
  const faults = new Faults();
  checkColumns(source, inputs, faults);
  for (const task of tasks) faults.try(() => findTask(source, task));
  faults.tell();
  const { encoding, kept, apart, notes } = await fitEncoding(source, inputs, tasks, signal);
  if ((kept ?? source.splits.train).rows === 0)
    throw new DataError('No training row is in the sample space of any task with a weight above 0.');
  return { ...project(source, encoding, inputs, tasks, kept), ...(apart.length > 0 ? { apart } : {}), notes };
}

/**
 * The task's index in the source. Fails with a `ConfigError` for a task that the data do not have, or have otherwise.
 */
export function findTask(source: Source, task: TaskConfig): number {
  const { name, type } = task;
  const names = source.tasks.map((one) => one.name);
  const index = names.indexOf(name);
  const found = source.tasks[index];
  if (!found) {
    throw new ConfigError(
      `tasks: the data have no task '${name}'${didYouMean(name, names)}; there are: ${names.join(', ')}.`,
    );
  }
  if (found.type !== type) throw new ConfigError(`tasks: '${name}' is a ${found.type} task, not a ${type} task.`);
  return index;
}

/** A setting that would change nothing is a mistake, too. */
function checkColumns(source: Source, inputs: InputsConfig, faults: Faults): void {
  const names = source.columns.map((column) => column.name);
  for (const [name, settings] of Object.entries(inputs.columns)) {
    const column = source.columns.find((column) => column.name === name);
    if (!column) {
      const message = `inputs.columns: '${name}' is no input${didYouMean(name, names)}. Inputs are: ${listed(names)}. If dataset.columns ignores it, delete it here.`;
      faults.add(new ConfigError(message));
      continue;
    }
    const numeric = settings.numeric ?? inputs.numeric;
    const known = column.kind === 'numeric' ? ofNumeric[numeric] : ofKind[column.kind];
    const kind = { categorical: 'categorical', list: 'a list', numeric: `numeric (${numeric})` }[column.kind];
    for (const useless of Object.keys(settings).filter((key) => !known.includes(key)))
      faults.add(
        new ConfigError(`inputs.columns.${name}: the column is ${kind}, so '${useless}' would change nothing.`),
      );
    const { target } = settings;
    if (target !== undefined) faults.try(() => checkTarget(source, inputs, name, target));
  }
}

/** Checks the target of a list's attention. */
function checkTarget({ columns }: Source, inputs: InputsConfig, list: string, target: string): void {
  const key = `inputs.columns.${list}.target`;
  const categorical = columns.flatMap(({ name, kind }) => (kind === 'categorical' ? [name] : []));
  if (!categorical.includes(target))
    throw new ConfigError(
      `${key}: the data have no categorical column '${target}'${didYouMean(target, categorical)}; there are: ${listed(categorical)}.`,
    );
  const [own, other] = [list, target].map((name) => inputs.columns[name]?.embedding ?? inputs.embedding);
  if (own === other) return;
  throw new ConfigError(
    `${key}: entries of '${list}' have embedding width ${own}, and '${target}' has ${other}; give both the same 'embedding'.`,
  );
}

function listed(names: readonly string[]): string {
  return (names.length > 50 ? [...names.slice(0, 50), '…'] : names).join(', ');
}

/** The settings of a column that are read. */
const ofKind = {
  categorical: ['embedding', 'minCount'],
  list: ['embedding', 'minCount', 'maxLength', 'pool', 'target', 'attention'],
};

const ofNumeric = {
  standard: ['numeric'],
  log1p: ['numeric'],
  quantile: ['numeric', 'buckets', 'embedding'],
  value: ['numeric', 'buckets', 'embedding'],
};
