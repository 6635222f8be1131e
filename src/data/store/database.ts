import type { DuckDBConnection } from '@duckdb/node-api';

export interface DatabaseOptions {
  /** Memory of its buffers; what is beyond lies in `spill`. Default: DuckDB's, 80 % of the machine's. */
  readonly memory?: string;
  readonly threads?: number;
  /** Folder of what does not fit in memory. */
  readonly spill?: string;
}

/** Options of every database: nothing is downloaded, and a file's rows keep their order. */
const settings = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  preserve_insertion_order: 'true',
};

/** Runs `use` on a DuckDB database in memory, which is closed behind it. */
export async function withDatabase<Result>(use: (connection: DuckDBConnection) => Promise<Result>): Promise<Result> {
  const connection = await openDatabase();
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
  }
}

/** A connection to a DuckDB database of its own, in memory or in a file. */
export async function openDatabase(path = ':memory:', options: DatabaseOptions = {}): Promise<DuckDBConnection> {
  const { DuckDBInstance } = await import('@duckdb/node-api'); // 30 ms and 70 MB that no other command should pay
  const { memory, threads, spill } = options;
  const instance = await DuckDBInstance.create(path, {
    ...settings,
    ...(memory === undefined ? {} : { memory_limit: memory }),
    ...(threads === undefined ? {} : { threads: String(threads) }),
    ...(spill === undefined ? {} : { temp_directory: spill }),
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'"); // not that of the machine
  instance.closeSync(); // the connection keeps the database
  return connection;
}

/** All rows of a statement's result. */
export async function rowsOf(connection: DuckDBConnection, sql: string): Promise<readonly (readonly unknown[])[]> {
  return (await connection.runAndReadAll(sql)).getRows();
}

/** Tells how far a long step is, from 0 to 1, a few times a second. */
export async function told<Result>(
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

/** A statement of very many expressions takes long to plan. */
const mostExpressions = 100;

/** Numbers of all rows, as counts are. NULL is NaN. */
export async function numbersOf(connection: DuckDBConnection, expressions: readonly string[], from: string) {
  const numbers: number[] = [];
  for (let first = 0; first < expressions.length; first += mostExpressions) {
    const some = expressions.slice(first, first + mostExpressions);
    const [row = []] = await rowsOf(connection, `SELECT ${some.join(', ')} FROM ${from}`);
    for (const value of row) numbers.push(value === null ? Number.NaN : Number(value));
  }
  return numbers;
}

/** What DuckDB holds of a narrow table; what is beyond lies on disk. */
export const bufferMegabytes = 640;

/**
 * Sets the memory of a connection's buffers for tables of so many columns, of which each thread has some blocks of 256 KiB in memory. What is beyond
 * lies on disk.
 */
export async function limitMemory(connection: DuckDBConnection, columns: number, threads: number): Promise<void> {
  const megabytes = Math.ceil(bufferMegabytes + columns * threads);
  await connection.run(`SET memory_limit = '${megabytes}MB'`);
}

/** A text as a literal of SQL. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Texts as a list of SQL. */
export function literals(texts: readonly string[]): string {
  return texts.map(literal).join(', ');
}

/** A path as a literal of SQL, of this one file: DuckDB takes some characters for patterns. */
export function fileLiteral(path: string): string {
  return literal(path.replaceAll(/[[*?]/g, '[$&]'));
}

/** A name as an identifier of SQL. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Why a statement failed, where the machine or the user stopped it. Only the message's own words count: further lines have rows of the file, and quotes have
 * names.
 */
export function machineFault(error: unknown): 'interrupt' | 'disk' | 'memory' | undefined {
  if (!(error instanceof Error)) return undefined;
  const [line = ''] = error.message.replaceAll(/"[^"]*"/g, '""').split('\n');
  if (line.startsWith('INTERRUPT Error')) return 'interrupt';
  const isMemory = line.startsWith('Out of Memory Error');
  if (isMemory && error.message.includes("'max_temp_directory_size'")) return 'disk';
  if (isMemory) return 'memory';
  const isWriting = /^(IO|TransactionContext|FATAL) Error/.test(line);
  return isWriting && /No space left|could not write|Disk quota/i.test(line) ? 'disk' : undefined;
}

/** Why a statement failed, on one line, without the advice to change options that only a config can. */
export function sqlReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [reason = ''] = message.split(/Possible (?:fixes|solutions?):|\n\s*LINE \d+:/i);
  return reason.replaceAll(/\s+/g, ' ').trim().slice(0, 300).replace(/\.$/, '');
}

/**
 * Works with a database, which is closed at the end. The signal interrupts its statements.
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
