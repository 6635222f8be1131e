import type { ComparisonConfig } from '../../config/comparison.js';
import type { Execute } from '../../config/execute.js';
import { ConfigError } from '../../support/errors.js';
import type { Executor, ExecutorOptions } from './executor.js';
import { withLocalProcesses } from './local-processes.js';

/**
 * Calls `use` with the executor of a place. What it holds (processes, connections) ends when `use` returns.
 * @throws ConfigError, before `use`, for a place that this program cannot use.
 */
export async function withExecutor<Made>(
  execute: Execute,
  config: ComparisonConfig,
  options: ExecutorOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  const { on } = execute;
  if (on === 'local') return withLocalProcesses(config, options, use);
  if (on === 'slurm' || on === 'kubernetes') {
    const { withCluster } = await import('./cluster/cluster.js');
    return withCluster({ ...execute, on }, config, options, use);
  }
  throw new ConfigError('--on: runs cannot train on a queue yet: leave it out, to train on this machine.');
}
