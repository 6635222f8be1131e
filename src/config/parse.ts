import { z } from 'zod';
import { didYouMean, nearest } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { inOrder } from '../support/faults.js';
import { type ConfigDocument, isMapping, type Path, valueAt } from './document.js';

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
  const holders = new Map<readonly string[], Holder>(); // by unknown keys
  const parsed = schema.safeParse(value, {
    error(issue) {
      if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodType)
        holders.set(issue.keys, { schema: issue.inst, value: issue.input });
      return inWords(issue);
    },
  });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(meant);
  const misspelt = new Set<string>();
  const unknown = issues.flatMap((issue) => {
    const holder = issue.code === 'unrecognized_keys' ? holders.get(issue.keys) : undefined;
    if (!holder || issue.code !== 'unrecognized_keys') return [];
    return issue.keys.map((key) => {
      const [near, known] = [meantKey(key, holder), keysIn(holder.schema).join(', ')];
      if (near !== undefined) misspelt.add([...issue.path, near].join('.'));
      const path = [...toPath(issue.path), key];
      return {
        path,
        message: `unknown key${near === undefined ? `; known keys: ${known}` : ` (did you mean '${near}'?)`}`,
      };
    });
  });
  const others = issues
    .filter(({ code }) => code !== 'unrecognized_keys')
    .map(({ path, message }) => ({ path: toPath(path), message: message.replace(/\.$/, '') }))
    .filter(({ path }) => !misspelt.has(path.join('.')) || valueAt(value, path) !== undefined);
  const faults = [...unknown, ...others].flatMap(({ path, message }) => {
    const whole = [...at, ...path];
    return [...failAt(document, whole, message).faults, ...hintAt(document, whole)];
  });
  throw new ConfigError(...inOrder([...new Set(faults)]));
}

/** A mistake at a place of the config. */
export function failAt(document: ConfigDocument, path: Path, message: string): ConfigError {
  const { text, name } = document.at(path);
  return new ConfigError(`${text}: ${name.length > 0 ? `'${name.join('.')}': ` : ''}${message}.`);
}

/** Options that were written for the config's own part do not fit the one that an override names. */
function hintAt(document: ConfigDocument, path: Path): readonly string[] {
  const isOverride = document.at(path).text.startsWith('override ');
  return path.flatMap((_, depth) => {
    const { text, name } = document.at([...path.slice(0, depth), path[0] === 'dataset' ? 'loader' : 'type']);
    const start = `override '${name.join('.')}=`;
    if (isOverride || !text.startsWith(start)) return [];
    const [part, chosen] = [name.slice(0, -1).join('.'), `${name.at(-1)}: ${text.slice(start.length, -1)}`];
    return [`${text} changes no other key: '${part}={ ${chosen}, … }' sets them all.`];
  });
}

