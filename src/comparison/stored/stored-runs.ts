import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { external } from '../../config/compare-schema.js';
import { parseExperiment } from '../../config/experiment.js';
import { ConfigError, DataError } from '../../support/errors.js';
import { definitions } from '../../training/definitions.js';
import { type FinishedRun, readRun } from '../../training/finished-run.js';
import { readEnvironment } from '../../training/folder/environment.js';
import { readResult } from '../../training/stored-result.js';
import type { Comparison, RunReference } from '../comparison.js';
import { pointText } from '../plan/axis-point.js';
import { decisionsIn } from '../plan/decided-changes.js';
import { isOfCommandAt } from './command-run.js';
import { readComparison } from './comparison-file.js';
import { type Entry, type EntryRun, runsOfReference } from './entry.js';
import { runsIn } from './folders.js';

/** The runs under one path that a user named: those of a comparison, or a single one. */
export interface StoredRuns {
  readonly path: string;
  /** Distinguishes labels that several sources use. */
  readonly name: string;
  /** Undefined: a single run. */
  readonly comparison: Comparison | undefined;
  /** Those of the models' fronts, too. */
  readonly rows: readonly Entry<FinishedRun>[];
  /** Rows that commands made (`compare.models`, `type: external`), without their runs' results. */
  readonly external: readonly Entry[];
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
  const folders = runsIn(path);
  if (folders.length === 0)
    throw new ConfigError(
      `${path} is no folder of a run (config.yaml, result.json), of runs, or of a comparison (comparison.json).`,
    );
  return folders.map((folder) => ofRun(folder.path, name));
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
    return { path, name: name ?? path, comparison: undefined, rows: [], external: [], notes: [note] };
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
    external: [],
    notes: [],
  };
}

function ofComparison(path: string, name: string | undefined): StoredRuns {
  const comparison = readComparison(path);
  const notes: string[] = [];
  const byCommands: Entry[] = [];
  const stored = (label: string, type: string, runs: readonly RunReference[]) => {
    const read = runs.flatMap(runsOfReference).map((run) => readFolder(path, run, type));
    for (const { seed, path, status } of read)
      if (status !== 'done') notes.push(`${path} (${label}, seed ${seed}) is ${status} and is left out.`);
    return read;
  };
  const rows = comparison.rows.flatMap((row) => {
    const { label, type, axis, runs } = row;
    if (type === external) {
      const moved = runs.map((run) => ({ ...run, path: join(path, run.path) }));
      if (moved.some((run) => isOfCommandAt(run.path))) byCommands.push({ label, type, point: axis, runs: moved });
      else notes.push(`${path}: '${label}' was made elsewhere and is left out: give it again with --predictions.`);
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
  const halved = (comparison.doublings ?? []).flatMap(({ axis, passes, runs }) => {
    const baseline = comparison.rows.find(({ label }) => label === comparison.baseline);
    if (!baseline) return [];
    const { label, type } = baseline;
    const read = stored(`${label} on half of the rows`, type, runs);
    return [{ label, type, point: axis, values: { 'train.passes': passes / 2 }, runs: read }];
  });
  return {
    path,
    name: name ?? comparison.name,
    comparison,
    rows: [...rows, ...fronts, ...halved],
    external: byCommands,
    notes,
  };
}

/** @param type The model's type in the comparison's row. */
function readFolder(
  folder: string,
  { path: name, status, ...reference }: ReturnType<typeof runsOfReference>[number],
  type: string,
): EntryRun<FinishedRun> {
  const { seed } = reference;
  const path = join(folder, name);
  const run = readRun(path);
  if (!run) return { ...reference, path, status: status === 'done' ? 'missing' : status };
  if (run.result.seed !== seed || run.result.model !== type)
    throw new DataError(
      `${path} is a run of ${run.result.model} with seed ${run.result.seed}, and the comparison ${folder} has ${type} with seed ${seed} there: ` +
        'put the run back, or delete its folder and run ple compare again.',
    );
  return { ...reference, path, status: 'done', run };
}

/**
 * The config and the environment of a run, and its result once it is finished.
 * @throws ConfigError if this is not the folder of a run.
 */
export function readStartedRun(path: string) {
  const config = join(path, 'config.yaml');
  const environment = readEnvironment(path);
  if (!existsSync(config) || !environment) {
    throw new ConfigError(
      `${path} is not the folder of a run: it has no ${existsSync(config) ? 'environment.json' : 'config.yaml'}.`,
    );
  }
  return {
    path,
    experiment: parseExperiment(readFileSync(config, 'utf8'), config, [], definitions, true),
    environment,
    result: readResult(path),
  };
}
