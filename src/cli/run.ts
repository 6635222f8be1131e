import { Command } from '@commander-js/extra-typings';
import { ConfigError, exitCode } from '../support/errors.js';
import { defineCommand, examples, onSignal, say, wholeFrom } from './command.js';

const words = () =>
  new Command('run')
    .description('Train one run of a plan, as a task of an array job does.')
    .requiredOption('--plan <file>', 'the plan, which ple compare --on slurm wrote')
    .option('--index <n>', 'which run, from 0 (default: SLURM_ARRAY_TASK_ID)')
    .option(
      '--threads <n>',
      'threads of operations on the CPU, where engine.threads does not say (default: all cores)',
      wholeFrom('--threads', 1),
    )
    .addHelpText(
      'after',
      `
The run continues from its checkpoint; a finished one ends at once. SIGUSR1, SIGTERM and SIGINT make it write a
checkpoint and end. Exit codes: 0 finished, 1 failed, 2 wrong plan or config, 3 other data than planned,
130 interrupted: run it again to continue.
`,
    )
    .addHelpText(
      'after',
      examples('ple run --plan runs/quickstart/jobs/0123abcd.json --index 0', 'ple run --plan plan.json --threads 4'),
    );

/** Trains a run of a plan. Prints progress and notes on stderr. */
export const run = defineCommand(words, async (options) => {
  const index = wholeFrom('--index', 0)(options.index ?? ofScheduler());
  const interrupt = new AbortController();
  // A scheduler may send several signals before it kills. A second signal must not cut the checkpoint short.
  const ignore = onSignal(() => interrupt.abort(), 'SIGUSR1');
  try {
    const { trainPlanned } = await import('../comparison/execute/planned-run.js');
    const { openDisplay } = await import('./display/run-display.js');
    let display: ReturnType<typeof openDisplay> | undefined;
    const { plan, threads } = options;
    const outcome = await trainPlanned(
      { plan, index, threads, force: true },
      {
        signal: interrupt.signal,
        hear: (experiment) => {
          display = openDisplay(process.stderr, experiment);
          return display.show;
        },
      },
    ).finally(() => display?.close());
    const what = { done: 'finished', 'already done': 'was finished already' } as const;
    if (outcome.status !== 'interrupted') say(`Run ${index} ${what[outcome.status]}: ${outcome.path}`);
    else say(`Run ${index} is interrupted; the same command continues it: ${outcome.path}`);
    return outcome.status === 'interrupted' ? exitCode.interrupted : exitCode.done;
  } finally {
    ignore();
  }
});

function ofScheduler(): string {
  const taskId = process.env['SLURM_ARRAY_TASK_ID'];
  if (taskId !== undefined) return taskId;
  throw new ConfigError('Say which run: --index N, or SLURM_ARRAY_TASK_ID in the environment.');
}
