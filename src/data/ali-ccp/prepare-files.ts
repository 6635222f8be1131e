import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { advance, type LoaderContext } from '../loader.js';
import { appendColumns } from '../store/append-columns.js';
import type { FileDescription } from './description.js';
import { fields } from './fields.js';
import type { RawFiles } from './raw-files.js';
import { type FileSplit, fileSplits, type Read, type TableName } from './read-files.js';
import type { Sent } from './read-thread.js';
import { rowNumbers, SplitTables } from './split-tables.js';

/** What the DuckDB file has beside its tables, which datasets/ali-ccp.md describes. */
export interface StoredFiles {
  /** By table. */
  readonly files: Readonly<Record<TableName, FileDescription>>;
  /** Common rows that some sample needs. */
  readonly common: Readonly<Record<FileSplit, number>>;
  /** By field: its distinct ids. */
  readonly ids: Readonly<Record<string, number>>;
}

const script = import.meta.url.endsWith('.ts') ? './read-thread.fixture.mjs' : './read-thread.js';

/**
 * Reads the four files into the attached database `prepared`. A thread reads lines, while this one stores what it read before.
 * @returns the entry's description.
 */
export async function prepareFiles(
  database: DuckDBConnection,
  files: RawFiles,
  context: Pick<LoaderContext, 'progress' | 'signal'>,
): Promise<StoredFiles> {
  await database.run("SET memory_limit = '256MB'");
  const store = new Store(database, files);
  await store.create();
  const total = [files.common, files.skeleton].reduce((sum, { train, test }) => sum + train.bytes + test.bytes, 0);
  const thread = new Worker(new URL(script, import.meta.url), { workerData: files });
  try {
    for await (const [message] of on(thread, 'message', { close: ['exit'] })) {
      const sent: Sent = message;
      if (sent.kind === 'bytes') advance(context, sent.done, total);
      else if (sent.kind === 'unusable') throw new DataError(sent.message);
      else {
        thread.postMessage('taken'); // the thread may be two batches ahead
        await store.add(sent.read);
      }
    }
  } finally {
    await thread.terminate();
  }
  return store.described();
}

class Store {
  readonly #database: DuckDBConnection;
  readonly #splits: Readonly<Record<FileSplit, SplitTables>>;
  readonly #descriptions = new Map<TableName, FileDescription>();
  readonly #ids: Record<string, number> = {};

  constructor(database: DuckDBConnection, files: RawFiles) {
    this.#database = database;
    this.#splits = {
      train: new SplitTables(database, files, 'train'),
      test: new SplitTables(database, files, 'test'),
    };
  }

  async create(): Promise<void> {
    await this.#database.run('CREATE TABLE prepared.ids (field UTINYINT, "index" INTEGER, id INTEGER)');
    for (const split of fileSplits) await this.#splits[split].create();
  }

  async add(read: Read): Promise<void> {
    if (read.kind === 'samples') await this.#splits[read.split].addSamples(read);
    else if (read.kind === 'common') await this.#splits[read.split].addCommon(read);
    else if (read.kind === 'end') {
      this.#descriptions.set(`${read.of}_${read.split}`, read.description);
      if (read.of === 'common') await this.#splits[read.split].endCommon();
    } else {
      const { place, ids } = read;
      const count = ids.length;
      this.#ids[fields[place]?.name ?? ''] = count;
      const columns = [new Uint8Array(count).fill(place), rowNumbers(1, count), ids];
      await appendColumns(this.#database, 'prepared.ids', columns, count);
    }
  }

  described(): StoredFiles {
    const of = (table: TableName) => {
      const description = this.#descriptions.get(table);
      if (!description) throw new Error(`The thread ended before ${table} was read`);
      return description;
    };
    const train = { common_train: of('common_train'), samples_train: of('samples_train') };
    return {
      files: { ...train, common_test: of('common_test'), samples_test: of('samples_test') },
      common: { train: this.#splits.train.common, test: this.#splits.test.common },
      ids: this.#ids,
    };
  }
}
