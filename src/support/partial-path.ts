import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { isRunning, placeOfNumbers } from './process-identity.js';

const ending = /\.([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}\.tmp$/;
/** Whether the process of another machine lives is not known: what it has not written to for so long was left by a killed one. */
const abandonedMilliseconds = 86_400_000;

/** Another name for a file or folder while it is written, which says by what process. */
export function partialPath(path: string): string {
  return `${path}.${placeOfNumbers()}-${process.pid}-${randomUUID()}.tmp`;
}

/** Removes what killed processes have left in a folder under names of `partialPath`. It may be as large as the data. */
export async function removeRemains(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.tmp')) continue;
    const [, place, pid] = ending.exec(name) ?? [];
    const path = join(folder, name);
    const left =
      place === placeOfNumbers() ? await isLeft(path, Number(pid)) : (await age(path)) > abandonedMilliseconds;
    if (left) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** The number of a dead process may be another's after a restart, of the machine or (one's own) of a container. */
async function isLeft(path: string, pid: number): Promise<boolean> {
  const seconds = pid === process.pid ? process.uptime() : uptime();
  return !isRunning(pid) || (await age(path)) > 1000 * seconds;
}

/** Milliseconds since a file was written to, or a folder and the files in it. What is gone: 0. */
async function age(path: string): Promise<number> {
  const files = await readdir(path).catch(() => []);
  const times = [path, ...files.map((file) => join(path, file))].map((one) =>
    stat(one).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    ),
  );
  return Date.now() - Math.max(...(await Promise.all(times)));
}