/** The message for an unknown name. */
export function notAmong(what: string, name: string, known: readonly string[]): string {
  return `${what} '${name}'${didYouMean(name, known)}; there are: ${known.join(', ')}`;
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

/** A mapping with unknown keys. */
interface Holder {
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
}

/**
 * The mistakes to report. For a union, those of the alternative whose first mistake lies deepest; rather one whose `kind` is
 * the one given.
 */
function meant(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const found = issue.errors.map((inner) => inner.flatMap(meant));
  const isOther = ([first]: readonly Issue[]) => Number(first?.code === 'invalid_value');
  const [best = []] = found.toSorted((a, b) => depth(b) - depth(a) || isOther(a) - isOther(b) || a.length - b.length);
  const [first] = best;
  if (!first || depth(best) === 0) return [issue];
  const values = found.flatMap(([one]) =>
    one?.code === 'invalid_value' && one.path.join('.') === first.path.join('.') ? one.values : [],
  );
  const message = first.code === 'invalid_value' ? `it must be ${oneOf(values)}` : first.message;
  return best.map((inner) => ({
    ...inner,
    message: inner === first ? message : inner.message,
    path: [...issue.path, ...inner.path],
  }));
}

/** An unknown key lies deeper than the mapping that it is in. */
function depth([first]: readonly Issue[]): number {
  if (!first) return -1;
  return 2 * first.path.length + (first.code === 'unrecognized_keys' ? 1 : 0);
}

/** Undefined: zod's words. A message of the schema goes before. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type': {
      const { input, expected } = issue;
      if (input === undefined) return 'is missing';
      return `expected ${inYaml(expected)}, received ${inYaml(z.core.util.parsedType(input))}`;
    }
    case 'invalid_value':
      return `it must be ${oneOf(issue.values)}`;
    case 'invalid_key':
      return issue.issues[0]?.message;
    case 'invalid_union':
      return ofAlternatives(
        issue.errors.flatMap(([first]) => first ?? []),
        issue.input,
      );
    case 'too_small':
      if (issue.origin === 'array')
        return `it needs ${issue.minimum === 1 ? 'an item' : `${issue.minimum} items`} or more`;
      return issue.origin === 'string'
        ? undefined
        : `it must be ${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string'
        ? undefined
        : `it must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}`;
    default:
      return undefined;
  }
}

function ofAlternatives(issues: readonly Issue[], input: unknown): string {
  const values = issues.flatMap((issue) => (issue.code === 'invalid_value' ? issue.values : []));
  const types = issues.flatMap((issue) => (issue.code === 'invalid_type' ? inYaml(issue.expected) : []));
  const others = issues.some(({ code }) => code !== 'invalid_value' && code !== 'invalid_type');
  if (others || input === undefined) return [...new Set(issues.map(({ message }) => message))].join(', or ');
  if (values.length > 0) return `it must be ${oneOf([...values, ...types.map((type) => `a ${type}`)])}`;
  return `expected ${oneOf(types)}, received ${inYaml(z.core.util.parsedType(input))}`;
}

function oneOf(values: readonly unknown[]): string {
  const words = [...new Set(values)];
  const last = words.pop();
  return words.length > 0 ? `${words.join(', ')} or ${last}` : String(last);
}

/** A type of JavaScript in the words of YAML. */
function inYaml(type: string): string {
  return type.replace(/^(record|object)$/, 'mapping').replace(/^(tuple|array)$/, 'list');
}

function toPath(path: readonly PropertyKey[]): Path {
  return path.map((part) => (typeof part === 'symbol' ? String(part) : part));
}

/** What papers and other programs call a key. */
const otherNames: Readonly<Record<string, string>> = {
  lr: 'learningRate',
  wd: 'weightDecay',
  weightdecay: 'weightDecay',
  l2reg: 'l2',
  bs: 'batchSize',
  batch: 'batchSize',
  eps: 'epsilon',
  nepochs: 'epochs',
  numepochs: 'epochs',
  maxepochs: 'epochs',
  hidden: 'levels',
  hiddenunits: 'levels',
  layers: 'levels',
  dnnhiddenunits: 'levels',
  dropoutrate: 'dropout',
  act: 'activation',
  norm: 'normalization',
  batchnorm: 'normalization',
  nexperts: 'experts',
  numexperts: 'experts',
  emb: 'embedding',
  embeddim: 'embedding',
  embeddingdim: 'embedding',
  valid: 'validation',
  val: 'validation',
  type: 'loader',
};

/** The key of a mapping that is meant by a word that is none: another name of it, a key below one of its own, a near miss. */
function meantKey(word: string, holder: Holder): string | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[_-]/g, '');
  const known = keysIn(holder.schema);
  const other = Object.hasOwn(otherNames, plain(word)) ? otherNames[plain(word)] : undefined;
  return (
    known.find((key) => key === other || plain(key) === plain(word)) ??
    pathBelow(other ?? word, holder) ??
    nearest(word, known)
  );
}

/** The path to the only key of this name that lies least deep below a mapping; those in mappings that are given go first. */
function pathBelow(name: string, { schema, value }: Holder): string | undefined {
  let level = [{ path: '', schema }];
  for (let depth = 0; depth < 3; depth++) {
    level = level.flatMap(({ path, schema }) =>
      alternatives(schema, undefined).flatMap((one) =>
        one instanceof z.ZodObject
          ? keysIn(one).map((key) => ({ path: `${path}.${key}`, schema: one.shape[key] }))
          : [],
      ),
    );
    const found = [...new Set(level.map(({ path }) => path.slice(1)).filter((path) => path.endsWith(`.${name}`)))];
    const given = found.filter((path) => valueAt(value, path.split('.').slice(0, -1)) !== undefined);
    const [only, ...others] = given.length > 0 ? given : found;
    if (only !== undefined) return others.length === 0 ? only : undefined;
  }
  return undefined;
}

/** Without keys that are there only for the message why they may not be. */
function keysIn(schema: z.core.$ZodType): readonly string[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, value]) =>
    value instanceof z.ZodOptional && value.unwrap() instanceof z.ZodNever ? [] : [key],
  );
}

/**
 * The schemas that a value may have, behind defaults, options, pipes and unions. Where a key of the value names the
 * alternative of a union, there is only this one; without this key there are all.
 */
export function alternatives(schema: z.core.$ZodType, value: unknown): readonly z.core.$ZodType[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodDiscriminatedUnion) {
    const { discriminator } = inner.def;
    const name = isMapping(value) ? value[discriminator] : undefined;
    return inner.options.flatMap((option) => {
      if (!(option instanceof z.ZodObject)) return [];
      return name === undefined || option.shape[discriminator].safeParse(name).success ? [option] : [];
    });
  }
  return inner instanceof z.ZodUnion ? inner.options.flatMap((option) => alternatives(option, value)) : [inner];
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodPrefault
  )
    return unwrapped(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrapped(schema.out) : schema;
}

/** The schema of what lies at a key of a mapping, a list or a record with this schema, none of which is a union. */
export function below(schema: z.core.$ZodType, key: string | number): readonly z.core.$ZodType[] {
  const found =
    schema instanceof z.ZodObject && Object.hasOwn(schema.shape, key)
      ? schema.shape[key]
      : schema instanceof z.ZodArray
        ? schema.element
        : schema instanceof z.ZodRecord
          ? schema.valueType
          : undefined;
  return found ? [found] : [];
}
