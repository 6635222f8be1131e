import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import type { ConfigDocument, Path } from './document.js';
import { noKubernetes } from './execute.js';

/**
 * Parses one part of a config (`at` is where it lies in the document).
 * @throws ConfigError: the first mistake as `file:line:column: key: what is wrong`, with the nearest known key.
 */
export function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  document: ConfigDocument,
  at: Path = [],
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = deepest(parsed.error.issues);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const path = [...at, ...toPath(issue.path)];
    if ([...path, key].join('.') === 'execute.kubernetes') throw failAt(document, [...path, key], noKubernetes);
    const known = knownKeys(schema, toPath(issue.path), value);
    const suggestion =
      didYouMean(key, known) || (known.length > 0 ? `; known keys: ${[...new Set(known)].join(', ')}` : '');
    throw failAt(document, [...path, key], `unknown key${suggestion}`);
  }
  throw failAt(document, [...at, ...toPath(issue.path)], describe(issue));
}

/** A mistake at a place of the config. */
export function failAt(document: ConfigDocument, path: Path, message: string): ConfigError {
  const place = document.locate(path);
  return new ConfigError(`${place}: ${path.length > 0 ? `'${path.join('.')}': ` : ''}${message}.`);
}

/** What is said of a name that is not among those that are known. */
export function notAmong(what: string, name: string, known: readonly string[]): string {
  return `${what} '${name}'${didYouMean(name, known)}; there are: ${known.join(', ')}`;
}

/** For checks across the fields of a schema. */
export function refuse(context: z.core.$RefinementCtx, path: Path, message: string): void {
  context.addIssue({ code: 'custom', path: [...path], message });
}

/** Whether no value of a list is there twice. */
export function isUnique(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size === values.length;
}

type Issue = z.core.$ZodIssue;

/**
 * The mistake to tell. A misspelt key also makes its right spelling missing: the former helps more. Of a union's
 * alternatives, the one whose mistake lies deepest is what the user meant.
 */
function deepest(issues: readonly Issue[]): Issue {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (!issue) throw new Error('A failed parse has an issue.');
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const meant = (candidate: Issue) => 2 * candidate.path.length + (candidate.code === 'unrecognized_keys' ? 1 : 0);
  const best = alternativesOf(issue).toSorted((a, b) => meant(b) - meant(a))[0];
  if (!best || meant(best) === 0) return issue;
  return { ...best, path: [...issue.path, ...best.path] };
}

function alternativesOf(issue: z.core.$ZodIssueInvalidUnion): Issue[] {
  return issue.errors.filter((alternative) => alternative.length > 0).map((alternative) => deepest(alternative));
}

function describe(issue: Issue): string {
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return [...new Set(alternativesOf(issue).map(describe))].join(', or ');
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'is missing';
  if (issue.code === 'too_small') {
    const { minimum, origin } = issue;
    if (origin === 'array') return `it needs ${minimum === 1 ? 'an item' : `${minimum} items`} or more`;
    if (origin !== 'string') return `it must be ${issue.inclusive ? 'at least' : 'above'} ${minimum}`;
  }
  if (issue.code === 'too_big' && issue.origin !== 'array' && issue.origin !== 'string')
    return `it must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}`;
  if (issue.code === 'invalid_value') return `it must be ${listed(issue.values.map(String))}`;
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
 * The keys that the object schema at `path` knows, through defaults, options, lists, records and unions; where a key
 * names the alternative, of this one.
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
