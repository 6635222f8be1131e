import {
  type Source,
  type SourceBlock,
  type SourceColumn,
  type SourceSplit,
  type SourceTask,
  type SplitName,
  splitNames,
} from '../dataset.js';
import type { PreparedEntry } from './open-prepared.js';
import type { PreparedColumn, PreparedValues } from './prepared-columns.js';
import type { EntryWriter } from './prepared-entry.js';
import type { PreparedTable } from './prepared-table.js';
import type { TableWriter } from './table-writer.js';

/** Columns of a source before its dictionaries are known. */
export interface SourceShape {
  readonly columns: readonly (Pick<SourceColumn, 'name' | 'kind' | 'standardized'> & {
    /** Lists: entries have weights. */
    readonly weighted?: boolean;
  })[];
  readonly tasks: readonly SourceTask[];
  /** Whether blocks have masks. */
  readonly masks: boolean;
  /** The column that rows' weights come from. Absent: blocks have none. */
  readonly weight?: string;
  readonly blockRows?: number;
}

/** What is known when all rows have been read. */
export interface SourceSummary {
  readonly checksum: string;
  /** Of each column: its dictionary, or the number of its indexes. Numeric columns: undefined. */
  readonly values: readonly (Iterable<string> | number | undefined)[];
  /** See `Source.group`. */
  readonly group?: string;
  /** False: all masks turned out to be 1, and blocks need none. */
  readonly masked?: boolean;
}

interface Description {
  readonly columns: readonly SourceColumn[];
  readonly tasks: readonly SourceTask[];
  readonly masks: boolean;
  /** Absent: false. */
  readonly weighted?: boolean;
  readonly checksum: string;
  readonly group?: string;
}

const dictionaryRows = 2 ** 14;

/** Writes the rows of a source into an entry: a table per split (`train.arrow`, …), and one of dictionaries. */
export async function sourceWriter(entry: EntryWriter, shape: SourceShape) {
  const { columns, tasks, masks, weight, blockRows } = shape;
  const stored: PreparedColumn[] = [
    ...columns.map(({ name, kind, weighted }): PreparedColumn => {
      if (kind === 'list') return { name, kind, weighted: weighted === true };
      return { name, kind: kind === 'numeric' ? 'float32' : 'int32' };
    }),
    ...tasks.map(({ name }): PreparedColumn => ({ name: `label:${name}`, kind: 'float32' })),
    ...(masks ? tasks.map(({ name }): PreparedColumn => ({ name: `mask:${name}`, kind: 'uint8' })) : []),
    ...(weight === undefined ? [] : [{ name: `weight:${weight}`, kind: 'float32' } as const]),
  ];
  const tables = new Map<SplitName, TableWriter>();
  for (const split of splitNames) tables.set(split, await entry.table(split, stored, blockRows));
  return {
    async append(split: SplitName, block: SourceBlock): Promise<void> {
      const marks = masks ? (block.masks ?? []).map((mask) => Uint8Array.from(mask.subarray(0, block.rows))) : [];
      const weights = weight === undefined ? [] : [block.weights ?? new Float32Array(block.rows).fill(1)];
      const columns = [...block.columns, ...block.labels, ...marks, ...weights];
      await tables.get(split)?.append({ rows: block.rows, columns });
    },
    /** @returns the entry's description. */
    async finish({ checksum, values, group, masked = masks }: SourceSummary): Promise<unknown> {
      const dictionaries = await entry.table('dictionaries', [
        { name: 'column', kind: 'int32' },
        { name: 'value', kind: 'text' },
      ]);
      for (const [c, own] of values.entries())
        if (own !== undefined && typeof own !== 'number') await writeDictionary(dictionaries, c, own);
      const described = columns.map(({ name, kind, standardized }, c): SourceColumn => {
        const own = values[c];
        return {
          name,
          kind,
          ...(standardized ? { standardized } : {}),
          ...(typeof own === 'number' ? { size: own } : {}),
        };
      });
      const description: Description = {
        columns: described,
        tasks,
        masks: masked,
        ...(weight === undefined ? {} : { weighted: true }),
        checksum,
        ...(group ? { group } : {}),
      };
      return description;
    },
  };
}

