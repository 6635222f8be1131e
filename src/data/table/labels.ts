import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { numberKey } from '../encode/number-key.js';
import { literals, queryRows } from '../store/database.js';
import type { LabelColumn } from './column-roles.js';
import type { RowSplits } from './row-splits.js';
import { conditionSql, keySql, numberSql, spelling, textSql } from './staged-columns.js';
import type { StagedRows } from './staged-rows.js';

/** SQL of a label: NULL outside the task's sample space, and where it is wrong, which `faults.ts` refuses. */
export function labelSql(label: LabelColumn, staged: StagedRows) {
  const staging = (name: string) => must(staged.columns.get(name), `column '${name}'`);
  const column = staging(label.name);
  const mask = label.mask && {
    ...conditionSql(label.mask.condition, staging(label.mask.name)),
    sql: staging(label.mask.name).sql,
  };
  const number = numberSql(column);
  const [text, key] = [textSql(column), keySql(column)];
  const lower = `lower(${text})`;
  const usual = column.type === 'text' ? `WHEN ${text} = '1' THEN 1 WHEN ${text} = '0' THEN 0` : '';
  const words = column.type === 'number' ? '' : `WHEN ${lower} = 'true' THEN 1 WHEN ${lower} = 'false' THEN 0`;
  const binary = `CASE ${usual} WHEN ${number} IN (0, 1) THEN ${number} ${words} END`;
  const condition = label.positive === undefined ? undefined : conditionSql(label.positive, column);
  const { type, classes = [] } = label.task;
  const index = `nullif(list_position([${literals(classes.map((text) => numberKey(text) ?? text))}], ${key}), 0) - 1`;
  const plain = { binary, regression: number, multiclass: classes.length > 0 ? index : 'NULL' };
  const value = condition ? `(${condition.holds})::DOUBLE` : plain[type];
  const present = `${column.sql} IS NOT NULL`;
  const inside = mask ? `(${present} AND ${mask.sql} IS NOT NULL AND ${mask.holds})` : present;
  return {
    value: `CASE WHEN ${inside} THEN ${value} END`,
    text,
    key,
    present,
    inside,
    comparable: condition?.comparable,
    mask,
  };
}

/** Each has a row of logits, and a text in every run's result. */
const mostClasses = 1000;

/**
 * The labels, with the classes of multiclass tasks. Those of the training rows have the order of numbers if all are
 * numbers, else that of their texts, which no split changes. Spellings of one number are one class.
 * @throws DataError for one class, and for more than a thousand.
 */
export async function withClasses(
  database: DuckDBConnection,
  labels: readonly LabelColumn[],
  staged: StagedRows,
  { from }: RowSplits,
): Promise<readonly LabelColumn[]> {
  const found: LabelColumn[] = [];
  for (const label of labels) {
    const { task, name, classes } = label;
    if (classes !== 'of training') {
      found.push(classes ? { ...label, task: { ...task, classes } } : label);
      continue;
    }
    const { text, key, inside } = labelSql(label, staged);
    const rows = await queryRows(
      database,
      `SELECT ${spelling(text, key)} FROM ${from} WHERE split = 0 AND ${inside} GROUP BY ${key} LIMIT ${mostClasses + 1}`,
    );
    const texts = rows.map(([text]) => String(text));
    if (texts.length < 2 || texts.length > mostClasses)
      throw new DataError(
        `Column '${name}' has ${texts.length > mostClasses ? `more than ${mostClasses}` : texts.length} different labels in the training rows of task '${task.name}'; a multiclass task has 2 to ${mostClasses} classes.`,
      );
    const isNumber = texts.every((text) => text.trim() !== '' && Number.isFinite(Number(text)));
    texts.sort((a, b) => (isNumber && Number(a) - Number(b)) || (a < b ? -1 : 1));
    found.push({ ...label, task: { ...task, classes: texts } });
  }
  return found;
}
