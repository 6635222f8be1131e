import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, YAMLError } from 'yaml';
import { z } from 'zod';
import { metrics } from '../../metrics/catalogue.js';
import { DataError, UserError } from '../../support/errors.js';
import { entriesOf, filesBelow } from '../../support/folder-contents.js';
import { isLock, whyLocked } from '../../support/lock.js';
import { isSystemError, systemReason } from '../../support/system-error.js';
import { checkFile, readStored } from '../../training/folder/stored-file.js';
import { readComparison } from './comparison-file.js';
import { logEntries } from './timing.js';

/** `unfinished`: neither finished nor running, as after an interruption or a kill. */
type State = 'finished' | 'running' | 'unfinished' | 'failed' | 'damaged';

/** The folder of a run or of a comparison, described by its small files. */
export interface ListedFolder {
  /** Its path in the listed folder. */
  readonly name: string;
  readonly path: string;
  readonly kind: 'run' | 'comparison';
  /** True for a link to a folder, and for what lies behind one. */
  readonly linked: boolean;
  readonly state: State;
  /** Why it failed or is damaged, or which lock has no heartbeat any more. */
  readonly reason: string | null;
  /** Of a run. */
  readonly model: string | null;
  readonly seed: number | null;
  /** Of a finished run: each task's usual metric on the test split. */
  readonly tasks: Readonly<Record<string, { readonly metric: string; readonly value: number | null }>>;
  /** Of a comparison: the number of models, how many rows have each verdict, and the number of runs. */
  readonly models: number | null;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly runs: { readonly finished: number; readonly all: number } | null;
  /** Milliseconds since 1970: when it finished, else when its newest file was written. */
  readonly changed: number;
  /** Sum of the sizes of its files. */
  readonly bytes: number;
}

/** What differs from an empty row. */
type Facts = Pick<ListedFolder, 'state'> & Partial<ListedFolder>;

interface Child {
  readonly name: string;
  readonly path: string;
  readonly linked: boolean;
}

/**
 * The runs and comparisons in a folder, by name; of a run's folder this run, of a comparison's its runs. Results and
 * the heads of configs are read, larger files are not. A folder that cannot be read is `damaged`.
 * @param below Also the runs of comparisons, after each.
 */
export function listFolders(folder: string, below: boolean): readonly ListedFolder[] {
  const own = kindOf(folder);
  if (own === 'run') return [listed({ name: folder, path: folder, linked: false }, 'run')];
  const root = { name: '', path: folder, linked: false };
  return (own ? runFolders(root) : childrenOf(root)).flatMap((child) => {
    const kind = kindOf(child.path);
    if (!kind) return [];
    return [listed(child, kind), ...(kind === 'comparison' && below ? runsIn(child) : [])];
  });
}

/** The folder of a run, or those of the runs directly in a folder. */
export function runFoldersAt(folder: string): readonly string[] {
  if (!isFolder(folder)) return [];
  const below = () => childrenOf({ name: '', path: folder, linked: false }).map(({ path }) => path);
  return kindOf(folder) === 'run' ? [folder] : below().filter((path) => kindOf(path) === 'run');
}

function runsIn(comparison: Child): readonly ListedFolder[] {
  return runFolders(comparison).flatMap((child) => (kindOf(child.path) === 'run' ? [listed(child, 'run')] : []));
}

/** The folders in a comparison, and those of its search. */
function runFolders(comparison: Child): readonly Child[] {
  const children = childrenOf(comparison);
  const tuning = children.filter(({ path }) => path === join(comparison.path, 'tuning'));
  return [...children, ...tuning.flatMap(childrenOf)];
}

function childrenOf({ name, path, linked }: Child): readonly Child[] {
  return entriesOf(path).flatMap((entry) => {
    const child = { name: join(name, entry.name), path: join(path, entry.name) };
    if (entry.isDirectory()) return [{ ...child, linked }];
    return entry.isSymbolicLink() && isFolder(child.path) ? [{ ...child, linked: true }] : [];
  });
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // a link to nothing, or in a circle
  }
}

