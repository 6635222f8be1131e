import { setImmediate } from 'node:timers/promises';
import { DataError } from '../../support/errors.js';
import { type SplitName, splitNames } from '../dataset.js';
import { advance, type LoaderContext } from '../loader.js';
import type { EntryWriter } from '../prepared/prepared-entry.js';
import { sourceWriter } from '../prepared/prepared-source.js';
import { type Cell, type RowChunk, shown } from './cell.js';
import { columnEncoder, type PickedRows } from './column-encoders.js';
import { type ColumnRoles, columnRoles, type InputColumn } from './column-roles.js';
import type { RowFile } from './file-rows.js';
import { labelValues, PositiveCheck } from './label-values.js';
import { splitOfRow } from './row-splits.js';
import { KindInference, NumberList, timeOf } from './scan.js';
import type { TableOptions } from './table-options.js';
import { weightValues } from './weight-values.js';

/** Files by the split that they are for; those of `train` may be cut. */
export type SplitFiles = readonly { readonly split: SplitName; open(signal?: AbortSignal): Promise<RowFile> }[];

interface Opened {
  readonly split: SplitName;
  readonly file: RowFile;
}

/**
 * Reads the files once, or twice where kinds have to be inferred or times sorted, and writes what they hold as a source. In memory are a
 * chunk of rows, the dictionaries, and for a split by time 8 bytes a row.
 * @returns the entry's description.
 */
export async function prepareRows(
  files: SplitFiles,
  options: TableOptions,
  checksum: string,
  writer: EntryWriter,
  context: Pick<LoaderContext, 'note' | 'progress' | 'signal'>,
): Promise<unknown> {
  const opened = await openAll(files, context.signal);
  try {
    return await writeRows(opened, options, checksum, writer, context);
  } finally {
    for (const { file } of opened) await file.close?.();
  }
}

async function writeRows(
  opened: readonly Opened[],
  options: TableOptions,
  checksum: string,
  writer: EntryWriter,
  context: Pick<LoaderContext, 'note' | 'progress' | 'signal'>,
): Promise<unknown> {
  const { path = '', names = [] } = opened[0]?.file ?? {};
  const roles = columnRoles({ path, names }, options);
  for (const { file } of opened) refuseTypes(file, roles.used);
  const texts = new Set(options.missing);
  const missing = (cell: Cell) => cell === null || (typeof cell === 'string' && texts.has(cell.trim()));
  const scanning = roles.inputs.some(({ kind }) => kind === undefined) || (options.split && 'time' in options.split);
  const bytes = opened.reduce((sum, { file }) => sum + file.bytes, 0);
  let before = 0;
  const onBytes = (done: number) => advance(context, before + done, bytes * (scanning ? 2 : 1));

  async function* chunks() {
    for (const { split, file } of opened) {
      const order = names.map((name) => file.names.indexOf(name));
      const straight = order.every((from, c) => from === c);
      for await (const { records, place } of file.read(onBytes, roles.used)) {
        await setImmediate(); // lets signals in: a file's rows may all be in memory
        context.signal?.throwIfAborted();
        yield {
          split,
          place,
          records: straight ? records : records.map((record) => order.map((from) => record[from] ?? null)),
        };
      }
      before += file.bytes;
    }
  }

  const { inputs, times } = scanning
    ? await scan(chunks(), roles, options, missing)
    : { inputs: roles.inputs, times: new Float64Array() };
  if (scanning) noteKinds(roles, inputs, context.note);
  const splitOf = splitOfRow(options, roles.split, times, missing);
  const encoders = inputs.map((input) => columnEncoder(input, context.note));
  const source = await sourceWriter(writer, {
    columns: inputs.map(({ name, kind = 'categorical', weights }) => ({ name, kind, weighted: weights !== undefined })),
    tasks: roles.labels.map(({ task }) => task),
    masks: true,
    ...(roles.weight ? { weight: roles.weight.name } : {}),
  });
  const read = { train: 0, validation: 0, test: 0 };
  const counts = { ...read, none: 0 };
  const positives = roles.labels.map((label) => new PositiveCheck(label));
  let masked = false;
  for await (const { split, records, place } of chunks()) {
    read[split] += records.length;
    const rows: Record<keyof typeof counts, number[]> = { train: [], validation: [], test: [], none: [] };
    for (const [row, record] of records.entries()) {
      rows[split === 'train' ? (splitOf(record, () => place(row)) ?? 'none') : split].push(row);
    }
    counts.none += rows.none.length;
    for (const name of splitNames) {
      if (rows[name].length === 0) continue;
      counts[name] += rows[name].length;
      const picked: PickedRows = { records, rows: rows[name], place, missing };
      const labels = roles.labels.map((label) => labelValues(label, picked));
      for (const [l, check] of positives.entries()) check.add(labels[l] ?? new Float32Array(), picked);
      const masks = labels.map((values) => values.map((value) => Number(!Number.isNaN(value))));
      masked ||= masks.some((mask) => mask.includes(0));
      const columns = encoders.map((encoder) => encoder.encode(picked));
      const weights = roles.weight ? { weights: weightValues(roles.weight, picked) } : {};
      await source.append(name, { rows: picked.rows.length, columns, labels, masks, ...weights });
    }
  }
  refuseEmptySplits(counts, read, opened, options.splitSeed === 'run');
  for (const check of positives) check.refuseNone(path);
  if (counts.none > 0) context.note(`${counts.none} rows are in no split (dataset.split).`);
  return source.finish({
    checksum,
    values: encoders.map((encoder) => encoder.values()),
    masked,
    ...(roles.group === undefined ? {} : { group: roles.group }),
  });
}

