import type { DuckDBConnection } from '@duckdb/node-api';
import { ConfigError, DataError } from '../../support/errors.js';
import { rowsOf } from '../store/database.js';
import { shown } from './cell.js';
import type { LabelColumn } from './column-roles.js';

/** Each has a row of logits, and a text in every run's result. */
const mostClasses = 1000;

/**
 * The classes of a multiclass task. Those of the training rows have the order of numbers if all are numbers, else that of their texts, which no split
 * changes.
 * @param texts SQL of the label's text in a table of training rows that are in the task's sample space.
 * @throws ConfigError or DataError for a list that names a class twice, for one class, and for more than a thousand.
 */
export async function classesOf(
  database: DuckDBConnection,
  { task, name, classes }: LabelColumn,
  texts: { readonly text: string; readonly from: string },
): Promise<readonly string[]> {
  if (classes !== 'of training') {
    const named = classes ?? [];
    const twice = named.find((text, index) => named.indexOf(text) !== index);
    if (twice !== undefined)
      throw new ConfigError(`dataset.tasks.${task.name}.multiclass: the class ${shown(twice)} is listed twice.`);
    return named;
  }
  const query = `SELECT DISTINCT ${texts.text} FROM ${texts.from} LIMIT ${mostClasses + 1}`;
  const found = (await rowsOf(database, query)).map(([text]) => String(text));
  if (found.length > mostClasses)
    throw new DataError(
      `Column '${name}' has more than ${mostClasses} different labels: task '${task.name}' cannot have so many classes.`,
    );
  if (found.length < 2)
    throw new DataError(
      `Column '${name}' has ${found.length === 1 ? 'one label' : 'no label'} in the training rows of task '${task.name}'; a multiclass task needs two classes.`,
    );
  const numbers = found.every((text) => text.trim() !== '' && Number.isFinite(Number(text)));
  return found.toSorted((a, b) => (numbers && Number(a) - Number(b)) || (a < b ? -1 : 1));
}