/**
 * Undefined: nothing proves that ple made the folder. Other programs also write `checkpoints`, `config.yaml` and
 * `result.json`. A folder that cannot be read counts as a run: `listed` then says why it cannot.
 */
function kindOf(folder: string): ListedFolder['kind'] | undefined {
  let names: readonly string[];
  try {
    names = entriesOf(folder).map(({ name }) => name);
  } catch {
    return 'run';
  }
  if (names.includes('comparison.json')) return 'comparison';
  if (['config.yaml', 'environment.json', 'result.json'].every((name) => names.includes(name))) return 'run';
  const text = (name: string) => (names.includes(name) ? readableText(folder, name) : undefined);
  if (/"hash8":\s*"[0-9a-f]{8}"/.test(text('environment.json') ?? '')) return 'run';
  const config = text('config.yaml');
  // it has just started
  if (config === undefined) return names.includes('checkpoints') && isLock(text('lock') ?? '') ? 'run' : undefined;
  if (/^compare:/m.test(config)) return 'comparison';
  const isResolved = keysOfRuns.every((key) => new RegExp(`^${key}:`, 'm').test(config));
  return isResolved && names.includes('log.jsonl') ? 'run' : undefined;
}

/** A run's own config has all defaults, so it has these keys. */
const keysOfRuns = ['name', 'seed', 'dataset', 'tasks', 'model', 'train'];

/** Undefined for what is not a readable file. */
function readableText(folder: string, name: string): string | undefined {
  try {
    return textOf(folder, name);
  } catch {
    return undefined;
  }
}

function listed({ name, path, linked }: Child, kind: ListedFolder['kind']): ListedFolder {
  const facts = orDamaged(() => (kind === 'run' ? runFacts(path) : comparisonFacts(path)));
  const files = orDamaged(() => filesBelow(path));
  const sizes = 'state' in files ? [] : files;
  const end = sizes.find((file) => file.path === join(path, kind === 'run' ? 'result.json' : 'comparison.json'));
  return {
    name,
    path,
    kind,
    linked,
    reason: null,
    model: null,
    seed: null,
    tasks: {},
    models: null,
    verdicts: {},
    runs: null,
    changed: end?.changed ?? sizes.reduce((last, { changed }) => Math.max(last, changed), 0),
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    ...facts,
  };
}

function orDamaged<Value>(read: () => Value): Value | Facts {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) return { state: 'damaged', reason: error.message };
    if (isSystemError(error)) return { state: 'damaged', reason: `It cannot be read: ${systemReason(error)}.` };
    throw error;
  }
}

/** What is listed of it: to read it whole takes modules that take a second to load. */
const resultShape = z.looseObject({
  schema: z.literal(1),
  model: z.string(),
  seed: z.number(),
  tasks: z.record(z.string(), z.looseObject({ type: z.string(), test: z.record(z.string(), z.unknown()) })),
});

function runFacts(path: string): Facts {
  if (!exists(path, 'result.json')) return { ...headOf(path), ...openState(path) };
  const { model, seed, tasks } = readStored(
    join(path, 'result.json'),
    resultShape,
    (text): z.infer<typeof resultShape> => JSON.parse(text),
  );
  const missing = ['config.yaml', 'environment.json'].find((name) => !exists(path, name));
  if (missing !== undefined) throw new DataError(`It has a result.json, but no ${missing}.`);
  const usual = Object.entries(tasks).flatMap(([task, { type, test }]) => {
    const metric = metrics.all.find((one) => one.type === type && one.usual)?.name;
    const value = metric === undefined ? undefined : test[metric];
    return metric === undefined ? [] : [[task, { metric, value: typeof value === 'number' ? value : null }] as const];
  });
  return { state: 'finished', model, seed, tasks: Object.fromEntries(usual) };
}