async function openAll(files: SplitFiles, signal?: AbortSignal): Promise<Opened[]> {
  const opened: Opened[] = [];
  for (const { split, open } of files) {
    signal?.throwIfAborted();
    opened.push({ split, file: await open(signal) });
  }
  const first = opened[0]?.file;
  for (const { file } of opened) {
    const lost = first?.names.find((name) => !file.names.includes(name));
    const extra = file.names.find((name) => !first?.names.includes(name));
    if (lost !== undefined) throw new DataError(`${file.path} has no column '${lost}', which ${first?.path} has.`);
    if (extra !== undefined) throw new DataError(`${first?.path} has no column '${extra}', which ${file.path} has.`);
  }
  return opened;
}

/** @throws DataError for a used column of structs or the like. */
function refuseTypes({ path, unsupported }: RowFile, used: ReadonlySet<string>): void {
  for (const [name, type] of unsupported) {
    if (!used.has(name)) continue;
    throw new DataError(
      `${path}: column '${name}' is of type ${shown(type)}, which is not supported; leave it out: columns: { ${name}: ignored }.`,
    );
  }
}

/**
 * @param read rows by the split that their file is for.
 * @param drawnLater Splits without files of their own are drawn when the source is opened.
 */
function refuseEmptySplits(
  counts: Readonly<Record<SplitName, number>>,
  read: Readonly<Record<SplitName, number>>,
  opened: readonly Opened[],
  drawnLater: boolean,
): void {
  for (const name of splitNames) {
    const origin = opened.some(({ split }) => split === name) ? name : 'train';
    if (counts[name] > 0 || (drawnLater && origin !== name)) continue;
    if (read[origin] > 0) throw new DataError(`No row is in the ${name} split: change dataset.split.`);
    const [first, ...others] = opened.flatMap(({ split, file }) => (split === origin ? [file.path] : []));
    throw new DataError(`${first}${others.length > 0 ? ` and ${others.length} more have` : ' has'} no rows.`);
  }
}

async function scan(
  chunks: AsyncIterable<RowChunk & { readonly split: SplitName }>,
  { inputs, split: column }: ColumnRoles,
  { split }: TableOptions,
  missing: (cell: Cell) => boolean,
): Promise<{ readonly inputs: readonly InputColumn[]; readonly times: Float64Array }> {
  const inferences = inputs.flatMap(({ index, kind }) => (kind ? [] : [{ index, inference: new KindInference() }]));
  const time = split && 'time' in split ? String(split.time) : undefined;
  const times = new NumberList();
  for await (const { split: of, records, place } of chunks) {
    for (const { index, inference } of inferences) {
      for (const record of records) {
        const cell = record[index] ?? null;
        if (!missing(cell)) inference.add(cell);
      }
    }
    if (time === undefined || of !== 'train') continue;
    for (const [row, record] of records.entries()) times.push(timeOf(record[column ?? -1] ?? null, place(row), time));
  }
  const found = new Map(inferences.map(({ index, inference }) => [index, inference.kind()]));
  return {
    inputs: inputs.flatMap((input) => {
      const kind = input.kind ?? found.get(input.index);
      return kind ? [{ ...input, kind }] : [];
    }),
    times: times.sorted(),
  };
}

function noteKinds(
  { inputs: asked }: ColumnRoles,
  inputs: readonly InputColumn[],
  note: (message: string) => void,
): void {
  const inferred = asked.filter(({ kind }) => kind === undefined);
  if (inferred.length === 0) return;
  const kindOf = ({ index }: InputColumn) =>
    inputs.find((input) => input.index === index)?.kind ?? 'without values, left out';
  const kinds = ['numeric', 'categorical', 'list', 'without values, left out'] as const;
  const parts = kinds.flatMap((kind) => {
    const names = inferred.filter((column) => kindOf(column) === kind).map(({ name }) => name);
    const some = names.length > 12 ? `${names.slice(0, 12).join(', ')}, … (${names.length})` : names.join(', ');
    return names.length > 0 ? [`${kind}: ${some}`] : [];
  });
  note(`Kinds of columns were inferred (dataset.columns overrides): ${parts.join('; ')}.`);
}
