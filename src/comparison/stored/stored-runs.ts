import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { AxisPoint } from '../../config/comparison.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { type FinishedRun, readRun } from '../../training/finished-run.js';
import { readResult } from '../../training/result.js';
import type { Comparison, RunReference } from '../comparison.js';
import { type Decisions, decisionsIn } from '../plan/decisions.js';
import { reportedRun } from './reported-run.js';

/** Runs found under one path that a user named: those of a comparison, or a single one. */
export interface StoredRuns {
  readonly path: string;
  /** Tells labels apart that two of them use. */
  readonly name: string;
  /** Undefined: a single run. */
  readonly comparison: Comparison | undefined;
  readonly rows: readonly StoredRow[];
  /** What was left out, a line each. */
  readonly notes: readonly string[];
}

/** A model at one point of the axes. */
export interface StoredRow {
  readonly label: string;
  readonly type: string;
  /** Empty for a single run: where it lies on axes is read from its config. */
  readonly point: AxisPoint;
  readonly runs: readonly StoredRun[];
  /** What a comparison decided for it. */
  readonly decided?: Decisions;
}

/** Paths are as seen from the working directory. */
interface StoredRun extends RunReference {
  readonly run?: FinishedRun;
}

/**
 * Reads the folder of a comparison, of a run, or of several runs. A word `NAME=PATH` names the model or the comparison; without it a model
 * is named by its config (less `-seed-<its seed>` at the end). Runs that are not finished are noted and left out.
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

/** A word is a path if there is one of this name, so that paths may have a `=`. */
function namedPath(word: string): { readonly name?: string; readonly path: string } {
  const at = word.indexOf('=');
  if (at < 1 || existsSync(word)) return { path: word };
  return { name: word.slice(0, at), path: word.slice(at + 1) };
}

function ofRun(path: string, name: string | undefined): StoredRuns {
  const run = readRun(path);
  if (!run) {
    const note = `${path} is not finished and is left out (ple train --resume ${path} goes on).`;
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
  const rows = comparison.rows.flatMap((row) => {
    const { label, type, axis, runs } = row;
    if (type === external) {
      notes.push(`${path}: '${label}' was made elsewhere and is left out: give it again with --predictions.`);
      return [];
    }
    const stored = runs.map((reference) => readReference(path, reference, type));
    for (const { seed, path, parts, status } of stored) {
      if (status === 'done') continue;
      const folder = Object.values(parts ?? {}).find((part) => !readResult(part)) ?? path;
      notes.push(`${folder} (${label}, seed ${seed}) is ${status} and is left out.`);
    }
    return [{ label, type, point: axis, runs: stored, decided: decisionsIn(row) }];
  });
  return { path, name: name ?? comparison.name, comparison, rows, notes };
}

/** The type of a row of predictions that were made elsewhere. */
export const external = 'external';

/** @param type The model's, in the comparison's row. */
function readReference(folder: string, reference: RunReference, type: string): StoredRun {
  const moved = mapPaths(reference, (path) => join(folder, path));
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
 * A comparison as it was written whole, by `ple compare` or `ple report`; one of schema 1 with what later ones have beside it.
 * @throws DataError if the file is cut short.
 */
export function readComparison(folder: string): Comparison {
  const file = join(folder, 'comparison.json');
  try {
    const comparison: Comparison = JSON.parse(readFileSync(file, 'utf8'));
    if (!Array.isArray(comparison?.rows)) throw new Error('it is no comparison');
    const { seeds, schema } = comparison;
    if (schema > 2) throw new Error(`it has the schema ${schema}, of a later version of ple`);
    if (schema === 2 && !looksSchema.safeParse(comparison.looks).success) throw new Error('its looks are damaged');
    const look = { seeds: seeds.length, of: seeds, plan: [seeds.length], alpha: 0.05, level: 0.05, undecided: 0 };
    return {
      ...comparison,
      looks: comparison.looks ?? [look],
      contrasts: comparison.contrasts ?? [],
      margins: comparison.margins ?? {},
    };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new DataError(
      `Cannot read ${file}: ${cause}. Put it back, or delete it and run ple compare again, which keeps the runs and forgets the looks.`,
    );
  }
}

const looksSchema = z.array(
  z.object({
    ...{ seeds: z.int().positive(), of: z.array(z.int()), plan: z.array(z.int()) },
    ...{ alpha: z.number().min(0).max(1), level: z.number().positive().max(1), undecided: z.int().min(0) },
  }),
);
