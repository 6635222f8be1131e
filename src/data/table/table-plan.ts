import { numberKey } from '../encode/vocabulary.js';
import type { TaskType } from '../encoding.js';
import { literals } from '../store/database.js';
import type { KnownInput } from './column-kinds.js';
import type { LabelColumn } from './column-roles.js';
import {
  conditionSql,
  entryName,
  entryWeight,
  keySql,
  listEntries,
  numberSql,
  type StagedColumn,
  type StagedRows,
  textSql,
} from './staged-rows.js';

/**
 * What a table becomes: from which rows, with which columns, and what is refused. A plan is made of what a config or a
 * trained model's encoding says, and of facts about the columns. `prepare-table.ts` prints it as SQL and runs that.
 */
export interface TablePlan {
  readonly splits: RowSplits;
  readonly inputs: readonly PlannedInput[];
  readonly labels: readonly PlannedLabel[];
  /** The columns of the table `rows`, in their order. */
  readonly outputs: readonly Output[];
  /** Those of the splits, then of the outputs in their order. If several refuse a row, the first is told. */
  readonly checks: readonly Check[];
}

/** A column of the table `rows`, with the meaning that `StoredSource` gives its name. */
export interface Output {
  readonly name: string;
  readonly type: 'FLOAT' | 'INTEGER' | 'FLOAT[]' | 'INTEGER[]';
  /** SQL of its values, of a staged row. With `dictionary`: of the texts whose indexes there are its values. */
  readonly sql: string;
  /** The place of the input whose dictionary has them. */
  readonly dictionary?: number;
  /** SQL of a number before it becomes a 32-bit float. Absent: nothing can be lost. */
  readonly exact?: string;
  readonly checks: readonly Check[];
}

/** Rows for which this SQL is true are refused. */
export interface Check {
  readonly sql: string;
  readonly column: string;
  /** Behind `file:line: column 'x' is 'text'`. */
  readonly what: string;
}

/** SQL of the split of each staged row. */
export interface RowSplits {
  /**
   * Stands behind FROM: the staged columns, `row` (the row's number, from 0), `split` (0 train, 1 validation, 2 test,
   * NULL none), `given` (by the file), `sort_key`.
   */
  readonly from: string;
  /** The same for looking for faults, which is quicker where every row is in a split. */
  readonly looked: string;
  readonly checks: readonly Check[];
}

interface PlannedInput extends KnownInput {
  readonly outputs: readonly Output[];
}

export interface PlannedLabel extends LabelColumn {
  /** The first output, behind that of its weight. */
  readonly stored: string;
  /** SQL of the text, and of what all spellings of it have in common. */
  readonly text: string;
  readonly key: string;
  /** SQL of whether a row is in the task's sample space. */
  readonly inside: string;
  /** SQL of the label: NULL outside the sample space, and where it is refused. */
  readonly value: string;
  readonly outputs: readonly Output[];
}

/** What is known of a table before its plan is made. */
export interface TableFacts {
  readonly staged: StagedRows;
  readonly inputs: readonly KnownInput[];
  /** Multiclass tasks have their classes. */
  readonly labels: readonly LabelColumn[];
  /** The column of row weights. */
  readonly weight: string | undefined;
  readonly splits: RowSplits;
  /** New rows of a trained model, whose options no message advises to change. */
  readonly isNew: boolean;
}

export function tablePlan({ staged, inputs, labels, weight, splits, isNew }: TableFacts): TablePlan {
  const plannedInputs = inputs.map((input, c) => ({ ...input, outputs: inputOutputs[input.kind](input, c, isNew) }));
  const plannedLabels = labels.map((label, t) => plannedLabel(label, t, staged, isNew));
  const outputs = [
    ...(weight === undefined ? [] : [weightOutput(staged.column(weight))]),
    ...[...plannedLabels, ...plannedInputs].flatMap((one) => one.outputs),
  ];
  const checks = [...splits.checks, ...outputs.flatMap(({ checks }) => checks)];
  return { splits, inputs: plannedInputs, labels: plannedLabels, outputs, checks };
}

