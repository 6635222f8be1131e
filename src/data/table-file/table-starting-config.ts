import { basename } from 'node:path';
import { Document, isCollection, isNode } from 'yaml';
import { ConfigError, DataError } from '../../support/errors.js';
import { type Cell, numberOf, shown } from './cell.js';
import { ColumnGuess, type InputGuess } from './column-guess.js';
import { findDataFiles } from './data-files.js';
import type { RowFile } from './file-rows.js';
import { withFolderColumns } from './folder-columns.js';
import { Consequences, labelGuesses } from './label-guesses.js';
import { formatOf, openRowFile, usualDelimiter } from './row-file.js';
import { restOfConfig } from './starting-config-rest.js';
import { usualMissing } from './table-options.js';

/** Rows that a config is guessed from. */
const mostRows = 20_000;

/** The keys of `dataset` that are not about columns. */
interface Head {
  readonly loader: string;
  readonly path: string;
  readonly test?: string;
  readonly missing?: readonly string[];
}

/** What a config is to say, and why. */
interface Part {
  readonly name: string;
  readonly value: unknown;
  readonly remark: string;
}

/**
 * A config for a table file, as YAML with remarks, guessed from its first rows: which columns are labels, ids, lists, or known only after the
 * label. It runs as it is; its reader has to check it.
 * @param options `tasks`: label columns, as `--task` has them; none: they are guessed. `test`: the file of the test split.
 */
