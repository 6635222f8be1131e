import { fileURLToPath } from 'node:url';
import type { Execute } from '../../../config/execute.js';
import { shellWord } from '../../../support/shell-word.js';

interface ArrayJob extends Pick<Execute, 'sbatch' | 'arrayLimit'> {
  readonly name: string;
  /** The absolute path of the plan, and the indices of the runs in it. */
  readonly plan: string;
  readonly indices: readonly number[];
  /** Absolute: where tasks write their logs. */
  readonly folder: string;
  /** Where the config's relative paths start. */
  readonly workingFolder: string;
}

/** How often a run may be killed by a signal, such as for want of memory. */
const mostKills = 3;
const launcher = fileURLToPath(new URL('../../../../bin/ple.js', import.meta.url));

/**
 * The script of an array job, for sbatch. Task N trains the run with the Nth index: Slurm limits the numbers of tasks.
 * Slurm sends SIGUSR1 to its step 90 s before the time
 * limit: the run then writes a checkpoint, and the script puts the task back into the queue. So it does with a run that
 * was killed, a few times. `incomplete` leaves a task alone that the user has cancelled. Slurm itself requeues a task
 * whose node fails.
 */
export function batchScript({ name, plan, indices, folder, workingFolder, sbatch, arrayLimit }: ArrayJob): string {
  const options = {
    'job-name': name,
    array: `0-${indices.length - 1}${arrayLimit === undefined ? '' : `%${arrayLimit}`}`,
    requeue: true,
    signal: 'USR1@90',
    nodes: 1,
    ntasks: 1,
    chdir: quoted(workingFolder),
    output: quoted(`${folder.replaceAll('%', '%%')}/%A_%a.log`),
    'open-mode': 'append',
    ...sbatch,
  };
  const lines = Object.entries(options).map(([key, value]) => `#SBATCH --${key}${value === true ? '' : `=${value}`}`);
  const run = [process.execPath, launcher, 'run', '--plan', plan].map(shellWord).join(' ');
  return `#!/bin/bash
${lines.join('\n')}

task="\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
log=${shellWord(folder)}/"$task.log"
export SRUN_CPUS_PER_TASK="$SLURM_CPUS_ON_NODE"
runs=(${indices.join(' ')})
srun ${run} --index "\${runs[SLURM_ARRAY_TASK_ID]}" --threads "$SLURM_CPUS_ON_NODE"
code=$?
again=no
if [ "$code" = 130 ]; then
  again=yes # interrupted, after a checkpoint
elif [ "$code" -gt 128 ]; then
  echo "ple: killed by signal $((code - 128))"
  if [ "$(grep -c '^ple: killed' "$log")" -le ${mostKills} ]; then again=yes; fi
fi
if [ "$again" = yes ]; then scontrol requeue incomplete "$task"; fi
exit "$code"
`;
}

/** A value of an #SBATCH line. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