function weightOutput(column: StagedColumn): Output {
  const weight = numberSql(column);
  const what = '; a weight is 0, or a number from 1e-30 to 1e30, and every row has one.';
  const checks = [{ sql: isNoWeight(weight), column: column.name, what }];
  return { name: 'weight', type: 'FLOAT', sql: `(${weight})::FLOAT`, checks };
}

/** Sums of weights, and their products with losses, are 32-bit floats, which end at 1e-38 and 3e38. */
function isNoWeight(number: string): string {
  return `coalesce(${number} <> 0 AND ${number} NOT BETWEEN 1e-30 AND 1e30, true)`;
}

/** What each kind of input is stored as. @param c its place among the inputs */
const inputOutputs: Readonly<
  Record<KnownInput['kind'], (input: KnownInput, c: number, isNew: boolean) => readonly Output[]>
> = {
  numeric: (input, c, isNew) => [
    { name: `i${c}`, ...asFloat(input.number), exact: input.number, checks: numberChecks(input, isNew) },
  ],
  categorical(input, c, isNew) {
    const { column, hash, part, text = textSql(column) } = input;
    const [filled, checks] = [`coalesce(${text}, '')`, part === undefined ? [] : numberChecks(input, isNew)];
    const indexes = hash === undefined ? { sql: filled, dictionary: c } : { sql: hashed(filled, hash) };
    return [{ name: `i${c}`, type: 'INTEGER', ...indexes, checks }];
  },
  list({ column, hash, separator, weights: mark }, c) {
    const entries = listEntries(column, separator);
    const texts = mark === undefined ? entries : `list_transform(${entries}, e -> ${entryName('e', mark)})`;
    const indexes =
      hash === undefined
        ? { sql: texts, dictionary: c }
        : { sql: `list_transform(${texts}, e -> ${hashed('e', hash)})` };
    const output: Output = { name: `i${c}`, type: 'INTEGER[]', ...indexes, checks: [] };
    return mark === undefined ? [output] : [output, entryWeights(column.name, entries, mark, c)];
  },
};

/** A number, NaN where there is none. */
function asFloat(sql: string): Pick<Output, 'type' | 'sql'> {
  return { type: 'FLOAT', sql: `coalesce((${sql})::FLOAT, 'NaN'::FLOAT)` };
}

function hashed(text: string, size: number): string {
  return `(md5_number_lower(${text}) % ${size})::INTEGER`;
}

/** Refuses texts in a column of numbers or of times. */
function numberChecks({ column, number, lenient, faulty, time }: KnownInput, isNew: boolean): Check[] {
  if (lenient || !faulty) return [];
  const { name, sql } = column;
  const advice = isNew ? '' : `; if it has categories: columns: { ${name}: categorical }`;
  const what = `, which is no ${time === undefined ? 'number' : 'date as those of the column'}${advice}.`;
  return [{ sql: `${sql} IS NOT NULL AND ${number} IS NULL`, column: name, what }];
}

/** The mean over a list divides by the sum of its weights, which negative ones can bring near 0. */
function entryWeights(column: string, entries: string, mark: string, c: number): Output {
  const weight = entryWeight('e', mark);
  const sql = `len(list_filter(${entries}, e -> ${isNoWeight(weight)})) > 0`;
  const what = ', where the weight of an entry is neither 0 nor a number from 1e-30 to 1e30.';
  return {
    name: `w${c}`,
    type: 'FLOAT[]',
    sql: `list_transform(${entries}, e -> (${weight})::FLOAT)`,
    checks: [{ sql, column, what }],
  };
}

const notComparable = ', which cannot be compared with a number.';

