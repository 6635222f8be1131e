import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { someOf } from '../../support/text.js';
import { numberKey } from '../encode/vocabulary.js';
import { literals, queryNumbers, queryRows } from '../store/database.js';
import { conditionParts, shown } from './cell.js';
import type { KnownRows } from './column-kinds.js';
import type { ColumnRoles, LabelColumn } from './column-roles.js';
import type { RowSplits } from './row-splits.js';
import {
  conditionSql,
  entryWeight,
  keySql,
  listEntries,
  numberSql,
  type StagedRows,
  spelling,
  textSql,
} from './staged-rows.js';

/**
 * SQL of a label: NULL outside the task's sample space, and where it is wrong, which `refuseFaults` refuses. A label of
 * weight 0 is outside.
 */
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
  const within = mask ? `(${present} AND ${mask.sql} IS NOT NULL AND ${mask.holds})` : present;
  const weight = label.weights?.map((name) => `(${numberSql(staging(name))})`).join(' * ');
  const inside = weight === undefined ? within : `(${within} AND ${weight} <> 0)`;
  return {
    value: `CASE WHEN ${inside} THEN ${value} END`,
    weight: weight === undefined ? undefined : { sql: weight, isWrong: `${within} AND ${isNoWeight(weight)}` },
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
  const columns: LabelColumn[] = [];
  for (const label of labels) {
    const { task, name, classes } = label;
    if (classes !== 'of training') {
      columns.push(classes ? { ...label, task: { ...task, classes } } : label);
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
    columns.push({ ...label, task: { ...task, classes: texts } });
  }
  return columns;
}

/** Rows for which this SQL is true are refused. */
interface Fault {
  readonly sql: string;
  readonly column: string;
  /** Behind `file:line: column 'x' is 'text'`. */
  readonly what: string;
}

/** @param isNew Rows of a trained model, whose options no message advises to change. */
export function findFaults(
  { staged, inputs }: KnownRows,
  { labels, weight }: Pick<ColumnRoles, 'labels' | 'weight'>,
  { faults }: RowSplits,
  isNew: boolean,
): Fault[] {
  const conditions: Fault[] = faults.map((fault) => ({ ...fault, sql: `NOT given AND ${fault.sql}` }));
  const weights = weight === undefined ? undefined : staged.columns.get(weight);
  if (weights) {
    const what = '; a weight is 0, or a number from 1e-30 to 1e30, and every row has one.';
    conditions.push({ sql: isNoWeight(numberSql(weights)), column: weights.name, what });
  }
  const notComparable = ', which cannot be compared with a number.';
  for (const label of labels) {
    const { name, task, positive } = label;
    const { value, present, inside, comparable, mask, weight } = labelSql(label, staged);
    if (weight && label.weights) {
      const times = label.weights.length > 1 ? ', times dataset.weight,' : '';
      const what = `; the weight of task '${task.name}'${times} is 0, or a number from 1e-30 to 1e30, for every row of its sample space.`;
      conditions.push({ sql: weight.isWrong, column: label.weights[0], what });
    }
    if (mask && label.mask) {
      const sql = `${present} AND ${mask.sql} IS NOT NULL AND NOT ${mask.comparable}`;
      conditions.push({ sql, column: label.mask.name, what: notComparable });
    }
    const wrong =
      task.type === 'regression'
        ? `, which is no number: task '${task.name}' is a regression.`
        : task.type === 'multiclass'
          ? otherClass(label)
          : `, which is neither 0 nor 1${isNew ? '' : `; say which labels are 1: tasks: { ${task.name}: { positive: … } }, or regression: true`}.`;
    if (positive === undefined) conditions.push({ sql: `${inside} AND ${value} IS NULL`, column: name, what: wrong });
    else conditions.push({ sql: `${inside} AND NOT ${comparable}`, column: name, what: notComparable });
  }
  for (const { kind, column, number, lenient, faulty, time, part, weights, separator } of inputs) {
    const { name } = column;
    if ((kind === 'numeric' || part !== undefined) && !lenient && faulty) {
      const advice = isNew ? '' : `; if it has categories: columns: { ${name}: categorical }`;
      const what = `, which is no ${time === undefined ? 'number' : 'date as those of the column'}${advice}.`;
      conditions.push({ sql: `${column.sql} IS NOT NULL AND ${number} IS NULL`, column: name, what });
    }
    if (kind === 'list' && weights !== undefined) {
      // The mean over a list divides by the sum of its weights, which negative ones can bring near 0.
      const weight = entryWeight('e', weights);
      const odd = `list_filter(${listEntries(column, separator)}, e -> ${isNoWeight(weight)})`;
      conditions.push({
        sql: `len(${odd}) > 0`,
        column: name,
        what: ', where the weight of an entry is neither 0 nor a number from 1e-30 to 1e30.',
      });
    }
  }
  return conditions;
}

/** Sums of weights, and their products with losses, are 32-bit floats, which end at 1e-38 and 3e38. */
function isNoWeight(number: string): string {
  return `coalesce(${number} <> 0 AND ${number} NOT BETWEEN 1e-30 AND 1e30, true)`;
}

/** What a label is that is none of the classes. */
function otherClass({ task: { name }, classes }: LabelColumn): string {
  if (classes === 'of training')
    return `, a class that no training row has: list the classes of task '${name}' (multiclass: […]) to keep the row, or leave it out by a mask.`;
  return `, which is not listed in dataset.tasks.${name}.multiclass.`;
}

/** @throws DataError for the first row that has a fault. */
export async function refuseFaults(
  database: DuckDBConnection,
  { looked }: RowSplits,
  faults: readonly Fault[],
  staged: StagedRows,
): Promise<void> {
  const first = faults.map(({ sql }) => `min(row) FILTER (${sql})`);
  const rows = await queryNumbers(database, first, `${looked} WHERE split IS NOT NULL OR NOT given`);
  const earliest = Math.min(...rows.filter((row) => !Number.isNaN(row)));
  const fault = faults[rows.indexOf(earliest)];
  if (!fault) return;
  throw new DataError(`${await staged.where(earliest, fault.column)}${fault.what}`);
}

/**
 * Notes on labels that may be wrong: values that `positive` does not name, but for the most frequent one, and spellings
 * of one word (in case, blanks or a final point) that are different labels.
 * @param isNew Rows of a trained model, whose options no note advises to change.
 */
export async function doubtfulLabels(
  database: DuckDBConnection,
  { looked }: RowSplits,
  staged: StagedRows,
  labels: readonly LabelColumn[],
  isNew: boolean,
): Promise<readonly string[]> {
  const notes: string[] = [];
  for (const label of labels) {
    const { task, name, positive } = label;
    const isNamed = positive !== undefined && conditionParts(positive).operator === '=';
    if (!isNamed && task.type !== 'multiclass') continue;
    const { text, key, value, inside } = labelSql(label, staged);
    const values = `SELECT ${spelling(text, key)} AS text, ${value} AS label, count(*) AS rows FROM ${looked} WHERE ${inside} GROUP BY ${key}, 2`;
    const words = `SELECT *, lower(regexp_replace(text, '\\s|\\.$', '', 'g')) AS word FROM (${values})`;
    const odd = await queryRows(
      database,
      `SELECT text, rows FROM (${words}) WINDOW same AS (PARTITION BY word)
      QUALIFY min(label) OVER same < max(label) OVER same
        OR (label = 0 AND word <> first(word) OVER (PARTITION BY label ORDER BY rows DESC, text))
      ORDER BY max(rows) OVER same DESC, word, rows DESC`,
    );
    if (odd.length === 0) continue;
    const texts = odd.map(([text, rows]) => `${shown(String(text))} (${rows})`);
    const rule = isNamed
      ? `what 'positive' does not name is 0: is that meant?${isNew ? '' : ' Else name it, or list it in dataset.missing'}`
      : 'each spelling is a class: is that meant? Else write them alike, or name one class by all its spellings (positive: […])';
    notes.push(
      `Column '${name}' has labels to check: ${someOf(texts, 10)}. For task '${task.name}', ${rule}${rule.endsWith('?') ? '' : '.'}`,
    );
  }
  return notes;
}

/** Values are told of which 32-bit floats change one by more than this share of their range. */
const mostLost = 1e-3;

/**
 * Notes of numbers that lie too close together for 32-bit floats, as times in seconds of one day do.
 * @throws DataError for labels that become one number, from which nothing can be learnt.
 */
export async function tellLosses(
  database: DuckDBConnection,
  { looked }: RowSplits,
  { staged, inputs }: KnownRows,
  labels: readonly LabelColumn[],
  notes: string[],
): Promise<void> {
  const asked = [
    ...inputs.flatMap(({ kind, name, number: sql }, c) => (kind === 'numeric' ? [{ at: `i${c}`, name, sql }] : [])),
    ...labels.flatMap((label, t) => {
      const { task, name } = label;
      return task.type === 'regression'
        ? [{ at: `l${t}`, name, sql: labelSql(label, staged).value, task: task.name }]
        : [];
    }),
  ];
  const written = asked.flatMap(({ at }) => ['min', 'max'].map((of) => `${of}(nullif(${at}, 'NaN'))`));
  const ranges = await queryNumbers(database, written, 'prepared.rows'); // quick; few columns need the exact values
  for (const [a, { name, sql, ...label }] of asked.entries()) {
    const [least = 0, most = 0] = ranges.slice(2 * a);
    if (!(most - least <= (Math.max(-least, most) * 2 ** -24) / mostLost)) continue;
    const exact = [`min(${sql})`, `max(${sql})`, `max(abs(${sql} - ${sql}::FLOAT::DOUBLE))`];
    const [from = 0, to = 0, lost = 0] = await queryNumbers(database, exact, looked);
    if (from === to || lost <= mostLost * (to - from)) continue;
    const advice = least === 0 ? 'multiply them by a constant' : `subtract a constant, such as ${from}`;
    if ('task' in label && least === most)
      throw new DataError(
        `Column '${name}': as 32-bit floats, its values from ${from} to ${to} are all ${least}, and so is every label of task '${label.task}': ${advice}.`,
      );
    const [change, range] = [lost, to - from].map((number) => Number(number.toPrecision(3)));
    notes.push(
      `Column '${name}': 32-bit floats change its values by up to ${change}, and they differ by at most ${range}: ${advice}.`,
    );
  }
}
