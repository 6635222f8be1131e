import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printable } from '../../support/printable.js';
import type { Outcome } from '../execute/executor.js';

/** What the command prints, in its run's folder. */
const commandLog = 'command.log';

/**
 * Runs a command line with the folder as its last word. All that it prints goes to a file of the folder. An abort ends
 * it with the processes that it started.
 */
export async function runCommand(
  command: string,
  folder: string,
  signals: { readonly signal: AbortSignal; readonly halt: AbortSignal },
): Promise<Outcome> {
  const { signal, halt } = signals;
  if (signal.aborted) return { status: 'interrupted' };
  const file = join(folder, commandLog);
  const log = openSync(file, 'w');
  const child = spawn('sh', ['-c', `${command} "$0"`, folder], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const end = (how: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, how); // the group that `detached` makes
    } catch {
      // it has ended
    }
  };
  const [stop, kill] = [() => end('SIGTERM'), () => end('SIGKILL')];
  signal.addEventListener('abort', stop);
  halt.addEventListener('abort', kill);
  try {
    const how = await new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
      child.once('exit', (code, by) => resolve(code === 0 ? undefined : `ended ${by ? `by ${by}` : `with ${code}`}`));
    });
    if (signal.aborted) return { status: 'interrupted' };
    if (how === undefined) return { status: 'done' };
    const last = readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
    return { status: 'failed', message: `its command ${how}${last === '' ? '' : `: ${printable(last)}`} (${file})` };
  } finally {
    signal.removeEventListener('abort', stop);
    halt.removeEventListener('abort', kill);
  }
}
