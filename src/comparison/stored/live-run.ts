import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Experiment, parseExperiment } from '../../config/experiment.js';
import { whenChanged } from '../../support/changed-file.js';
import { isHeld } from '../../support/lock.js';
import { asUserError } from '../../support/system-error.js';
import { definitions } from '../../training/definitions.js';
import type { EpochRecord } from '../../training/epoch-record.js';
import { epochsSoFar } from '../../training/epoch-record.js';
import type { GateUse } from '../../training/evaluation.js';
import { type FinishedRun, gatesShape } from '../../training/finished-run.js';
import { readStored } from '../../training/folder/stored-file.js';
import { howEnded, type Result, readResult } from '../../training/result.js';
import { logEntries } from './timing.js';

/** What is in a run's folder while it trains, and afterwards. */
export interface LiveRun {
  readonly path: string;
  /** `waiting`: there is no folder. */
  readonly state: 'waiting' | 'running' | 'finished' | 'interrupted' | 'failed';
  /** Why the run failed, or what cannot be read. */
  readonly message: string | null;
  /** Undefined before the run has written it. */
  readonly experiment: Experiment | undefined;
  readonly epochs: readonly EpochRecord[];
  readonly result: Result | undefined;
  readonly gates: readonly GateUse[];
  /** The pino lines. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Reads runs again and again. Each file is read again only when it has changed. Half-written and damaged files are no
 * error: `message` names them.
 */
export function liveRunReader(): (path: string) => LiveRun {
  const config = whenChanged((file) => parseExperiment(readFileSync(file, 'utf8'), file, [], definitions));
  const epochs = whenChanged(epochsSoFar);
  const result = whenChanged((file) => readResult(dirname(file)));
  const gates = whenChanged((file) => readStored(file, gatesShape, (text): readonly GateUse[] => JSON.parse(text)));
  const log = whenChanged((file) => logEntries(readFileSync(file, 'utf8')));
  return (path) => {
    const unreadable: string[] = [];
    const read = <Value>(reader: (file: string) => Value | undefined, name: string): Value | undefined => {
      try {
        return reader(join(path, name));
      } catch (error) {
        const told = asUserError(error);
        if (!told) throw error;
        unreadable.push(told.message);
        return undefined;
      }
    };
    const files = {
      experiment: read(config, 'config.yaml'),
      epochs: read(epochs, 'epochs.jsonl') ?? [],
      result: read(result, 'result.json'),
    };
    const entries = read(log, 'log.jsonl') ?? [];
    if (files.result) {
      const own = { ...files, gates: read(gates, 'gates.json') ?? [], log: entries };
      return { path, state: 'finished', message: unreadable[0] ?? null, ...own };
    }
    const last = entries.at(-1);
    const failed = last?.msg === 'failed';
    const stopped = failed ? 'failed' : existsSync(path) ? 'interrupted' : 'waiting';
    const state = isHeld(path) ? 'running' : stopped;
    const message = unreadable[0] ?? (state === 'failed' ? String(last?.error) : null);
    return { path, state, message, ...files, gates: [], log: entries };
  };
}

/**
 * A finished run as charts and tables need it, without its predictions. Its files are not compared with their
 * checksums: that would read all of them. Undefined if something is missing.
 */
export function asFinished({ path, experiment, result, epochs, gates }: LiveRun): FinishedRun | undefined {
  if (!experiment || !result) return undefined;
  return {
    path,
    experiment,
    result: { ...result, ended: result.ended ?? howEnded(epochs, experiment, result.bestEpoch) },
    epochs,
    gates,
    environment: {},
    notes: [],
    hasPredictions: false,
    predictions: () => Promise.reject(new Error('The predictions of a watched run are not read.')),
  };
}