/** The state of what has no result. */
function openState(path: string): Facts {
  if (exists(path, 'lock')) {
    if (whyLocked(path, true) !== null) return { state: 'running' };
    const silent = whyLocked(path);
    if (silent !== null) return { state: 'unfinished', reason: `It ${silent}` };
  }
  const last = lastEntry(path);
  return last?.msg === 'failed' ? { state: 'failed', reason: String(last.error) } : { state: 'unfinished' };
}

const headShape = z.looseObject({ seed: z.number().default(0), model: z.looseObject({ type: z.string() }) });

/** Model and seed of a config. Only these keys are parsed: YAML is slow. */
function headOf(path: string): Partial<ListedFolder> {
  if (!exists(path, 'config.yaml')) return {};
  const blocks = textOf(path, 'config.yaml').split(/^(?=\S)/m);
  try {
    const head = headShape.safeParse(parse(blocks.filter((block) => /^(seed|model):/.test(block)).join('')));
    if (head.success) return { seed: head.data.seed, model: head.data.model.type };
    throw new DataError(`Its config.yaml has no ${head.error.issues[0]?.path.join('.') || 'model'}.`);
  } catch (error) {
    if (!(error instanceof YAMLError)) throw error;
    throw new DataError(`Its config.yaml is not YAML: ${error.message.split('\n')[0]}`);
  }
}

function comparisonFacts(path: string): Facts {
  const root = { name: '', path, linked: false };
  const open = openState(path);
  if (!exists(path, 'comparison.json')) return { runs: countedOf(runFolders(root)), ...open };
  const counted = countedOf(childrenOf(root));
  const { baseline, rows, fronts = [] } = readComparison(path);
  const verdicts: Record<string, number> = {};
  for (const { label, verdict } of rows) {
    if (label !== baseline && verdict) verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  }
  const all = [...rows, ...fronts.flatMap(({ points }) => points)].flatMap(({ runs }) => runs);
  const references = [...new Map(all.map((run) => [run.path, run])).values()]; // models may share runs
  const failed = references.filter(({ status }) => status === 'failed').length;
  const done = references.filter(({ status }) => status === 'done').length;
  const log = lastEntry(path)?.msg;
  const ended: Facts =
    failed > 0
      ? { state: 'failed', reason: `${failed} ${failed === 1 ? 'run' : 'runs'} failed.` }
      : { state: log === undefined || log === 'done' ? 'finished' : 'unfinished' };
  return {
    models: new Set(rows.map(({ label }) => label)).size,
    verdicts,
    // `ple report` keeps no run in its folder
    runs: counted.all > 0 ? counted : { finished: done, all: references.length },
    ...(open.state === 'running' || open.reason ? open : ended),
  };
}

function countedOf(children: readonly Child[]): NonNullable<ListedFolder['runs']> {
  const folders = children.filter((child) => kindOf(child.path) === 'run');
  return { finished: folders.filter((child) => exists(child.path, 'result.json')).length, all: folders.length };
}

/** The last whole line of log.jsonl. */
function lastEntry(path: string): Readonly<Record<string, unknown>> | undefined {
  if (!exists(path, 'log.jsonl')) return undefined;
  const size = checkFile(join(path, 'log.jsonl'), Number.POSITIVE_INFINITY);
  const file = openSync(join(path, 'log.jsonl'), 'r');
  try {
    const tail = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(file, tail, 0, tail.length, size - tail.length);
    const lines = tail.toString('utf8', 0, read).trimEnd().split('\n');
    return logEntries(lines.slice(-2).join('\n')).at(-1); // the last line may be cut short
  } finally {
    closeSync(file);
  }
}

const tailBytes = 2 ** 16;

/** Whether a file or folder is there. */
function exists(path: string, name: string): boolean {
  return statSync(join(path, name), { throwIfNoEntry: false }) !== undefined;
}

function textOf(path: string, name: string): string {
  checkFile(join(path, name));
  return readFileSync(join(path, name), 'utf8');
}
