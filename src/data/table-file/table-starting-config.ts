import { basename } from 'node:path';
import { stringify } from 'yaml';
import { DataError } from '../../support/errors.js';
import { type Cell, numberOf, textOf } from './cell.js';
import { findDataFiles } from './data-files.js';
import type { RowFile } from './file-rows.js';
import { openRowFile } from './row-file.js';
import { KindInference } from './scan.js';

/** Rows that a config is guessed from. */
const mostRows = 20_000;
const mostDifferent = 10_000;
const missingTexts = new Set(['', 'NA', 'NaN', 'nan', 'null', 'NULL', '\\N']);

/** Names that labels often have. */
const labelName =
  /^(y\d*|(is_?)?(label|target|click(ed)?|convert(ed)?|conversion|purchase[d]?|like[d]?|share[d]?)\d*)$/i;

/**
 * A config for a table file, as YAML with remarks, guessed from its first rows: which columns look like labels, are ids, are
 * lists or say nothing. It is a beginning that its reader has to check.
 */
export async function startingConfig(path: string): Promise<string> {
  const [first = path] = await findDataFiles([path]);
  const { columns, rows, header } = await guesses(first);
  if (rows === 0) throw new DataError(`${path} has no rows.`);
  const labels = labelsOf(columns);
  const remarks: string[] = [];
  const kinds: Record<string, unknown> = {};
  for (const column of columns) {
    if (labels.includes(column)) continue;
    const [kind, why] = column.oddity(rows);
    if (kind === undefined) continue;
    kinds[column.name] = kind;
    remarks.push(`${column.name}: ${why}`);
  }
  const tasks = Object.fromEntries(labels.map((label) => [label.name, label.task()]));
  const dataset = {
    ...{ loader: 'table', path },
    ...(header ? {} : { header: false }),
    tasks,
    ...(Object.keys(kinds).length > 0 ? { columns: kinds } : {}),
    split: { fraction: { validation: 0.1, test: 0.1 } },
  };
  const name = basename(path)
    .replace(/\..*$/, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-');
  const entries = labels.map((label) => label.entry());
  const write = (value: unknown) => stringify(value, { flowCollectionPadding: true, lineWidth: 0 });
  return [
    `# Guessed from the first ${rows} rows of ${basename(path)}. To be checked: which columns are labels, and which must not be inputs`,
    '# (whatever is known only after the label). Columns that are not named are inputs of a kind that is inferred.',
    ...remarks.map((remark) => `# ${remark}`),
    write({ name: /^[A-Za-z0-9]/.test(name) ? name : `data-${name}`, seed: 0, dataset, tasks: entries }) +
      rest(labels.length),
  ].join('\n');
}

/** Parts as text: their names are not this file's to know. */
const rest = (
  tasks: number,
) => `model: { type: ${tasks > 1 ? 'ple, levels: [[64], [32]]' : 'single-task, levels: [[64, 32]]'}, tower: [16] }
train:
  epochs: 20
  batchSize: 256
  optimizer: { type: adam, learningRate: 0.001 }
  earlyStopping: { patience: 3 }
`;

async function guesses(path: string) {
  const options = { delimiter: undefined, quote: '"' };
  const plain = await openRowFile(path, { ...options, header: false });
  const header = !(await beginsWithNumbers(plain));
  const file = header ? await openRowFile(path, { ...options, header }) : plain;
  const columns = file.names.map((name) => new ColumnGuess(name));
  let rows = 0;
  for await (const { records } of file.read(() => undefined)) {
    for (const record of records.slice(0, mostRows - rows))
      for (const [c, column] of columns.entries()) column.add(record[c] ?? null);
    rows += Math.min(records.length, mostRows - rows);
    if (rows >= mostRows) break;
  }
  return { columns, rows, header };
}

/** Whether the first line of a text file is a row: numbers, and nothing else. */
async function beginsWithNumbers(file: RowFile): Promise<boolean> {
  for await (const { records } of file.read(() => undefined)) {
    const present = records[0]?.filter((cell) => !isMissing(cell));
    if (present)
      return present.length > 0 && present.every((cell) => typeof cell === 'string' && !Number.isNaN(numberOf(cell)));
  }
  return false;
}

/** Columns with a label's name; else those of 0 and 1 alone at the end of the row; else the last one. */
function labelsOf(columns: readonly ColumnGuess[]): readonly ColumnGuess[] {
  const usable = columns.filter((column) => column.canBeLabel());
  const named = usable.filter(({ name }) => labelName.test(name));
  if (named.length > 0) return named;
  const last = columns.findLastIndex((column) => !column.isBinary());
  const binary = columns.slice(last + 1);
  if (binary.length > 0 && binary.length < columns.length) return binary;
  const fallback = usable.at(-1);
  if (!fallback) throw new DataError('No column of the file could be a label: none has numbers, or two values.');
  return [fallback];
}

function isMissing(cell: Cell): boolean {
  return cell === null || (typeof cell === 'string' && missingTexts.has(cell.trim()));
}

class ColumnGuess {
  readonly name: string;
  readonly #kind = new KindInference();
  readonly #values = new Map<string, number>();
  #present = 0;
  #lists: Record<string, number> = { '|': 0, ';': 0 };

  constructor(name: string) {
    this.name = name;
  }

  add(cell: Cell): void {
    if (isMissing(cell)) return;
    this.#present++;
    this.#kind.add(cell);
    const text = textOf(cell);
    for (const separator of Object.keys(this.#lists))
      if (text.includes(separator)) this.#lists[separator] = (this.#lists[separator] ?? 0) + 1;
    const count = this.#values.get(text);
    if (count !== undefined || this.#values.size < mostDifferent) this.#values.set(text, (count ?? 0) + 1);
  }

  isBinary(): boolean {
    return (
      this.#values.size > 0 && [...this.#values.keys()].every((text) => /^(0|1|0\.0|1\.0|true|false)$/i.test(text))
    );
  }

  canBeLabel(): boolean {
    return this.isBinary() || this.#values.size === 2 || this.#kind.kind() === 'numeric';
  }

  /** The loader's options of the task: of two texts, the rarer one is positive. */
  task(): object {
    if (this.isBinary()) return {};
    if (this.#values.size !== 2 || this.#kind.kind() === 'numeric') return { regression: true };
    const [rarer] = [...this.#values].toSorted(([, a], [, b]) => a - b);
    return { positive: rarer?.[0] ?? '' };
  }

  /** The run's options of the task. */
  entry(): object {
    const { name } = this;
    return 'regression' in this.task() ? { name, type: 'regression', standardize: true } : { name, type: 'binary' };
  }

  /** What the column should be told to be, and why; undefined if what is inferred will do. */
  oddity(rows: number): readonly [kind: unknown, why: string] {
    const different = this.#values.size;
    if (different === 0) return ['ignored', 'has no value'];
    if (different === 1 && this.#present === rows) return ['ignored', 'is the same in every row'];
    const [separator] = Object.entries(this.#lists).find(([, count]) => count > this.#present / 3) ?? [];
    if (separator) return [{ kind: 'list', separator }, `looks like lists that '${separator}' separates`];
    if (this.#kind.kind() === 'categorical' && rows > 100 && (different >= mostDifferent || different > rows / 2))
      return ['ignored', 'has almost a value of its own in every row (an id?)'];
    return [undefined, ''];
  }
}
