import { join } from 'node:path';
import type { ComparisonOptions, Event } from '../comparison/execute/executor.js';
import { type ComparisonResult, runComparison } from '../comparison/run-comparison.js';
import type { ComparisonConfig } from '../config/comparison.js';
import { stringifyComparison } from '../config/resolved-comparison.js';
import { openLiveReport } from './live-report.js';

interface ReportOptions {
  /** The command line that makes the report again. */
  readonly command: string;
  /** Whether charts are also written as SVG. */
  readonly svg: boolean;
  /** Called when all runs are stored, before the report is written. */
  readonly onTrained?: () => void;
}

/** Trains the unfinished runs of a comparison and writes tables and report into its folder; then ends its trackers. */
export async function compareAndReport(
  config: ComparisonConfig,
  options: ComparisonOptions,
  { command, svg, onTrained }: ReportOptions,
): Promise<ComparisonResult> {
  const result = await withLiveReport(config, options, command);
  if (result.status !== 'done') return result;
  const { tracker, ...done } = result;
  const { folder, comparison, runs, failed } = done;
  let isWritten = false;
  try {
    onTrained?.();
    const { writeOutputs } = await import('./write-outputs.js');
    await writeOutputs(folder, { comparison, runs, command, config: stringifyComparison(config) }, svg);
    isWritten = true;
  } finally {
    const files = isWritten ? ['config.yaml', 'comparison.json', 'gains.csv', 'report.html'] : [];
    await tracker.end(
      isWritten && failed === 0 ? 'finished' : 'failed',
      files.map((name) => join(folder, name)),
    );
  }
  return done;
}

/** Trains, and meanwhile writes a report.html that reloads itself. */
async function withLiveReport(config: ComparisonConfig, options: ComparisonOptions, command: string) {
  const note = (message: string) => options.on({ kind: 'note', message });
  const live = openLiveReport(join(options.runs, config.name), config, command, note);
  const on = (event: Event) => {
    options.on(event);
    live.on(event);
  };
  let ended: string | undefined = 'Ended by an error.';
  try {
    const result = await runComparison(config, { ...options, on });
    if (result.status === 'done') ended = undefined;
    else ended = result.status === 'detached' ? result.message : 'Interrupted. The same command continues.';
    return result;
  } finally {
    await live.close(ended);
  }
}
