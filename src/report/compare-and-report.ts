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

/** Trains the unfinished runs of a comparison and writes tables and report into its folder. */
export function compareAndReport(
  config: ComparisonConfig,
  options: ComparisonOptions,
  { command, svg, onTrained }: ReportOptions,
): Promise<ComparisonResult> {
  return runComparison(config, options, async ({ folder, comparison, runs }) => {
    onTrained?.();
    const { writeOutputs } = await import('./write-outputs.js'); // it draws: loaded once there is something to draw
    await writeOutputs(folder, { comparison, runs, command, config: stringifyComparison(config) }, svg);
  });
}
