import { join } from 'node:path';
import type { ComparisonOptions } from '../comparison/execute/executor.js';
import { type ComparisonResult, runComparison } from '../comparison/run-comparison.js';
import { type ComparisonConfig, stringifyComparison } from '../config/comparison.js';

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
  const result = await runComparison(config, options);
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
