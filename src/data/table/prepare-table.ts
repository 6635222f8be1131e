import type { DuckDBConnection } from '@duckdb/node-api';
import { splitNames } from '../dataset.js';
import type { LoaderContext } from '../loader.js';
import { limitMemory, queryRows, withProgress } from '../store/database.js';
import type { StoredSource } from '../store/prepared-source.js';
import { columnKinds } from './column-kinds.js';
import { columnRoles } from './column-roles.js';
import { findFaults, refuseFaults } from './faults.js';
import { withClasses } from './labels.js';
import { rowSplits } from './row-splits.js';
import { checkColumns, type SplitFile, stageRows } from './staged-rows.js';
import type { TableOptions } from './table-options.js';
import { type About, writeRows } from './write-rows.js';

/** Reading takes about half of the time. */
const readingShare = 0.5;

/**
 * Reads the files into the attached database `prepared`, as a source of `StoredSource`: the rows of training in an
 * order that `splitSeed` draws, the others in that of the files. Whatever a result depends on is counted or ordered, so
 * that it has the same bits with any number of threads.
 * @returns the entry's description.
 */
export async function prepareTable(
  database: DuckDBConnection,
  files: readonly SplitFile[],
  options: TableOptions,
  about: About,
  context: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<StoredSource> {
  checkColumns(files, undefined);
  const { path = '', names = [] } = files[0]?.file ?? {};
  const found = columnRoles({ path, names }, options, about.tasks);
  const { trained, keep = [] } = about;
  const roles = {
    ...found,
    inputs: found.inputs.map((input) => ({ ...input, ...trained?.get(input.name) })),
    used: new Set([...found.used, ...keep]),
  };
  checkColumns(files, roles.used);
  const [[threads] = []] = await queryRows(database, "SELECT current_setting('threads')");
  await limitMemory(database, roles.used.size, Number(threads));
  const notes: string[] = [];
  const group = roles.inputs.find(({ name }) => name === roles.group);
  if (group?.hash !== undefined && !trained)
    notes.push(
      `dataset.group: '${group.name}' is hashed to ${group.hash} values; rows of one value are one group, so its users that share one count together. Name a column that is not hashed, or hash to more.`,
    );
  const bytes = files.reduce((sum, { file }) => sum + file.bytes, 0);
  const onShare = (share: number) => context.progress?.(Math.floor(share * bytes), bytes);
  const onBytes = (read: number) => onShare(readingShare * (read / Math.max(1, bytes)));
  const staged = await stageRows(database, files, roles.used, options.missing, onBytes);
  const inputs = await columnKinds(database, roles.inputs, staged, (message) => void notes.push(message));
  const wanted = trained ? (['test'] as const) : splitNames;
  context.signal?.throwIfAborted();
  const splits = await rowSplits(database, staged, roles, options);
  const labelled = { ...roles, labels: await withClasses(database, roles.labels, staged, splits) };
  const known = { staged, inputs };
  await refuseFaults(database, splits, findFaults(known, labelled, splits, about), staged);
  const written = (share: number) => onShare(readingShare + (1 - readingShare) * share);
  const writing = { ...about, path, options, wanted, notes, signal: context.signal };
  const stored = await withProgress(database, written, () => writeRows(database, splits, known, labelled, writing));
  onShare(1);
  return stored;
}
