import { z } from 'zod';
import { didYouMean } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { inOrder } from '../support/faults.js';
import { type ConfigDocument, isMapping, type Path, valueAt } from './document.js';
import { meantKey } from './field-names.js';
import { alternatives, below, discriminator } from './inside.js';

/**
 * Parses a config, or one part of it (`at` is where it lies in the document).
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
  const hints = new Map<string, number>(); // by hint, the last fault that it explains
  const faults: string[] = [];
  const tell = (path: Path, message: string) => {
    faults.push(...failAt(document, [...at, ...path], message).faults);
    const hint = hintAt(path);
    if (hint !== undefined) hints.set(hint, faults.length - 1);
  };
  for (const issue of issues)
    if (issue.code === 'unrecognized_keys') tellUnknown(issue.keys, toPath(issue.path), true);
    else for (const { keys, path } of besideNone(issue)) tellUnknown(keys, path, false);
  for (const issue of issues) {
    const path = toPath(issue.path);
    const isMisspelt = misspelt.has(path.join('.')) && valueAt(value, path) === undefined;
    if (issue.code !== 'unrecognized_keys' && !isMisspelt) tell(path, describe(issue));
  }
  for (const [hint, last] of hints) faults[last] += hint;
  throw new ConfigError(...inOrder(faults));

  /** Where nothing says whose keys a mapping has: those that no alternative has. */
  function besideNone({ code, path }: Issue): { readonly keys: readonly string[]; readonly path: Path }[] {
    const holder = toPath(path.slice(0, -1));
    const key = schemasAt(holder).map(discriminator)[0];
    const given = valueAt(value, holder);
    if (code !== 'invalid_union' || key === undefined || path.at(-1) !== key) return [];
    if (!isMapping(given) || key in given) return [];
    const known = knownAt(holder);
    return [{ keys: Object.keys(given).filter((one) => !known.includes(one)), path: holder }];
  }

  /** The keys of what lies at a path. */
  function knownAt(path: Path): readonly string[] {
    const schemas = schemasAt(path).flatMap((one) => alternatives(one, valueAt(value, path)));
    const isDataset = [...at, ...path].join('.') === 'dataset';
    return [...new Set([...schemas.flatMap(keysIn), ...(isDataset ? ['from'] : [])])];
  }

  function tellUnknown(keys: readonly string[], path: Path, areListed: boolean): void {
    const known = knownAt(path);
    for (const key of keys) {
      const place = [...path, key];
      if (known.includes(key)) {
        const given = valueAt(value, path);
        const others = Object.keys(isMapping(given) ? given : {}).filter((one) => one !== key);
        const all = document.at([...at, ...path]).name.join('.');
        tell(place, `it does not go with ${others.join(', ')} beside it: '${all}={ ${key}: … }' replaces these`);
        continue;
      }
      const near = meantKey(key, known, (name) => keyBelow(path, name));
      if (near !== undefined) misspelt.add([...path, near].join('.'));
      const others = areListed && known.length > 0 ? `; known keys: ${known.join(', ')}` : '';
      const name = isName(path) ? `; a name with a point is quoted: "${path.at(-1)}.${key}"` : '';
      tell(place, `unknown key${near === undefined ? others : ` (did you mean '${near}'?)`}${name}`);
    }
  }

  /** Whether the last key of a path is any name, and the path that of an override. */
  function isName(path: Path): boolean {
    const outer = schemasAt(path.slice(0, -1)).flatMap((one) => alternatives(one, valueAt(value, path.slice(0, -1))));
    return (
      path.length > 0 &&
      outer.some((one) => one instanceof z.ZodRecord) &&
      document.at([...at, ...path]).text.startsWith('override')
    );
  }

  /** The path to the only key of this name that lies least deep below a mapping; those in mappings that are given go first. */
  function keyBelow(path: Path, name: string): string | undefined {
    let holders = knownAt(path).map((key): Path => [key]);
    for (let depth = 0; depth < 2; depth++) {
      const all = holders.filter((holder) => knownAt([...path, ...holder]).includes(name));
      const given = all.filter((holder) => valueAt(value, [...path, ...holder]) !== undefined);
      const found = given.length > 0 ? given : all;
      if (found.length > 0) return found.length === 1 ? [...found.flat(), name].join('.') : undefined;
      holders = holders.flatMap((holder) => knownAt([...path, ...holder]).map((key) => [...holder, key]));
    }
    return undefined;
  }

  /** The schemas of what lies at a path. */
  function schemasAt(path: Path): readonly z.core.$ZodType[] {
    return path.reduce<readonly z.core.$ZodType[]>(
      (schemas, key, depth) =>
        schemas
          .flatMap((one) => alternatives(one, valueAt(value, path.slice(0, depth))))
          .flatMap((one) => below(one, key)),
      [schema],
    );
  }

  /** Options that were written for the config's own part do not fit the one that an override names. */
  function hintAt(path: Path): string | undefined {
    for (let length = path.length - 1; length >= 0; length--) {
      const part = path.slice(0, length);
      const key = schemasAt(part).map(discriminator)[0];
      if (key === undefined) continue;
      const place = document.at([...at, ...part, key]).text;
      const named = document.at([...at, ...part]).name.join('.');
      if (path[length] === key || !place.startsWith(`override '${named}.${key}=`)) return undefined;
      const name = String(valueAt(value, [...part, key]));
      return ` ${place} changes no other key: '${named}={ ${key}: ${name}, … }' sets them all.`;
    }
    return undefined;
  }
}

/** A mistake at a place of the config. */
export function failAt(document: ConfigDocument, path: Path, message: string): ConfigError {
  const { text, name } = document.at(path);
  return new ConfigError(`${text}: ${name.length > 0 ? `'${name.join('.')}': ` : ''}${message}.`);
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
  const [best] = unionAlternatives(issue).toSorted((a, b) => depth(b) - depth(a) || a.length - b.length);
  if (!best || depth(best) === 0) return [issue];
  return best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function depth(issues: readonly Issue[]): number {
  const unknown = issues.find(({ code }) => code === 'unrecognized_keys');
  return unknown ? 2 * unknown.path.length + 1 : 2 * (issues[0]?.path.length ?? 0);
}

function unionAlternatives(issue: Issue): Issue[][] {
  if (issue.code !== 'invalid_union') return [];
  return issue.errors.filter((alternative) => alternative.length > 0).map((alternative) => alternative.flatMap(meant));
}

function isMissing(issue: Issue): boolean {
  return issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
}

function describe(issue: Issue): string {
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const firsts = unionAlternatives(issue).flatMap(([first]) => (first ? [describe(first)] : []));
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

function keysIn(schema: z.core.$ZodType): readonly string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, value]) => (isRefused(value) ? [] : [key]));
}

/** Whether a key is in a schema only for the message why it may not be there. */
function isRefused(schema: unknown): boolean {
  return schema instanceof z.ZodOptional && schema.unwrap() instanceof z.ZodNever;
}