/** The source that lies in an entry which `sourceWriter` has written. @param signal When it fires, the opening fails with its reason. */
export async function preparedSource(entry: PreparedEntry, signal?: AbortSignal): Promise<Source> {
  const description = describedBy(entry);
  const { columns, tasks, checksum, group } = description;
  const dictionaries = await readDictionaries(entry.table('dictionaries'), columns.length, signal);
  const split = (name: SplitName) => preparedSplit(entry.table(name), description);
  return {
    columns: columns.map((column, c): SourceColumn => {
      const dictionary = dictionaries[c] ?? [];
      return column.kind === 'numeric' || column.size !== undefined ? column : { ...column, dictionary };
    }),
    tasks,
    checksum,
    splits: { train: split('train'), validation: split('validation'), test: split('test') },
    ...(group === undefined ? {} : { group }),
  };
}

/** The manifest's checksum has been compared: it is what `sourceWriter` made. */
function describedBy(entry: PreparedEntry): Description {
  const text = JSON.stringify(entry.description);
  const description: Description = JSON.parse(text);
  return description;
}

function preparedSplit(table: PreparedTable, { columns, tasks, masks, weighted }: Description): SourceSplit {
  const [firstLabel, firstMask] = [columns.length, columns.length + tasks.length];
  return {
    rows: table.rows,
    blockRows: table.blockRows,
    async read(index): Promise<SourceBlock> {
      const { rows, columns: values } = await table.read(index);
      return {
        rows,
        columns: values.slice(0, firstLabel).map(inputOf),
        labels: values.slice(firstLabel, firstMask).map(numbersOf),
        ...(masks ? { masks: values.slice(firstMask, firstMask + tasks.length).map(maskOf) } : {}),
        ...(weighted ? { weights: numbersOf(values.at(-1)) } : {}),
      };
    },
  };
}

function inputOf(values: PreparedValues): SourceBlock['columns'][number] {
  if (values instanceof Uint8Array || 'bytes' in values) throw new Error('A prepared column is no input');
  return values;
}

function numbersOf(values: PreparedValues | undefined): Float32Array {
  if (values instanceof Float32Array) return values;
  throw new Error('Prepared labels or weights are not numbers');
}

function maskOf(values: PreparedValues): Float32Array {
  if (values instanceof Uint8Array) return Float32Array.from(values);
  throw new Error('A prepared mask is not of bytes');
}

async function writeDictionary(table: TableWriter, column: number, texts: Iterable<string>): Promise<void> {
  let waiting: string[] = [];
  const flush = async () => {
    const parts = waiting.map((text) => Buffer.from(text));
    const offsets = new Int32Array(parts.length + 1);
    for (const [i, part] of parts.entries()) offsets[i + 1] = (offsets[i] ?? 0) + part.length;
    const columns = [new Int32Array(parts.length).fill(column), { offsets, bytes: Buffer.concat(parts) }];
    await table.append({ rows: parts.length, columns });
    waiting = [];
  };
  for (const text of texts) if (waiting.push(text) === dictionaryRows) await flush();
  await flush();
}

async function readDictionaries(
  table: PreparedTable,
  columns: number,
  signal: AbortSignal | undefined,
): Promise<string[][]> {
  const dictionaries: string[][] = Array.from({ length: columns }, () => []);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (let index = 0; index * table.blockRows < table.rows; index++) {
    signal?.throwIfAborted();
    const { rows, columns: values } = await table.read(index);
    const [owners, texts] = values;
    if (!(owners instanceof Int32Array) || !texts || !('bytes' in texts)) throw new Error('These are no dictionaries');
    for (let row = 0; row < rows; row++) {
      const text = decoder.decode(texts.bytes.subarray(texts.offsets[row], texts.offsets[row + 1]));
      dictionaries[owners[row] ?? -1]?.push(text);
    }
  }
  return dictionaries;
}
