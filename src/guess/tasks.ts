import type { DuckDBConnection } from '@duckdb/node-api';
import { queryNumbers, queryRows } from '../data/store/database.js';
import { type Condition, conditionParts, parseNumber, shown } from '../data/table/cell.js';
import { conditionSql } from '../data/table/staged-columns.js';
import { ConfigError } from '../support/errors.js';
import { type FrequentValue, valueColumn, valueTable } from './column-facts.js';
import { type Label, positives } from './labels.js';
import { areNumbers, type Column, hasMissing, isBinary, isOne, percent, varies } from './rules.js';
import { flow } from './yaml.js';

/** A label as a task. */
export interface Task {
  readonly column: Column;
  readonly name: string;
  /** The entry in `dataset.tasks`, and why. */
  readonly options: object;
  readonly remark: string;
  /** Keys of the entry in `tasks` besides the name. */
  readonly entry: object;
  /** For a binary task: rows of the rarer class. */
  readonly rarer?: number;
}

/**
 * @param input The column's place in `valueTable`.
 * @param onlyWhere The label that must be 1 for the column to have a value.
 * @throws ConfigError for a condition that no row meets, and for a column with too many texts, or one value.
 */
export async function guessTask(
  database: DuckDBConnection,
  { column, why, asked }: Label,
  input: number,
  onlyWhere: string | undefined,
): Promise<Task> {
  const { name = column.name, positive } = asked ?? {};
  const spelled = areNumbers(column) ? [] : await spellings(database, input);
  const task =
    positive === undefined
      ? ownTask(column)
      : await conditionTask(database, column, input, name, inAllSpellings(positive, spelled));
  if (!task)
    throw new ConfigError(
      `--task: column '${column.name}' is no label: it has neither numbers nor from two to twenty different texts. --task 'NAME=${column.name}==VALUE' makes one of a value.`,
    );
  const { positive: one } = task.options;
  const remarks = [
    why,
    task.remark,
    one === undefined ? '' : testRemark(spelled),
    positive !== undefined || hasMissing(column) || onlyWhere === undefined
      ? ''
      : `none where ${onlyWhere} is 0: for a task over the other rows alone, ${flow({ mask: { column: onlyWhere, equals: 1 } })}`,
  ];
  return {
    ...task,
    column,
    name,
    options: {
      ...(name === column.name ? {} : { column: column.name }),
      ...task.options,
      ...(one === undefined ? {} : { positive: inAllSpellings(one, spelled) }),
    },
    remark: remarks.filter((text) => text !== '').join('; '),
  };
}

type OwnTask = Pick<Task, 'entry' | 'remark' | 'rarer'> & {
  readonly options: {
    readonly positive?: Condition | readonly string[];
    readonly regression?: true;
    readonly multiclass?: readonly string[];
  };
};

/** A text column with more distinct values is not a label. */
const mostClasses = 20;

/** The task of a column's own values: 0 and 1, numbers, classes, or two values of which one is positive. */
function ownTask(column: Column): OwnTask | undefined {
  const { name, different, present, rows, values, smallest, largest } = column;
  const outside = hasMissing(column)
    ? `; empty in ${percent(rows - present, rows)} of the rows, which are outside its sample space`
    : '';
  const binary = (options: OwnTask['options'], ones: number, remark: string): OwnTask => ({
    ...{ options, entry: { type: 'binary' }, rarer: Math.min(ones, present - ones) },
    remark: `${percent(ones, present)} are${remark}${outside}`,
  });
  if (isBinary(column)) {
    const ones = values.filter(({ text }) => isOne(text));
    return binary({}, countRows(ones), varies(column) ? ' 1' : ' 1 (the same in every row)');
  }
  if (different !== 2 && areNumbers(column)) {
    const remark = `numbers from ${short(smallest)} to ${short(largest)}${scaleRemark(column)}${outside}`;
    return { options: { regression: true }, entry: { type: 'regression', standardize: true }, remark };
  }
  if (different > mostClasses || different < 2) return undefined;
  if (different > 2) {
    const rarest = values.at(-1);
    const remark = `${different} classes; the rarest is ${shown(rarest?.text ?? '')} (${percent(rarest?.count ?? 0, present)})${outside}; --task 'NAME=${name}==VALUE' makes a binary task`;
    return { options: { multiclass: values.map(({ text }) => text) }, entry: { type: 'multiclass' }, remark };
  }
  const positive = positiveValue(column);
  const others = values.filter((value) => value !== positive).map(({ text }) => shown(text));
  return binary({ positive: condition(column, positive) }, positive.count, `; others: ${others.join(', ')}`);
}

