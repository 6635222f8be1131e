import { Command } from '@commander-js/extra-typings';
import { ConfigError, exitCode } from '../support/errors.js';
import { collect, defineCommand, examples, interruptible, say, wholeFrom } from './command.js';

const words = () =>
  new Command('worker')
    .description('Train runs of a queue, which ple compare --on redis://HOST:PORT fills, until a signal.')
    .requiredOption('--queue <address>', 'redis://HOST:PORT[/DATABASE], or rediss:// with TLS')
    .option('--jobs <n>', 'runs at a time, each in its own process', wholeFrom('--jobs', 1, 1024), 1)
    .option('--runs <dir>', "the planner's --runs folder, where this machine has it", 'runs')
    .option('--plugin <file>', 'a plugin that runs may use, by its SHA-256; may be repeated', collect)
    .option(
      '--lock <seconds>',
      'without a sign of life for so long, runs go on elsewhere',
      wholeFrom('--lock', 1, 3600),
      30,
    )
    .addHelpText(
      'after',
      `
User and password: PLE_QUEUE_USERNAME and PLE_QUEUE_PASSWORD in the environment. SIGTERM and Ctrl-C: runs write a
checkpoint and go back to the queue; again: ends at once.`,
    )
    .addHelpText(
      'after',
      examples(
        'ple worker --queue redis://queue:6379 --runs /shared/runs',
        'ple worker --queue rediss://queue:6380 --runs /shared/runs --jobs 4',
      ),
    );

/** Prints its progress on stderr. */
export const worker = defineCommand(words, async (options) => {
  const { isQueue, withoutPassword } = await import('../config/execute.js');
  const { serveQueue } = await import('../comparison/execute/queue/queue-worker.js');
  const { queue, jobs, runs, plugin = [], lock } = options;
  if (!isQueue(queue))
    throw new ConfigError(`--queue ${withoutPassword(queue)}: expected redis://HOST:PORT or rediss://HOST:PORT.`);
  const { loadNamed } = await import('../training/plugins.js');
  await loadNamed(plugin);
  const returned = await interruptible('Interrupted.', (signal) => {
    signal.addEventListener('abort', () =>
      say('Runs write a checkpoint and go back to the queue (again: ends at once)'),
    );
    return serveQueue({ queue, jobs, runs, lockSeconds: lock, signal, say });
  });
  return returned > 0 ? exitCode.interrupted : exitCode.done;
});