/** @param t its place among the labels */
function plannedLabel(label: LabelColumn, t: number, staged: StagedRows, isNew: boolean): PlannedLabel {
  const { task, name, positive } = label;
  const column = staged.column(name);
  const { inside, checks, weight } = sampleSpace(label, staged);
  const { value, wrong } = labelTypes[task.type];
  const condition = positive === undefined ? undefined : conditionSql(positive, column);
  const given = condition ? `(${condition.holds})::DOUBLE` : value(column, task.classes);
  const inSpace = `CASE WHEN ${inside} THEN ${given} END`;
  const isWrong = condition ? `NOT ${condition.comparable}` : `${inSpace} IS NULL`;
  const what = condition ? notComparable : wrong(label, isNew);
  const stored = `l${t}`;
  const output = {
    name: stored,
    ...asFloat(inSpace),
    ...(task.type === 'regression' ? { exact: inSpace } : {}),
    checks: [...checks, { sql: `${inside} AND ${isWrong}`, column: name, what }],
  };
  const outputs = weight === undefined ? [output] : [{ name: `v${t}`, ...weight }, output];
  return { ...label, stored, text: textSql(column), key: keySql(column), inside, value: inSpace, outputs };
}

/** SQL of whether a row is in a task's sample space. A label of weight 0 is outside. */
export function sampleSpace(
  { task, name, mask, weights }: LabelColumn,
  staged: StagedRows,
): { readonly inside: string; readonly checks: readonly Check[]; readonly weight?: Omit<Output, 'name'> } {
  const present = `${staged.column(name).sql} IS NOT NULL`;
  const checks: Check[] = [];
  let within = present;
  if (mask) {
    const column = staged.column(mask.name);
    const { holds, comparable } = conditionSql(mask.condition, column);
    within = `(${present} AND ${column.sql} IS NOT NULL AND ${holds})`;
    const sql = `${present} AND ${column.sql} IS NOT NULL AND NOT ${comparable}`;
    checks.push({ sql, column: mask.name, what: notComparable });
  }
  if (!weights) return { inside: within, checks };
  const weight = weights.map((name) => `(${numberSql(staged.column(name))})`).join(' * ');
  const inside = `(${within} AND ${weight} <> 0)`;
  const times = weights.length > 1 ? ', times dataset.weight,' : '';
  const what = `; the weight of task '${task.name}'${times} is 0, or a number from 1e-30 to 1e30, for every row of its sample space.`;
  return {
    inside,
    checks,
    weight: {
      type: 'FLOAT',
      sql: `CASE WHEN ${inside} THEN (${weight})::FLOAT ELSE 0 END`,
      checks: [{ sql: `${within} AND ${isNoWeight(weight)}`, column: weights[0], what }],
    },
  };
}

/** What the label of a type of task is: SQL of its number, and what is told of any other. */
interface LabelType {
  value(column: StagedColumn, classes?: readonly string[]): string;
  wrong(label: LabelColumn, isNew: boolean): string;
}

const labelTypes: Readonly<Record<TaskType, LabelType>> = {
  binary: {
    value(column) {
      const [number, text] = [numberSql(column), textSql(column)];
      const lower = `lower(${text})`;
      const usual = column.type === 'text' ? `WHEN ${text} = '1' THEN 1 WHEN ${text} = '0' THEN 0` : '';
      const words = column.type === 'number' ? '' : `WHEN ${lower} = 'true' THEN 1 WHEN ${lower} = 'false' THEN 0`;
      return `CASE ${usual} WHEN ${number} IN (0, 1) THEN ${number} ${words} END`;
    },
    wrong: ({ task: { name } }, isNew) =>
      `, which is neither 0 nor 1${isNew ? '' : `; say which labels are 1: tasks: { ${name}: { positive: … } }, or regression: true`}.`,
  },
  regression: {
    value: numberSql,
    wrong: ({ task }) => `, which is no number: task '${task.name}' is a regression.`,
  },
  multiclass: {
    value: (column, classes = []) =>
      `nullif(list_position([${literals(classes.map((text) => numberKey(text) ?? text))}], ${keySql(column)}), 0) - 1`,
    wrong: ({ task: { name }, ofTraining }) =>
      ofTraining
        ? `, a class that no training row has: list the classes of task '${name}' (multiclass: […]) to keep the row, or leave it out by a mask.`
        : `, which is not listed in dataset.tasks.${name}.multiclass.`,
  },
};
