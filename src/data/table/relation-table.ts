import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { DataError } from '../../support/errors.js';
import { must } from '../../support/must.js';
import { fileLiteral, identifier, literal, queryRows, sqlReason, withDatabase } from '../store/database.js';
import { cleaned, daysExpression, mostWhole, type StagedType } from './staged-columns.js';
import type { TableFile } from './table-file.js';

/** What DuckDB reads as a table with types. */
interface Relation {
  /** The file, or what stands for it in messages. */
  readonly path: string;
  /** On disk. */
  readonly bytes: number;
  /** `Parquet`, for messages. */
  readonly format: string;
  /** SQL that stands behind FROM. */
  readonly from: string;
}

/** Parquet, with any compression. */
export async function openParquet(path: string, bytes: number): Promise<TableFile> {
  const from = `read_parquet(${fileLiteral(path)}, hive_partitioning = false)`;
  return withDatabase((database) => openRelation({ path, bytes, format: 'Parquet', from }, database));
}

/** JSON, an object a line or a list of objects. A column's type is that of all its values. */
export async function openJson(path: string, bytes: number): Promise<TableFile> {
  return withDatabase(async (database) => {
    const relation = { path, bytes, format: 'JSON' };
    const from = await run(relation, jsonTable(database, [path]));
    return openRelation({ ...relation, from }, database);
  });
}

/**
 * SQL of JSON files. Texts stay texts, those of dates too, and so do values of several types and of none: DuckDB would
 * make each file's own guess of them. A column that it takes for decimals is one of texts if a whole number in it is
 * beyond 2^53: two ids would become one.
 */
export async function jsonTable(database: DuckDBConnection, paths: readonly string[]): Promise<string> {
  const list = `[${paths.map(fileLiteral).join(', ')}]`;
  const options = [
    'maximum_object_size = 67108864, hive_partitioning = false, union_by_name = true',
    'sample_size = -1, map_inference_threshold = -1, field_appearance_threshold = 0',
  ].join(', ');
  const from = `read_json(${list}, ${options}`;
  const found = await database.stream(`SELECT * FROM ${from}) LIMIT 0`);
  const [names, types] = [found.columnNames(), found.columnTypes()];
  if (names.length === 1 && names[0] === 'json') throw new Error('its values are no objects with keys');
  if (twiceInOneCase(names.map((name) => name.replace(/_\d+$/, '')))) await refuseKeysTwice(database, list);
  const typed = names.map((name, c) => ({ name, type: String(types[c]?.alias ?? types[c]) }));
  const long = await longIntegers(
    database,
    from,
    typed.filter(({ type }) => /^DOUBLE(\[\])?$/.test(type)),
  );
  const columns = typed.map(({ name, type }) => {
    const isText = /^(DATE|TIME|UUID|JSON)/.test(type) || long.has(name);
    return `${literal(name)}: ${literal(isText ? type.replace(/^[A-Z_ ]+/, 'VARCHAR') : type)}`;
  });
  return `${from}, columns = {${columns.join(', ')}})`;
}

/** Names of the columns that have a whole number beyond 2^53, by their digits. */
async function longIntegers(
  database: DuckDBConnection,
  from: string,
  decimals: readonly { readonly name: string; readonly type: string }[],
): Promise<ReadonlySet<string>> {
  if (decimals.length === 0) return new Set();
  const isLong = (digits: string) =>
    `(strlen(${digits}) >= 16 AND regexp_full_match(${digits}, '-?\\d+') AND abs(${digits}::DOUBLE) >= ${mostWhole})`; // 2^53 + 1 becomes 2^53
  const columns = decimals.map(({ name, type }) => `${literal(name)}: '${type.replace('DOUBLE', 'VARCHAR')}'`);
  const tests = decimals.map(({ name, type }) => {
    const value = identifier(name);
    const found = type === 'DOUBLE' ? isLong(value) : `len(list_filter(${value}, digits -> ${isLong('digits')})) > 0`;
    return `coalesce(bool_or(${found}), false)`;
  });
  const [found = []] = await queryRows(
    database,
    `SELECT ${tests.join(', ')} FROM ${from}, columns = {${columns.join(', ')}})`,
  );
  return new Set(decimals.flatMap(({ name }, c) => (found[c] === true ? [name] : [])));
}

/** DuckDB gives the second of two keys that differ only in case another name, which no row has. */
async function refuseKeysTwice(database: DuckDBConnection, list: string): Promise<void> {
  const objects = `read_json_objects(${list}, maximum_object_size = 67108864)`;
  const keys = await queryRows(
    database,
    `SELECT key FROM (SELECT unnest(json_keys(json)) AS key FROM ${objects}) GROUP BY 1 ORDER BY 1`,
  );
  const twice = twiceInOneCase(keys.map(([key]) => String(key)));
  if (twice)
    throw new Error(`'${twice[0]}' and '${twice[1]}' differ only in upper and lower case; give one another name`);
}

/** Two names that SQL takes for one. */
export function twiceInOneCase(names: readonly string[]): readonly [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) return [other, name];
    seen.set(name.toLowerCase(), name);
  }
  return undefined;
}

/**
 * @param database Reads its columns' names and types.
 * @param attached A DuckDB file whose table it is, when its rows are read.
 * @throws DataError for what cannot be read.
 */
