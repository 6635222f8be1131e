import { existsSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { ConfigError, DataError } from '../../support/errors.js';
import { type FinishedRun, readRun } from '../../training/finished-run.js';
import { readStored } from '../../training/folder/stored-file.js';
import { readResult } from '../../training/result.js';
import type { Comparison, RunReference } from '../comparison.js';
import { pointText } from '../plan/axis-point.js';
import { decisionsIn } from '../plan/decided-changes.js';
import { reportedRun, type StoredRow, type StoredRun } from './reported-run.js';

/** The runs under one path that a user named: those of a comparison, or a single one. */
export interface StoredRuns {
  readonly path: string;
  /** Distinguishes labels that several sources use. */
  readonly name: string;
  /** Undefined: a single run. */
  readonly comparison: Comparison | undefined;
  /** Those of the models' fronts, too. */
  readonly rows: readonly StoredRow[];
  /** What was left out, one line each. */
  readonly notes: readonly string[];
}

/**
 * Reads the folder of a comparison, of a run, or of several runs. A word `NAME=PATH` names the model or the comparison.
 * Without a name, a model gets its config's name (less `-seed-<its seed>` at the end). Unfinished runs are noted and
 * left out.
 * @throws ConfigError if there is no run.
 */
export function readStoredRuns(word: string): readonly StoredRuns[] {
  const { name, path } = namedPath(word);
  if (existsSync(join(path, 'comparison.json'))) return [ofComparison(path, name)];
  const below =
    existsSync(path) && statSync(path).isDirectory() ? readdirSync(path).map((child) => join(path, child)) : [];
  const folders = isStarted(path) ? [path] : below.filter(isStarted);
  if (folders.length === 0)
    throw new ConfigError(
      `${path} is no folder of a run (config.yaml, result.json), of runs, or of a comparison (comparison.json).`,
    );
  return folders.map((folder) => ofRun(folder, name));
}

function isStarted(path: string): boolean {
  return existsSync(join(path, 'config.yaml')) && existsSync(join(path, 'environment.json'));
}

/** If the whole word is an existing path it is used as one, so paths may contain `=`. */
function namedPath(word: string): { readonly name?: string; readonly path: string } {
  const at = word.indexOf('=');
  if (at < 1 || existsSync(word)) return { path: word };
  return { name: word.slice(0, at), path: word.slice(at + 1) };
}

function ofRun(path: string, name: string | undefined): StoredRuns {
  const run = readRun(path);
  if (!run) {
    const note = `${path} is not finished and is left out (ple train --resume ${path} continues).`;
    return { path, name: name ?? path, comparison: undefined, rows: [], notes: [note] };
  }
  const { seed, model } = run.result;
  const own = run.experiment.name;
  const label = name ?? (own.endsWith(`-seed-${seed}`) ? own.slice(0, -`-seed-${seed}`.length) : own);
  const runs = [{ seed, path, status: 'done' as const, run }];
  return {
    path,
    name: label,
    comparison: undefined,
    rows: [{ label, type: model, point: {}, runs }],
    notes: [],
  };
}

function ofComparison(path: string, name: string | undefined): StoredRuns {
  const comparison = readComparison(path);
  const notes: string[] = [];
  const stored = (label: string, type: string, runs: readonly RunReference[]) => {
    const read = runs.map((reference) => readReference(path, comparison, reference, type));
    for (const { seed, path, parts, status } of read) {
      if (status === 'done') continue;
      const folder = Object.values(parts ?? {}).find((part) => !readResult(part)) ?? path;
      notes.push(`${folder} (${label}, seed ${seed}) is ${status} and is left out.`);
    }
    return read;
  };
  const rows = comparison.rows.flatMap((row) => {
    const { label, type, axis, runs } = row;
    if (type === external) {
      notes.push(`${path}: '${label}' was made elsewhere and is left out: give it again with --predictions.`);
      return [];
    }
    return [{ label, type, point: axis, runs: stored(label, type, runs), decided: decisionsIn(row) }];
  });
  const fronts = (comparison.fronts ?? []).flatMap(({ model, axis, key, points }) => {
    const type = comparison.rows.find(({ label }) => label === model)?.type ?? '';
    return points.map(({ value, runs }) => {
      const values = { [key]: value };
      const label = `${model}, ${pointText(values)}`;
      return { label: model, type, point: axis, values, runs: stored(label, type, runs) };
    });
  });
  return { path, name: name ?? comparison.name, comparison, rows: [...rows, ...fronts], notes };
}

/** The type of a row of external predictions. */
export const external = 'external';

/** @param type The model's type in the comparison's row. */
function readReference(folder: string, comparison: Comparison, reference: RunReference, type: string): StoredRun {
  const moved = mapPaths(reference, (path) => {
    // `ple report` names runs in any folder, and seals what it writes.
    if (isAbsolute(path) || (comparison.sha256 === undefined && /^\.\.([/\\]|$)/.test(normalize(path))))
      throw new DataError(
        `${join(folder, 'comparison.json')} names a run outside of its folder, ${path}: name the folders of the runs instead.`,
      );
    return join(folder, path);
  });
  const { seed, path, parts, status } = moved;
  const finished = new Map<string, FinishedRun>();
  for (const at of new Set([path, ...Object.values(parts ?? {})])) {
    const run = readRun(at);
    if (run && (run.result.seed !== seed || run.result.model !== type))
      throw new DataError(
        `${at} is a run of ${run.result.model} with seed ${run.result.seed}, and the comparison ${folder} has ${type} with seed ${seed} there: ` +
          'put the run back, or delete its folder and run ple compare again.',
      );
    if (run) finished.set(at, run);
  }
  const run = reportedRun(moved, finished);
  if (run) return { ...moved, status: 'done', run };
  return { ...moved, status: status === 'done' ? 'missing' : status };
}

/** The reference with other paths. */
export function mapPaths<Reference extends RunReference>(
  reference: Reference,
  to: (path: string) => string,
): Reference {
  const { path, parts } = reference;
  const moved = Object.entries(parts ?? {}).map(([task, of]) => [task, to(of)]);
  return { ...reference, path: to(path), ...(parts ? { parts: Object.fromEntries(moved) } : {}) };
}

/**
 * Reads a comparison that `ple compare` or `ple report` wrote. Earlier schemas are read as the current one: their tests are made again from the runs.
 * @throws DataError if the file is damaged.
 */
export function readComparison(folder: string): Comparison {
  const file = join(folder, 'comparison.json');
  const stored = readStored(
    file,
    comparisonShape,
    (text): Comparison => JSON.parse(text),
    'Put it back, or delete it and run ple compare again, which keeps the runs and forgets the looks',
  );
  const { seeds } = stored;
  const look = { seeds: seeds.length, of: seeds, plan: [seeds.length], alpha: 0.05, level: 0.05, undecided: 0 };
  return {
    ...stored,
    ...(stored.test && 'drawn' in stored.test
      ? {}
      : { test: { ...untold, level: stored.looks?.at(-1)?.level ?? 0.05 } }),
    looks: stored.looks ?? [look],
    contrasts: stored.contrasts ?? [],
    best: stored.best ?? [],
    margins: stored.margins ?? {},
  };
}

/** What earlier schemas do not say of their test. */
const untold = { priorDegreesOfFreedom: 0, drawn: null } as const;

const byTask = <Shape extends z.ZodType>(shape: Shape) => z.record(z.string(), shape);
const values = z.record(z.string(), z.unknown());
const number = z.number().nullable();
const gainShape = z.looseObject({
  ...{ metric: z.string(), verdict: z.string().nullable().optional() },
  ...{ mean: number.optional(), gain: number.optional() },
});
const aggregateShape = z.looseObject({ gain: number }).nullable().optional();
const runsShape = z.array(
  z.looseObject({
    seed: z.int(),
    path: z.string(),
    status: z.enum(['done', 'failed', 'missing']),
    parts: byTask(z.string()).optional(),
  }),
);
const rowShape = z.looseObject({
  label: z.string(),
  type: z.string(),
  axis: values,
  parameters: z.looseObject({ embedding: z.number(), network: z.number() }).nullable().optional(),
  runs: runsShape,
  tasks: byTask(gainShape),
  aggregate: aggregateShape,
  verdict: z.string().nullable().optional(),
  searched: z.int().optional(),
  tuned: values.optional(),
  tunedByTask: byTask(values).optional(),
  match: values.optional(),
  matchByTask: byTask(values).optional(),
});
const searchShape = z.looseObject({
  type: z.string(),
  budget: number,
  seeds: z.array(z.int()),
  models: z.array(
    z.looseObject({
      ...{ label: z.string(), axis: values, groups: z.array(z.array(z.string())), rungs: z.array(z.int()).nullable() },
      reference: byTask(z.number()).optional(),
      candidates: z.array(
        z.looseObject({
          ...{ values, cost: z.number(), chosenFor: z.array(z.string()) },
          rungs: z.array(
            z.looseObject({
              ...{ tasks: z.array(z.string()), spent: z.number() },
              runs: z.array(
                z.looseObject({
                  ...{ seed: z.int(), path: z.string(), epochs: z.int(), trained: z.boolean(), scores: byTask(number) },
                }),
              ),
            }),
          ),
        }),
      ),
    }),
  ),
});
const frontShape = z.looseObject({
  ...{ axis: values, model: z.string(), key: z.string() },
  points: z.array(z.looseObject({ value: z.number(), runs: runsShape, tasks: byTask(gainShape) })),
  hypervolume: z.looseObject({ value: z.number(), interval: z.tuple([z.number(), z.number()]).nullable() }).nullable(),
  seesaw: z.string().nullable(),
  repairedBy: z.array(z.number()),
});
const common = {
  test: z.looseObject({}).optional(),
  name: z.string(),
  baseline: z.string(),
  tasks: z.array(z.string()),
  seeds: z.array(z.int()),
  axes: z.record(z.string(), z.array(z.unknown())),
  uncertainty: z.enum(['seeds', 'rows', 'both']),
  margins: z.record(
    z.string(),
    z.union([z.looseObject({ absolute: z.number() }), z.looseObject({ percent: z.number() })]).nullable(),
  ),
  taskWeights: byTask(z.number()),
  rows: z.array(rowShape),
  notes: z.array(z.string()),
  search: searchShape.optional(),
  fronts: z.array(frontShape).optional(),
  timing: values,
};
/** The fields that readers rely on. Schema 1 comes from earlier versions, some of which wrote less. */
const comparisonShape = z.discriminatedUnion(
  'schema',
  [
    z
      .looseObject(common)
      .partial()
      .required({ name: true, seeds: true, rows: true })
      .extend({ schema: z.literal(1) }),
    z.looseObject({
      ...common,
      schema: z.literal([2, 3, 4]),
      looks: z.array(
        z.looseObject({
          ...{ seeds: z.int().positive(), of: z.array(z.int()), plan: z.array(z.int()) },
          ...{ alpha: z.number().min(0).max(1), level: z.number().positive().max(1), undecided: z.int().min(0) },
        }),
      ),
      contrasts: z.array(
        z.looseObject({
          ...{ axis: values, model: z.string(), reference: z.string(), verdict: z.string() },
          ...{ tasks: byTask(gainShape), aggregate: aggregateShape },
        }),
      ),
    }),
  ],
  'it is no comparison of schema 1 to 4; a later version of ple may have written it',
);
