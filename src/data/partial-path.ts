import { createHash, randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '../support/process-running.js';

const ending = /\.([0-9a-f]{8})-(\d+)-[0-9a-f-]{36}\.tmp$/;
/** Whether the process of another machine lives is not known: what it has not written to for so long was left by a killed one. */
const abandonedMilliseconds = 86_400_000;

/** Another name for a file or folder while it is written, which says by what process. */
export function partialPath(path: string): string {
  return `${path}.${here()}-${process.pid}-${randomUUID()}.tmp`;
}

/** Removes what killed processes have left in a folder under names of `partialPath`. It may be as large as the data. */
export async function removeRemains(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.tmp')) continue;
    const [, place, pid] = ending.exec(name) ?? [];
    const path = join(folder, name);
    const left =
      place === here() ? !isRunning(Number(pid)) : Date.now() - (await lastWritten(path)) > abandonedMilliseconds;
    if (left) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Where a process's number means this process: the machine, and on Linux the container. */
function here(): string {
  let numbers = '';
  try {
    numbers = readlinkSync('/proc/self/ns/pid');
  } catch {} // another system
  return createHash('sha256').update(`${hostname()} ${numbers}`).digest('hex').slice(0, 8);
}

/** Of a folder, with the files in it. What is gone: just now. */
async function lastWritten(path: string): Promise<number> {
  const files = await readdir(path).catch(() => []);
  const times = [path, ...files.map((file) => join(path, file))].map((one) =>
    stat(one).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    ),
  );
  return Math.max(...(await Promise.all(times)));
}
