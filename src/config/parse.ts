import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import type { ConfigDocument, Path } from './document.js';
import { noKubernetes } from './execute.js';
import { meantKey } from './field-names.js';

/**
 * Parses one part of a config (`at` is where it lies in the document).
 * @throws ConfigError: each mistake as `file:line:column: key: what is wrong`, with the nearest known key.
 */
export function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  document: ConfigDocument,
  at: Path = [],
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(meant);
  const misspelt = new Set<string>();
  const faults = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? unknownKeys(issue) : []));
  for (const issue of issues) {
    const path = toPath(issue.path);
    const isMisspelt = misspelt.has(path.join('.')) && valueAt(value, path) === undefined;
    if (issue.code === 'unrecognized_keys' || isMisspelt) continue;
    faults.push(failAt(document, [...at, ...path], describe(issue)));
  }
  throw new ConfigError(...faults.flatMap((fault) => fault.faults));

  function unknownKeys({ keys, path }: z.core.$ZodIssueUnrecognizedKeys): ConfigError[] {
    const known = [...new Set(knownKeys(schema, toPath(path), value))];
    return keys.map((key) => {
      const place = [...at, ...toPath(path), key];
      const gone = removed.get(place.join('.')) ?? removed.get(key);
      if (gone !== undefined) return failAt(document, place, gone);
      const near = meantKey(key, known);
      if (near !== undefined) misspelt.add([...toPath(path), near].join('.'));
      const others = known.length > 0 ? `; known keys: ${known.join(', ')}` : '';
      return failAt(document, place, `unknown key${near === undefined ? others : ` (did you mean '${near}'?)`}`);
    });
  }
}

/** Keys of earlier versions, with their place or wherever they are, and what to use. */
const removed = new Map([
  ['execute.kubernetes', noKubernetes],
  ['dataset.validation.users', 'users are no longer drawn; say { time: 0.1 }, or next-week'],
  ['logInteger', 'say integer, or list the values'],
  [
    'dataset.extensions',
    'extensions of DuckDB are not loaded; copy what the query reads to Parquet or a DuckDB file (dataset.database) first',
  ],
]);

/** A mistake at a place of the config. */
export function failAt(document: ConfigDocument, path: Path, message: string): ConfigError {
  const place = document.locate(path);
  return new ConfigError(`${place}: ${path.length > 0 ? `'${path.join('.')}': ` : ''}${message}.`);
}

/** The value at a path, if there is one. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (outer, key) => (typeof outer === 'object' && outer !== null ? Reflect.get(outer, key) : undefined),
    value,
  );
}

/** The message for an unknown name. */
export function notAmong(what: string, name: string, known: readonly string[]): string {
  return `${what} '${name}'${didYouMean(name, known)}; there are: ${known.join(', ')}`;
}

/**
 * A condition for a check across fields: it runs if none of its fields has a mistake.
 * @param fields matches their dotted paths, relative to the schema of the check
 */
export function whereSound(fields: RegExp) {
  const isElsewhere = ({ code, path = [] }: z.core.$ZodRawIssue) =>
    code === 'unrecognized_keys' || code === 'custom' || (path.length > 0 && !fields.test(path.join('.')));
  return { when: ({ issues }: z.core.ParsePayload) => issues.every(isElsewhere) };
}

/** Reports a mistake found by a check across the fields of a schema. */
export function refuse(context: z.core.$RefinementCtx, path: Path, message: string): void {
  context.addIssue({ code: 'custom', path: [...path], message });
}

/** Whether no value of a list is there twice. */
export function isUnique(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size === values.length;
}

type Issue = z.core.$ZodIssue;

/** The mistakes to report. For a union, those of the alternative whose first mistake lies deepest. */
function meant(issue: Issue): Issue[] {
  const [best] = alternativesOf(issue).toSorted((a, b) => depthOf(b) - depthOf(a) || a.length - b.length);
  if (!best || depthOf(best) === 0) return [issue];
  return best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function depthOf(issues: readonly Issue[]): number {
  const unknown = issues.find(({ code }) => code === 'unrecognized_keys');
  return unknown ? 2 * unknown.path.length + 1 : 2 * (issues[0]?.path.length ?? 0);
}

function alternativesOf(issue: Issue): Issue[][] {
  if (issue.code !== 'invalid_union') return [];
  return issue.errors.filter((alternative) => alternative.length > 0).map((alternative) => alternative.flatMap(meant));
}

function isMissing(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
}

function describe(issue: Issue): string {
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const firsts = alternativesOf(issue).flatMap(([first]) => (first ? [describe(first)] : []));
    return [...new Set(firsts)].join(', or ');
  }
  if (isMissing(issue)) return 'is missing';
  if (issue.code === 'too_small') {
    const { minimum, origin } = issue;
    if (origin === 'array') return `it needs ${minimum === 1 ? 'an item' : `${minimum} items`} or more`;
    if (origin !== 'string') return `it must be ${issue.inclusive ? 'at least' : 'above'} ${minimum}`;
  }
  if (issue.code === 'too_big' && issue.origin !== 'array' && issue.origin !== 'string')
    return `it must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}${/^Too big/.test(issue.message) ? '' : `: ${issue.message}`}`;
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid '))
    return `it must be ${listed(issue.values.map(String))}`;
  return issue.message
    .replace(/^Invalid input: /, '')
    .replace(/\b(record|object)\b/g, 'mapping')
    .replace(/\b(tuple|array)\b/g, 'list')
    .replace(/\.$/, '');
}

/** `a, b or c` */
function listed(values: readonly string[]): string {
  return values.length < 2 ? values.join() : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

function toPath(path: readonly PropertyKey[]): Path {
  return path.map((part) => (typeof part === 'symbol' ? String(part) : part));
}

/**
 * The keys of the object schema at `path`, through defaults, options, lists, records and unions. Where a key names the
 * alternative of a union, only its keys.
 */
function knownKeys(schema: z.core.$ZodType, path: Path, value: unknown): string[] {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodPrefault
  ) {
    return knownKeys(schema.unwrap(), path, value);
  }
  if (schema instanceof z.ZodPipe) return knownKeys(schema.out, path, value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = schema.def;
    const isMeant = (option: z.core.$ZodType) =>
      option instanceof z.ZodObject &&
      z.looseObject({ [discriminator]: option.shape[discriminator] }).safeParse(value).success;
    return schema.options.filter(isMeant).flatMap((option) => knownKeys(option, path, value));
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => knownKeys(option, path, value));
  const [head, ...rest] = path;
  const part: unknown =
    head !== undefined && typeof value === 'object' && value !== null ? Reflect.get(value, head) : undefined;
  if (schema instanceof z.ZodObject) {
    if (head === undefined) return Object.keys(schema.shape);
    const next = schema.shape[head];
    return next ? knownKeys(next, rest, part) : [];
  }
  if (schema instanceof z.ZodArray) return knownKeys(schema.element, rest, part);
  if (schema instanceof z.ZodRecord) return knownKeys(schema.valueType, rest, part);
  return [];
}
