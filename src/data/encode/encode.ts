import type { InputsConfig, TaskConfig } from '../../config/parts.js';
import { didYouMean } from '../../support/catalogue.js';
import { ConfigError, DataError } from '../../support/errors.js';
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
  checkColumns(source, inputs);
  for (const task of tasks) findTask(source, task);
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

/** @throws ConfigError for all mistakes. A setting that would change nothing is one, too. */
function checkColumns({ columns }: Source, inputs: InputsConfig): void {
  const names = columns.map((column) => column.name);
  const categorical = columns.flatMap(({ name, kind }) => (kind === 'categorical' ? [name] : []));
  const width = (name: string) => inputs.columns[name]?.embedding ?? inputs.embedding;
  const mistakes = Object.entries(inputs.columns).flatMap(([name, settings]) => {
    const column = columns.find((column) => column.name === name);
    const key = `inputs.columns.${name}`;
    if (!column)
      return `inputs.columns: '${name}' is no input${didYouMean(name, names)}. Inputs are: ${listed(names)}. If dataset.columns ignores it, delete it here.`;
    const numeric = settings.numeric ?? inputs.numeric;
    const [kind, read] = column.kind === 'numeric' ? [`numeric (${numeric})`, ofNumeric[numeric]] : ofKind[column.kind];
    const { target } = settings;
    return [
      ...Object.keys(settings)
        .filter((setting) => !read.includes(setting))
        .map((setting) => `${key}: the column is ${kind}, so '${setting}' would change nothing.`),
      ...(target === undefined || categorical.includes(target)
        ? []
        : [
            `${key}.target: the data have no categorical column '${target}'${didYouMean(target, categorical)}; there are: ${listed(categorical)}.`,
          ]),
      ...(target === undefined || !categorical.includes(target) || width(name) === width(target)
        ? []
        : [
            `${key}.target: entries of '${name}' have embedding width ${width(name)}, and '${target}' has ${width(target)}; give both the same 'embedding'.`,
          ]),
    ];
  });
  if (mistakes.length > 0) throw new ConfigError(...mistakes);
}

function listed(names: readonly string[]): string {
  return (names.length > 50 ? [...names.slice(0, 50), '…'] : names).join(', ');
}

/** What kind a column is, and its settings that are read. */
const ofKind: Readonly<Record<'categorical' | 'list', readonly [string, readonly string[]]>> = {
  categorical: ['categorical', ['embedding', 'minCount']],
  list: ['a list', ['embedding', 'minCount', 'maxLength', 'pool', 'target', 'attention']],
};

const ofNumeric = {
  standard: ['numeric'],
  log1p: ['numeric'],
  quantile: ['numeric', 'buckets', 'embedding'],
  value: ['numeric', 'buckets', 'embedding'],
};
