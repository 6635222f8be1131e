import { createRequire } from 'node:module';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';

export interface DatabaseOptions {
  /** Buffer memory; anything beyond it goes to `spill`. Default: DuckDB's, 80 % of the machine's. */
  readonly memory?: string;
  readonly threads?: number;
  /** Folder for data that do not fit in memory. */
  readonly spill?: string;
}

/** Options of every database: nothing is downloaded, and a file's rows keep their order. */
const settings = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  preserve_insertion_order: 'true',
};

const require = createRequire(import.meta.url);

const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Runs `use` on a DuckDB database in memory, then closes it. */
export async function withDatabase<Result>(use: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
  const connection = await openDatabase();
  return whileOpen(connection, undefined, () => use(connection));
}

/** A connection to a new DuckDB database, in memory or in a file. */
export async function openDatabase(path = ':memory:', options: DatabaseOptions = {}): Promise<DuckDBConnection> {
  const { DuckDBInstance } = await import('@duckdb/node-api'); // 30 ms and 70 MB, only when needed
  // the package's own decoder drops U+FEFF at the beginning of a text
  Object.assign(require('@duckdb/node-api/lib/vectors/dataAccessors.js'), { textDecoder });
  const { memory, threads, spill } = options;
  const instance = await DuckDBInstance.create(path, {
    ...settings,
    ...(memory === undefined ? {} : { memory_limit: memory }),
    ...(threads === undefined ? {} : { threads: String(threads) }),
    ...(spill === undefined ? {} : { temp_directory: spill }),
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'"); // not the machine's time zone
  instance.closeSync(); // the connection keeps the database open
  return connection;
}

/** All rows of a statement's result. */
export async function queryRows(connection: DuckDBConnection, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await connection.runAndReadAll(sql)).getRows();
}

/** A statement's result, piece by piece. */
export async function* chunksOf(connection: DuckDBConnection, sql: string): AsyncGenerator<DuckDBDataChunk> {
  const result = await connection.run(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return;
    yield chunk;
  }
}

/** Reports the progress of a long step, from 0 to 1, a few times a second. */
export async function withProgress<Result>(
  connection: DuckDBConnection,
  onShare: (share: number) => void,
  step: () => Promise<Result>,
): Promise<Result> {
  await connection.run('SET enable_progress_bar = true');
  await connection.run('SET enable_progress_bar_print = false');
  const timer = setInterval(() => onShare(Math.max(0, connection.progress.percentage) / 100), 200);
  try {
    return await step();
  } finally {
    clearInterval(timer);
  }
}

/** Statements with more expressions take long to plan. */
const mostExpressions = 100;

/** Evaluates expressions, such as counts, over all rows. NULL becomes NaN. */
export async function queryNumbers(connection: DuckDBConnection, expressions: readonly string[], from: string) {
  const numbers: number[] = [];
  for (let first = 0; first < expressions.length; first += mostExpressions) {
    const some = expressions.slice(first, first + mostExpressions);
    const [row = []] = await queryRows(connection, `SELECT ${some.join(', ')} FROM ${from}`);
    numbers.push(...row.map(asNumber));
  }
  return numbers;
}

function asNumber(value: unknown): number {
  return value === null ? Number.NaN : Number(value);
}

/** Reads rows of numbers by their first column. NULL becomes NaN. */
export async function numbersBy(
  connection: DuckDBConnection,
  sql: string,
): Promise<(key: number) => readonly number[]> {
  const rows = new Map<number, readonly number[]>();
  for (const [key, ...values] of await queryRows(connection, sql)) rows.set(Number(key), values.map(asNumber));
  return (key) => rows.get(key) ?? [];
}

/**
 * SQL of a row for each value of each row: `input`, the column's place from `first` on; `value`; and what `beside`
 * names. A statement binds all columns of its relation each time that it names it, so one statement a column is
 * quadratic in wide tables, and this is not.
 * @param columns SQL of their values, all of one type.
 */
export function eachValue(columns: readonly string[], relation: string, beside: readonly string[] = [], first = 0) {
  const places = `unnest(range(${first}, ${first + columns.length}))::INTEGER AS input`;
  return `(SELECT ${[places, `unnest([${columns.join(', ')}]) AS value`, ...beside].join(', ')} FROM ${relation})`;
}

/** Evaluates expressions, such as counts of `value`, for each column. By its place; nothing without rows. */
export async function numbersOf(
  connection: DuckDBConnection,
  columns: readonly string[],
  expressions: readonly string[],
  relation: string,
): Promise<(place: number) => readonly number[]> {
  if (columns.length === 0) return () => [];
  const from = eachValue(columns, relation);
  return numbersBy(connection, `SELECT input, ${expressions.join(', ')} FROM ${from} GROUP BY input`);
}

/** DuckDB's buffer memory for a narrow table. Anything beyond it goes to disk. */
const bufferMegabytes = 640;

/**
 * Sets a connection's buffer memory for tables with this many columns. Each thread holds some blocks of 256 KiB per
 * column. Anything beyond it goes to disk.
 */
export async function limitMemory(connection: DuckDBConnection, columns: number): Promise<void> {
  const [[threads] = []] = await queryRows(connection, "SELECT current_setting('threads')");
  const megabytes = Math.ceil(bufferMegabytes + columns * Number(threads));
  await connection.run(`SET memory_limit = '${megabytes}MB'`);
}

/** A text as an SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Texts as an SQL list. */
export function literals(texts: readonly string[]): string {
  return texts.map(literal).join(', ');
}

/** The path of a single file as an SQL literal. Characters that DuckDB treats as patterns are escaped. */
export function fileLiteral(path: string): string {
  return literal(path.replaceAll(/[[*?]/g, '[$&]'));
}

/** A name as an SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Why a statement failed, if the machine or the user stopped it. Only the message's own words count, since further
 * lines contain rows of the file, and quotes contain names.
 */
export function machineFault(error: unknown): 'interrupt' | 'disk' | 'memory' | undefined {
  if (!(error instanceof Error)) return undefined;
  const text = error.message.replaceAll(/"[^"]*"/g, '""');
  const [line = ''] = text.split('\n');
  if (line.startsWith('INTERRUPT Error')) return 'interrupt';
  const isMemory = line.startsWith('Out of Memory Error');
  if (isMemory && error.message.includes("'max_temp_directory_size'")) return 'disk';
  if (isMemory) return 'memory';
  const isWriting = /^(IO|TransactionContext|FATAL) Error/.test(line);
  const words = line.includes('CHECKPOINT') ? text : line; // the cause stands on its second line
  return isWriting && /No space left|could not write|Disk quota/i.test(words) ? 'disk' : undefined;
}

/**
 * Why a statement failed, on one line. DuckDB's advice to change options is removed, since only a config can change
 * them.
 */
export function sqlReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [reason = ''] = message.split(/Possible (?:fixes|solutions?):|\n\s*LINE \d+:/i);
  return reason.replaceAll(/\s+/g, ' ').trim().slice(0, 300).replace(/\.$/, '');
}

/**
 * Works with a database and closes it at the end. The signal interrupts its statements.
 * @throws the signal's reason if it fired, else what the work throws.
 */
export async function whileOpen<Result>(
  database: DuckDBConnection,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const interrupt = () => database.interrupt();
  signal?.addEventListener('abort', interrupt);
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', interrupt);
    database.closeSync();
  }
}
