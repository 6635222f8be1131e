import { join } from 'node:path';
import { runComparison } from '../comparison/run-comparison.js';
import { comparisonTable } from '../report/comparison-table.js';
import { ConfigError, exitCode } from '../support/errors.js';
import { openComparisonDisplay } from './compare-display.js';
import { readComparison } from './config-file.js';

interface CompareOptions {
  readonly config: string;
  readonly runs: string;
  readonly jobs?: string;
  readonly dryRun?: boolean;
  readonly predictions: boolean;
  readonly svg?: boolean;
  readonly png?: boolean;
  readonly json?: boolean;
}

/** `ple compare`: trains every model under every seed; the table on stdout, progress and notes on stderr. */
export async function compareCommand(overrides: readonly string[], options: CompareOptions): Promise<number> {
  const config = readComparison(options.config, overrides);
  const jobs = options.jobs === undefined ? undefined : parseJobs(options.jobs);
  const display = openComparisonDisplay(process.stderr, config);

  const [interrupt, halt] = [new AbortController(), new AbortController()];
  const abort = () => (interrupt.signal.aborted ? halt : interrupt).abort();
  process.on('SIGINT', abort).on('SIGTERM', abort);
  try {
    const result = await runComparison(config, {
      runs: options.runs,
      ...(jobs === undefined ? {} : { jobs }),
      predictions: options.predictions,
      signal: interrupt.signal,
      halt: halt.signal,
      on: display.show,
    });
    display.close();
    if (result.status === 'interrupted') {
      process.stderr.write('Interrupted. The same command goes on.\n');
      return exitCode.interrupted;
    }
    const { comparison, folder, failed } = result;
    process.stdout.write(
      options.json ? `${JSON.stringify(comparison, null, 2)}\n` : comparisonTable(comparison, { colour: colours() }),
    );
    process.stderr.write(`Written to ${join(folder, 'comparison.json')}\n`);
    return failed > 0 ? exitCode.failed : exitCode.done;
  } finally {
    display.close();
    process.removeListener('SIGINT', abort).removeListener('SIGTERM', abort);
  }
}

function parseJobs(text: string): number {
  const jobs = Number(text);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 1024)
    throw new ConfigError(`--jobs ${text}: expected a number of processes, 1 or more.`);
  return jobs;
}

function colours(): boolean {
  return process.stdout.isTTY === true && process.stdout.getColorDepth() > 1;
}
