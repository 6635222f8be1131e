import type { ComparisonConfig } from '../../config/comparison.js';
import { type Execute, isQueue } from '../../config/execute.js';
import type { ComparisonOptions, Executor } from './executor.js';
import { withLocalProcesses } from './local-processes.js';

/**
 * Calls `use` with the executor of a place. What it holds (processes, connections) ends when `use` returns.
 * @throws ConfigError, before `use`, for a place that this program cannot use.
 */
export async function withExecutor<Made>(
  execute: Execute,
  config: ComparisonConfig,
  options: ComparisonOptions,
  use: (executor: Executor) => Promise<Made>,
): Promise<Made> {
  const { on } = execute;
  if (isQueue(on)) {
    const { withQueue } = await import('./queue/queue-executor.js');
    return withQueue(on, options, use);
  }
  if (on === 'slurm') {
    const { withSlurm } = await import('./slurm/slurm-executor.js');
    return withSlurm(execute, config.name, options, use);
  }
  return withLocalProcesses(config, options, use);
}
