import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FinishedRun } from '../../training/finished-run.js';

/** Time of runs, by path: `seconds` from start to end over all interruptions, without the gaps between them. */
export function runTimes(runs: ReadonlyMap<string, FinishedRun>) {
  return Object.fromEntries(
    [...runs].map(([path, { path: folder, result, epochs }]) => [
      path,
      {
        seconds: secondsLogged(join(folder, 'log.jsonl')),
        trainingSeconds: epochs.reduce((sum, { seconds }) => sum + seconds, 0),
        epochs: result.epochs,
        samplesPerSecond: result.throughput.samplesPerSecond,
      },
    ]),
  );
}

/** Seconds from the first to the last line of each process that wrote to the log, summed. Null without a log. */
export function secondsLogged(file: string): number | null {
  if (!existsSync(file)) return null;
  let [begin, last, sum] = [0, 0, 0];
  // logs of earlier versions have no `uptime`
  for (const { msg, time, uptime = time } of logEntries(readFileSync(file, 'utf8'))) {
    if (msg === 'started' || msg === 'resumed') {
      sum += last - begin;
      begin = Number(uptime);
    }
    last = Number(uptime);
  }
  return (sum + last - begin) / 1000;
}

/** The lines of a log, without lines that a kill cut short. */
export function logEntries(text: string): Readonly<Record<string, unknown>>[] {
  return text.split('\n').flatMap((line) => {
    try {
      const entry: unknown = JSON.parse(line);
      return typeof entry === 'object' && entry !== null ? { ...entry } : [];
    } catch {
      return [];
    }
  });
}