export async function openRelation(
  relation: Relation,
  database: DuckDBConnection,
  attached?: string,
): Promise<TableFile> {
  const { from } = relation;
  const found = await run(relation, database.stream(`SELECT * FROM ${from} LIMIT 0`));
  const [names, types] = [found.columnNames(), found.columnTypes()];
  const known = new Map<string, Staged>();
  const unsupported = new Map<string, string>();
  for (const [c, name] of names.entries()) {
    const staged = stageColumn(identifier(name), must(types[c], `type of column ${name}`));
    if ('unsupported' in staged) unsupported.set(name, staged.unsupported);
    else known.set(name, staged);
  }
  return {
    path: relation.path,
    bytes: relation.bytes,
    names,
    types: new Map([...known].map(([name, { type }]) => [name, type])),
    times: new Set([...known].flatMap(([name, { isTime }]) => (isTime ? [name] : []))),
    unsupported,
    value: (name, type) => asWanted(must(known.get(name), `column '${name}'`), type),
    clean: cleaned,
    async rows(into, _, use) {
      if (attached === undefined) return run(relation, use(from));
      await into.run(`ATTACH ${literal(attached)} AS attached (READ_ONLY)`);
      await run(relation, use(`attached.${from}`));
      return into.run('DETACH attached');
    },
    place: async (row) => `${relation.path}, row ${row + 1}`,
  };
}

interface Staged {
  readonly type: StagedType;
  readonly expression: string;
  readonly isTime?: boolean;
}

function asWanted({ type: own, expression }: Staged, type: StagedType): ReturnType<TableFile['value']> {
  if (type === 'text' && own === 'number') return { sql: `whole_text(${expression})`, isRaw: false };
  if (type === 'text') return { sql: `(${expression})::VARCHAR`, isRaw: true };
  return { sql: type === 'list' && own !== 'list' ? `[(${expression})::VARCHAR]` : expression, isRaw: false };
}

/** @returns The type's name, where its values are neither numbers, texts, booleans, times nor lists of these. */
function stageColumn(column: string, type: DuckDBType): Staged | { readonly unsupported: string } {
  const item = itemType(type);
  const [odd] = unsupported.exec(typeName(item ?? type)) ?? [];
  if (item && (odd ?? itemType(item))) return { unsupported: 'list of lists, maps or structs' };
  if (odd) return { unsupported: odd.toLowerCase() };
  if (!item) return single(column, type);
  const entry = single('entry', item);
  const text = entry.type === 'number' ? `whole_text(${entry.expression})` : `(${entry.expression})::VARCHAR`;
  return {
    type: 'list',
    expression: `list_filter(list_transform(${column}, entry -> ${text}), entry -> entry IS NOT NULL)`,
  };
}

/** A number of what is decimal, a text of what has none of its own, days since 1970 of a time. */
function single(value: string, type: DuckDBType): Staged {
  const name = typeName(type);
  if (name === 'DATE' || name.startsWith('TIMESTAMP'))
    return {
      ...{ type: 'number', isTime: true },
      expression: `coalesce(${daysExpression(`${value}::TIMESTAMP`)}, ${endless(value)})`,
    };
  if (name.startsWith('TIME')) return { type: 'number', expression: `epoch_us(${value}::TIME)::DOUBLE` };
  if (name === 'BLOB') return { type: 'text', expression: `coalesce(TRY(decode(${value})), ${value}::VARCHAR)` };
  if (name === 'FLOAT' || name === 'DOUBLE')
    return { type: 'number', expression: `CASE WHEN NOT isnan(${value}) THEN ${value}::DOUBLE END` };
  if (/^DECIMAL\(\d+, ?0\)$/.test(name)) return { type: 'text', expression: `${value}::VARCHAR` }; // may be an id of 38 digits
  if (name.startsWith('DECIMAL')) return { type: 'number', expression: `${value}::DOUBLE` };
  if (/^U?(TINY|SMALL|BIG)?INT(EGER)?$/.test(name) && name !== 'UBIGINT')
    return { type: 'whole', expression: `${value}::BIGINT` };
  return { type: 'text', expression: `${value}::VARCHAR` };
}

/** SQL of the times `infinity` and `-infinity`, as numbers: they are refused where those are. */
function endless(time: string): string {
  return `CASE WHEN isinf(${time}) THEN if(${time}::TIMESTAMP > TIMESTAMP '2000-01-01', 'inf', '-inf')::DOUBLE END`;
}

function itemType(type: DuckDBType): DuckDBType | undefined {
  return 'valueType' in type && !typeName(type).startsWith('MAP') ? type.valueType : undefined;
}

const unsupported = /^(STRUCT|MAP|UNION|JSON|INTERVAL|VARIANT|GEOMETRY|GEOGRAPHY)/;

function typeName(type: DuckDBType): string {
  return type.alias ?? String(type);
}

function run<Result>({ path, format }: Pick<Relation, 'path' | 'format'>, step: Promise<Result>): Promise<Result> {
  return said(`${path} cannot be read as ${format}`, step);
}

/** @throws DataError that begins with `what` and gives the reason of DuckDB. */
export async function said<Result>(what: string, step: Promise<Result>): Promise<Result> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${what}: ${sqlReason(error)}.`, { cause: error });
  }
}
