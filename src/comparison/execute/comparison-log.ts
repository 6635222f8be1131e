import { existsSync, readFileSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { cutTornLine } from '../../training/run-folder.js';
import { logEntries, secondsLogged } from '../stored/timing.js';
import type { Event } from './executor.js';

/** Lines of pino about a comparison's training: when, on how many processes, and which runs ended. */
export interface ComparisonLog {
  add(event: Event): void;
  /** A last line, if anything was trained. */
  close(status: 'done' | 'interrupted'): void;
}

/** The file is made, or goes on, when the first run starts. */
export function openComparisonLog(file: string): ComparisonLog {
  let log: Logger | undefined;
  return {
    add(event) {
      if (event.kind === 'planned' && event.unfinished.length > 0) {
        const { stage, jobs, threads } = event;
        const isNew = log === undefined;
        if (isNew) cutTornLine(file);
        log ??= pino({ base: null }, pino.destination({ dest: file, sync: true }));
        log.info({ stage, jobs, threads, runs: event.unfinished.length }, isNew ? 'started' : 'goes on');
      }
      if (event.kind === 'ended') {
        const { outcome, run } = event;
        log?.[outcome.status === 'failed' ? 'error' : 'info']({ run: run.folder, ...outcome }, 'run ended');
      }
    },
    close: (status) => log?.info(status),
  };
}

/** Of training, over all interruptions, without the time between them; null before any. */
export function loggedTime(file: string): {
  readonly seconds: number | null;
  readonly jobs: unknown;
  readonly threads: unknown;
} {
  const entries = existsSync(file) ? logEntries(readFileSync(file, 'utf8')) : [];
  const last = entries.findLast((entry) => 'jobs' in entry);
  return { seconds: secondsLogged(file), jobs: last?.jobs ?? null, threads: last?.threads ?? null };
}
