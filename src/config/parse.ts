import { z } from 'zod';
import { didYouMean, nearest } from '../support/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { type ConfigNode, isMapping, originOf, type Path, valueAt } from './node.js';

/**
 * Parses a config, or the part of it at a path.
 * @throws ConfigError: each mistake as `file:line:column: key: what is wrong`, with the nearest known key.
 */
export function parsePart<Schema extends z.ZodType>(
  schema: Schema,
  config: ConfigNode,
  start: Path = [],
): z.infer<Schema> {
  const value = valueAt(config.value, start);
  const parsed = schema.safeParse(value, { error: inWords });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) => likelyIssues(issue, value));
  const withUnknown = issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => path.join('.'));
  const mistakes = issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      const messages = issue.message.split('\n');
      return issue.keys.map((key, index) => ({ path: [...path, key], message: messages[index] ?? '' }));
    }
    const isMissing = valueAt(value, path) === undefined;
    return isMissing && withUnknown.includes(path.slice(0, -1).join('.')) // it may be there, misspelt
      ? []
      : [{ path, message: issue.message }];
  });
  // The last of several mistakes at one place is the narrowest.
  const byPlace = new Map(
    mistakes.map(({ path, message }) => [path.join('.'), failAt(config, [...start, ...path], message)]),
  );
  throw new ConfigError(...inOrder([...byPlace.values()].map(({ message }) => message)));
}

/** A mistake at a place of the config. */
export function failAt(config: ConfigNode, path: Path, message: string): ConfigError {
  const { text, name } = originOf(config, path);
  return new ConfigError(`${text}: ${name.length > 0 ? `'${name.join('.')}': ` : ''}${message}.`);
}

/** Mistakes by file and line. */
function inOrder(mistakes: readonly string[]): readonly string[] {
  return [...new Set(mistakes)].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** The message for an unknown name. */
export function notAmong(what: string, name: string, names: readonly string[]): string {
  return `${what} '${name}'${didYouMean(name, names)}; there are: ${names.join(', ')}`;
}

/** Reports a mistake found by a check across the fields of a schema. */
export function refuse(context: z.core.$RefinementCtx, path: Path, message: string): void {
  context.addIssue({ code: 'custom', path: [...path], message });
}

/** A list in which no value is there twice. */
export function distinct<Item extends z.ZodType>(list: z.ZodArray<Item>, message = 'a value is listed twice') {
  return list.refine(isUnique, message).meta({ uniqueItems: true });
}

/** Whether no value of a list is there twice. */
export function isUnique(values: readonly unknown[]): boolean {
  return new Set(values.map((value) => JSON.stringify(value))).size === values.length;
}

type Issue = z.core.$ZodIssue;

/**
 * The mistakes to report. For a union, those of the alternative whose first mistake lies deepest; of equally
 * deep ones, one whose discriminator (such as `kind`) fits.
 */
function likelyIssues(issue: Issue, whole: unknown): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const inner = valueAt(whole, issue.path.map(String));
  const issues = issue.errors.map((errors) => errors.flatMap((error) => likelyIssues(error, inner)));
  const isOther = ([first]: readonly Issue[]) => Number(first?.code === 'invalid_value');
  const [best = []] = issues.toSorted((a, b) => depth(b) - depth(a) || isOther(a) - isOther(b) || a.length - b.length);
  const [first] = best;
  if (!first || depth(best) === 0) return [issue];
  const values = issues.flatMap(([other]) =>
    other?.code === 'invalid_value' && other.path.join('.') === first.path.join('.') ? other.values : [],
  );
  const message =
    first.code === 'invalid_value' ? oneOf(values, valueAt(inner, first.path.map(String))) : first.message;
  return best.map((mistake) => ({
    ...mistake,
    message: mistake === first ? message : mistake.message,
    path: [...issue.path, ...mistake.path],
  }));
}

/** An unknown key lies deeper than the mapping that it is in. */
function depth([first]: readonly Issue[]): number {
  return first ? 2 * first.path.length + Number(first.code === 'unrecognized_keys') : -1;
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
      return oneOf(issue.values, issue.input);
    case 'invalid_key':
      return issue.issues[0]?.message;
    case 'unrecognized_keys': // a line for each
      return issue.keys.map((key) => unknownKey(key, issue.inst, issue.input)).join('\n');
    case 'invalid_union': {
      const mistakes = issue.errors.flatMap(([first]) => first ?? []);
      const words = mistakes.flatMap((mistake) => {
        if (mistake.code === 'invalid_type') return `a ${inYaml(mistake.expected)}`;
        return mistake.code === 'invalid_value' ? mistake.values : [];
      });
      return issue.input !== undefined && words.length >= mistakes.length
        ? oneOf(words, issue.input)
        : [...new Set(mistakes.map(({ message }) => message))].join(', or ');
    }
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

function oneOf(values: readonly unknown[], value: unknown): string {
  const words = [...new Set(values.map(String))];
  const text = words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : words.join();
  return `it must be ${text}${typeof value === 'string' ? didYouMean(value, words) : ''}`;
}

/** A type of JavaScript in the words of YAML. */
function inYaml(type: string): string {
  return type.replace(/^(record|object)$/, 'mapping').replace(/^(tuple|array)$/, 'list');
}

/** What papers and other programs call a key. */
const otherNames: Readonly<Record<string, string>> = {
  lr: 'learningrate',
  wd: 'weightdecay',
  bs: 'batchsize',
  batch: 'batchsize',
  eps: 'epsilon',
  numepochs: 'epochs',
  maxepochs: 'epochs',
  hiddenunits: 'levels',
  layers: 'levels',
  numexperts: 'experts',
  embeddim: 'embedding',
};

/** The key that is meant has this name, or another one of it, the least deep below the mapping; else it is a near miss. */
function unknownKey(word: string, mapping: unknown, value: unknown): string {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[_-]/g, '');
  const paths = mapping instanceof z.ZodObject ? pathsIn(mapping, 4) : [];
  const same = paths.filter((path) => [plain(word), otherNames[plain(word)]].includes(plain(path.at(-1) ?? '')));
  const inGiven = same.filter((path) => valueAt(value, path.slice(0, -1)) !== undefined);
  const likely = inGiven.length > 0 ? inGiven : same;
  const least = Math.min(...likely.map(({ length }) => length));
  const [only, ...others] = new Set(likely.filter(({ length }) => length === least).map((path) => path.join('.')));
  const keys = paths.flatMap(([key = '', ...below]) => (below.length === 0 ? key : []));
  const near = others.length === 0 && only !== undefined ? only : nearest(word, keys);
  return `unknown key${near === undefined ? `; known keys: ${keys.join(', ')}` : ` (did you mean '${near}'?)`}`;
}

/** The keys of a mapping and the paths below it, without keys that are there only for the message why they may not be. */
function pathsIn(schema: z.core.$ZodType, levels: number): string[][] {
  return alternatives(schema, undefined).flatMap((mapping) =>
    mapping instanceof z.ZodObject && levels > 0
      ? Object.entries(mapping.shape).flatMap(([key, value]) =>
          unwrapped(value) instanceof z.ZodNever
            ? []
            : [[key], ...pathsIn(value, levels - 1).map((path) => [key, ...path])],
        )
      : [],
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