export async function startingConfig(
  path: string,
  options: {
    readonly tasks?: readonly string[];
    readonly test?: string | undefined;
    readonly decimal?: ',';
    readonly marks?: readonly string[];
  } = {},
): Promise<string> {
  const { tasks = [], test, decimal, marks } = options;
  if (test !== undefined) await findDataFiles([test]);
  const [first] = await findDataFiles([path]);
  const { file, head } = await openGuessed(first?.path ?? path, decimal);
  const columns = file.names.map((name) => new ColumnGuess(name, [...usualMissing, ...(marks ?? [])]));
  let [rows, seen, read] = [0, 0, 0]; // `seen`: rows of the `read` bytes
  const onBytes = (bytes: number) => {
    read = bytes;
  };
  for await (const { records } of file.read(onBytes)) {
    seen += records.length;
    for (const record of records) {
      if (++rows > mostRows) break;
      for (const [c, column] of columns.entries()) column.add(record[c] ?? null);
    }
    if (rows > mostRows) break;
  }
  if (rows === 0) throw new DataError(`${path} has no rows.`);
  if (!decimal && formatOf(file.path) === 'text' && columns.some((column) => column.hasDecimalCommas()))
    return startingConfig(path, { ...options, decimal: ',' });
  const found = marks ? [] : marksIn(columns);
  if (found.length > 0) return startingConfig(path, { ...options, marks: found });
  const whole = rows <= mostRows;
  const labels = labelGuesses(columns, tasks);
  const conditionOf = await conditions(
    file,
    columns,
    labels.map(({ column }) => column),
  );
  const made = labels.flatMap(({ column, why, asked }) => {
    const { name = column.name, positive } = asked ?? {};
    const own = name === column.name ? {} : { column: column.name };
    if (positive !== undefined)
      return [{ column, name, options: { ...own, positive }, entry: { name, type: 'binary' }, remark: [why] }];
    const task = column.task();
    if (!task) return [];
    const remark = [why, task.remark, column.hasMissing() ? '' : sampleSpace(conditionOf(column))];
    return [{ column, name, options: { ...own, ...task.options }, entry: { ...task.entry, name }, remark }];
  });
  const twice = made.find(({ name }, index) => made.findIndex((other) => other.name === name) < index);
  if (twice) throw new ConfigError(`--task: two tasks are named '${twice.name}'; NAME=COLUMN gives another name.`);

  const named: Part[] = [];
  const inferred: { readonly name: string; readonly kind: string }[] = [];
  for (const column of columns) {
    if (made.some((label) => label.column === column)) continue;
    const type = file.unsupported.get(column.name);
    const { kind, why = '' }: InputGuess = type
      ? { kind: 'ignored', why: `of type ${shown(type)}, which is not supported` }
      : inputGuess(column, whole, conditionOf(column));
    if (kind === undefined) inferred.push({ name: column.name, kind: column.kind ?? 'categorical' });
    else named.push({ name: column.name, value: kind, remark: why });
  }
  const inputs = [...named.filter(({ value }) => value !== 'ignored'), ...inferred];
  if (inputs.length === 0) throw new DataError(`${path}: no column is left as an input beside the labels.`);

  const missing = marks ? { missing: [...usualMissing, ...marks] } : {};
  const time = columns.find((column) => column.words.time && column.isTime())?.name;
  const parts = made.map(({ name, options, remark }): Part => {
    return { name, value: options, remark: remark.filter((text) => text !== '').join('; ') };
  });
  const name = basename(path)
    .replace(/\..*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^([^A-Za-z0-9]|$)/, 'data$&');
  const all = whole || read === 0 ? rows : Math.round((seen * file.bytes) / read);
  const rest = restOfConfig(made.length, `${name}.yaml`, all);
  return [
    `# A beginning, guessed from ${whole ? `the ${rows}` : `the first ${mostRows}`} rows of ${basename(path)}. To be checked: which columns are labels`,
    '# (--task NAME names them instead), and which inputs are known only after the label (they have to be ignored).',
    ...rest.commands,
    ...inferredRemarks(inferred),
    `name: ${name}`,
    'seed: 1',
    rest.compare,
    datasetText(
      { loader: 'table', path, ...(test === undefined ? {} : { test }), ...head, ...missing },
      parts,
      named,
      time,
    ),
    inputsText(
      inputs.some((input) => !('kind' in input && input.kind === 'numeric')),
      columns.filter((column) => inferred.some(({ name, kind }) => name === column.name && kind === 'numeric')),
    ),
    `tasks:\n${made.map(({ entry }) => `  - ${flow(entry)}`).join('\n')}`,
    rest.run,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** What looks like a label but is no task is known only after the label, as is what is there only where a label is 1. */
function inputGuess(column: ColumnGuess, whole: boolean, condition: string | undefined): InputGuess {
  if (column.isNamedLabel()) return { kind: 'ignored', why: 'a label by its name' };
  const guess = column.input(whole);
  if (condition === undefined || guess.kind === 'ignored') return guess;
  return { kind: 'ignored', why: `has something only where ${condition} is 1: known after it?` };
}

function sampleSpace(condition: string | undefined): string {
  if (condition === undefined) return '';
  return `none where ${condition} is 0: for a task over the other rows alone, ${flow({ mask: { column: condition, equals: 1 } })}`;
}

/** By column: the label of 0 and 1 without whose 1 the column has nothing. */
async function conditions(file: RowFile, columns: readonly ColumnGuess[], labels: readonly ColumnGuess[]) {
  const bits = columns.filter((column) => labels.includes(column) && column.isBinary());
  const consequences = new Consequences(
    columns.length,
    bits.map((column) => columns.indexOf(column)),
  );
  let rows = 0;
  for await (const record of rowsOf(file)) {
    if (++rows > mostRows) break;
    consequences.add(record);
  }
  return (column: ColumnGuess): string | undefined => {
    const condition = consequences.conditionOf(columns.indexOf(column));
    return condition === undefined ? undefined : bits[condition]?.name;
  };
}

function datasetText(head: Head, tasks: readonly Part[], columns: readonly Part[], time: string | undefined): string {
  const shares = { validation: 0.1, ...(head.test === undefined ? { test: 0.1 } : {}) };
  const split = { fraction: shares };
  const valuesOf = (parts: readonly Part[]) => Object.fromEntries(parts.map(({ name, value }) => [name, value]));
  const dataset = {
    ...head,
    tasks: valuesOf(tasks),
    ...(columns.length > 0 ? { columns: valuesOf(columns) } : {}),
    split,
  };
  const document = new Document({ dataset });
  const write = (path: readonly string[], remark: string) => {
    const node = document.getIn(path, true);
    if (!isNode(node)) return;
    if (isCollection(node)) node.flow = true;
    if (remark !== '') node.comment = ` ${remark.replaceAll(/\s+/g, ' ')}`;
  };
  for (const { name, remark } of tasks) write(['dataset', 'tasks', name], remark);
  for (const { name, remark } of columns) write(['dataset', 'columns', name], remark);
  const byTime = time === undefined ? '' : `or, the last rows as the test: ${flow({ time, ...shares })}`;
  write(['dataset', 'split'], byTime);
  return document.toString({ flowCollectionPadding: true, lineWidth: 0 }).trimEnd();
}

/** Marks of missing values in columns of numbers that no other column has as a value of its own. */
function marksIn(columns: readonly ColumnGuess[]): readonly string[] {
  const marks = new Set(columns.flatMap((column) => column.marks()));
  return [...marks].filter((mark) => columns.every((column) => !column.has(mark) || column.marks().includes(mark)));
}

/** A numeric column that is mostly one value gets a vector for each value, or bucket of values. */
function inputsText(hasCategories: boolean, numeric: readonly ColumnGuess[]): string {
  const mostly = numeric.flatMap((column) => {
    const value = column.mostlyOne();
    return value === undefined ? [] : [{ name: column.name, value }];
  });
  const general = {
    ...(hasCategories || mostly.length > 0 ? { embedding: 8 } : {}),
    ...(hasCategories ? { minCount: 5 } : {}),
  };
  if (mostly.length === 0) return hasCategories ? `inputs: ${flow(general)}` : '';
  const lines = Object.entries(general).map(([key, value]) => `  ${key}: ${value}`);
  const columns = mostly.map(({ name, value }) => {
    const line = new Document({ [name]: 0 }).toString({ lineWidth: 0 });
    return `    ${line.slice(0, line.lastIndexOf(': 0'))}: { numeric: value } # mostly ${value}`;
  });
  return ['inputs:', ...lines, '  columns:', ...columns].join('\n');
}

function flow(value: object): string {
  const document = new Document(value);
  if (isCollection(document.contents)) document.contents.flow = true;
  return document.toString({ flowCollectionPadding: true, lineWidth: 0 }).trim();
}

function inferredRemarks(inferred: readonly { readonly name: string; readonly kind: string }[]): string[] {
  return ['numeric', 'categorical', 'list'].flatMap((kind) => {
    const names = inferred.filter((column) => column.kind === kind).map(({ name }) => name.replaceAll(/\s+/g, ' '));
    if (names.length === 0) return [];
    const some = names.length > 12 ? [...names.slice(0, 12), `… (${names.length})`] : names;
    return [`# ${kind} inputs, as inferred: ${some.join(', ')}`];
  });
}

/** With the delimiter of the ending, if that makes several columns; else with the one that makes the most. `head`: what to tell the loader. */
async function openGuessed(
  path: string,
  decimal: ',' | undefined,
  encoding?: string,
): Promise<{ readonly file: RowFile; readonly head: object }> {
  const usual = usualDelimiter(path);
  const opened = (delimiter: string | undefined, header: boolean) =>
    openRowFile(path, { delimiter, quote: '"', header, encoding, decimal });
  let plain: RowFile | undefined;
  let delimiter: string | undefined;
  let failure: unknown;
  for (const candidate of formatOf(path) === 'text' ? new Set([usual ?? ',', ',', '\t', ';', '|']) : [undefined]) {
    try {
      const file = await opened(candidate, false);
      if (plain && file.names.length <= plain.names.length) continue;
      [plain, delimiter] = [file, candidate];
      if (candidate === usual && file.names.length > 1) break;
    } catch (error) {
      failure ??= error; // quotes, say, that end where this delimiter is not
    }
  }
  if (!plain && encoding === undefined && failure instanceof DataError && /not in UTF-8/.test(failure.message))
    return openGuessed(path, decimal, 'windows-1252');
  if (!plain) throw failure;
  const header = !(await beginsWithRow(plain));
  return {
    file: withFolderColumns(header ? await opened(delimiter, true) : plain),
    head: {
      ...(delimiter === usual ? {} : { delimiter }),
      ...(header ? {} : { header: false }),
      ...(encoding === undefined ? {} : { encoding }),
      ...(decimal === undefined ? {} : { decimal }),
    },
  };
}

async function* rowsOf(file: RowFile): AsyncGenerator<readonly Cell[]> {
  for await (const { records } of file.read(() => undefined)) yield* records;
}

/** Whether the first line of a text file is a row: a number is in it, other than a year, which may be a name. */
async function beginsWithRow(file: RowFile): Promise<boolean> {
  for await (const record of rowsOf(file)) {
    return record.some(
      (cell) => typeof cell === 'string' && !Number.isNaN(numberOf(cell)) && !/^(19|20)\d\d$/.test(cell.trim()),
    );
  }
  return false;
}
