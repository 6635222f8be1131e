import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from '../../../support/errors.js';
import { hasCode } from '../../../support/system-error.js';

/** Submits a batch script. @returns The id of its job. */
export async function submit(script: string): Promise<string> {
  const [job = ''] = (await called('sbatch', '--parsable', script)).trim().split(';'); // the cluster may follow
  return job;
}

/** How many tasks of this user's jobs with this name are in the queue, by their state: `pending`, `running`, …. */
export async function queued(name: string): Promise<ReadonlyMap<string, number>> {
  const lines = await called('squeue', '--me', '--noheader', '--array', `--name=${name}`, '--format=%T');
  const counts = new Map<string, number>();
  for (const state of lines
    .toLowerCase()
    .split('\n')
    .map((line) => line.trim())) {
    if (state !== '') counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

/** @returns What it prints. @throws UserError if it is not there or refuses. */
async function called(command: string, ...words: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(command, words)).stdout;
  } catch (error) {
    if (hasCode(error, 'ENOENT'))
      throw new UserError(
        `There is no ${command} here: call ple on a host with Slurm's commands, such as a login node.`,
      );
    if (!(error instanceof Error)) throw error;
    const said =
      'stderr' in error
        ? String(error.stderr)
            .trim()
            .replaceAll(/\s*\n\s*/g, ' | ')
        : '';
    throw new UserError(`${command} refused: ${said === '' ? error.message : said}`);
  }
}