/** A binary task by the condition that `--task` gives. */
async function conditionTask(
  database: DuckDBConnection,
  { name: columnName, present, values }: Column,
  input: number,
  name: string,
  positive: Condition,
): Promise<OwnTask> {
  const { holds } = conditionSql(positive, valueColumn);
  const sum = `coalesce(sum(count) FILTER (${holds}), 0)`;
  const [ones = 0] = await queryNumbers(database, [sum], `${valueTable} WHERE input = ${input}`);
  if (ones === 0) {
    const frequent = values.slice(0, 5).map(({ text }) => shown(text));
    throw new ConfigError(
      `--task ${name}: no row of column '${columnName}' is ${[positive].flat().map(String).map(shown).join(' or ')}; frequent are ${frequent.join(', ')}.`,
    );
  }
  const remark = `${percent(ones, present)} are 1`;
  return { options: { positive }, entry: { type: 'binary' }, remark, rarer: Math.min(ones, present - ones) };
}

/** For a few whole numbers, such as stars: how to turn them into a binary task. */
function scaleRemark({ name, different, whole, values, present }: Column): string {
  if (!whole || different < 3 || different > 11) return '';
  const shareFrom = (least: FrequentValue) =>
    countRows(values.filter(({ text }) => Number(text) >= Number(least.text))) / present;
  const farFromHalf = (value: FrequentValue) => Math.abs(shareFrom(value) - 0.5);
  const [good] = values.toSorted((a, b) => farFromHalf(a) - farFromHalf(b));
  return good ? `; --task 'liked=${name}>=${Number(good.text)}' makes a binary task` : '';
}

/** The positive value: a word that means yes; else the largest number; else the rarest value. */
function positiveValue(column: Column): FrequentValue {
  const values = column.values.toReversed();
  const said = values.find(({ text }) => positives.test(text));
  const largest = areNumbers(column) ? values.toSorted((a, b) => Number(b.text) - Number(a.text))[0] : undefined;
  const positive = said ?? largest ?? values[0];
  if (!positive) throw new Error(`Column '${column.name}' has no value`);
  return positive;
}

/** The value as a condition. A text that looks like a comparison is protected. */
function condition(column: Column, { text, other }: FrequentValue): Condition {
  if (areNumbers(column)) return parseNumber(text);
  return text !== other || /^[<>!=]/.test(text) ? [...new Set([text, other])] : text;
}

function countRows(values: readonly FrequentValue[]): number {
  return values.reduce((sum, { count }) => sum + count, 0);
}

const short = (value: number) => Number(value.toPrecision(4));

/** A value of a label, and how the files write it: case and a final point apart, it is one. */
interface Spelling {
  readonly text: string;
  readonly same: string;
  readonly trained: boolean;
}

const mostSpellings = 100;

/** Of a label with few values; else none. */
async function spellings(database: DuckDBConnection, input: number): Promise<readonly Spelling[]> {
  const found = await queryRows(
    database,
    `SELECT text, lower(rtrim(text, '.')), trained FROM ${valueTable} WHERE input = ${input} ORDER BY text LIMIT ${mostSpellings + 1}`,
  );
  if (found.length > mostSpellings) return [];
  return found.map(([text, same, trained]) => ({ text: String(text), same: String(same), trained: trained === true }));
}

/** A condition of equality, with other spellings of its values in the files. */
function inAllSpellings(positive: Condition | readonly string[], found: readonly Spelling[]): Condition {
  const condition = typeof positive === 'object' ? [...positive] : positive;
  const { operator, values } = conditionParts(condition);
  if (operator !== '=' || typeof condition === 'number') return condition;
  const bare = (text: string) => text.replace(/\.+$/, '');
  const isKnown = found.some(({ text, trained }) => trained && values.includes(text));
  const others = found.filter(({ text, same, trained }) => {
    const value = values.find((one) => bare(one).toLowerCase() === same);
    return value !== undefined && !values.includes(text) && !(isKnown && trained && bare(value) !== bare(text));
  });
  return others.length > 0 ? [...values, ...others.map(({ text }) => text)] : condition;
}

/** What the test file writes otherwise than the others do, or has alone. */
function testRemark(found: readonly Spelling[]): string {
  const remarks = found
    .filter(({ trained }) => !trained)
    .map(({ text, same }) => {
      const usual = found.find((other) => other.trained && other.same === same);
      return usual
        ? `the test file writes ${shown(usual.text)} as ${shown(text)}`
        : `the test file alone has ${shown(text)}`;
    });
  return [...remarks.slice(0, 5), ...(remarks.length > 5 ? ['…'] : [])].join('; ');
}
