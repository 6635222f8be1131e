import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UserError } from '../../../support/errors.js';
import { groupedBy } from '../../../support/grouped-by.js';
import { hasCode } from '../../../support/system-error.js';

/** Submits a batch script. @returns The id of its job. */
export async function submit(script: string): Promise<string> {
  const [job = ''] = (await called('sbatch', '--parsable', script)).trim().split(';'); // the cluster may follow
  return job;
}

/** The tasks of this user's jobs with this name in the queue: `2 pending, 1 running`; empty if there are none. */
export async function queued(name: string): Promise<string> {
  const lines = await called('squeue', '--me', '--noheader', '--array', `--name=${name}`, '--format=%T');
  const states = lines.toLowerCase().match(/\S+/g) ?? [];
  return groupedBy(states, (state) => state)
    .map((tasks) => `${tasks.length} ${tasks[0]}`)
    .join(', ');
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
