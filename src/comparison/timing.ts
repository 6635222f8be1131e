import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FinishedRun } from '../training/finished-run.js';

/** What runs took, by their paths: `seconds` from start to end, over all interruptions, without the time between them. */
export function timeOf(runs: ReadonlyMap<string, FinishedRun>) {
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

/** From the first to the last line of each process that wrote to the log. */
function secondsLogged(file: string): number | null {
  if (!existsSync(file)) return null;
  let [begin, last, sum] = [0, 0, 0];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const entry = parseLine(line);
    if (!entry) continue;
    if (entry.msg === 'started' || entry.msg === 'resumed') {
      sum += last - begin;
      begin = entry.time;
    }
    last = entry.time;
  }
  return (sum + last - begin) / 1000;
}

/** Undefined for a line that a kill cut short. */
function parseLine(line: string): { readonly msg: unknown; readonly time: number } | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null || !('time' in entry) || !('msg' in entry)) return undefined;
    return { msg: entry.msg, time: Number(entry.time) };
  } catch {
    return undefined;
  }
}
