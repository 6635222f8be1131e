import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readStartedRun } from '../comparison/stored/started-run.js';
import { readComparison } from '../comparison/stored/stored-runs.js';
import { comparisonDiff, comparisonDiffText } from '../report/comparison-diff.js';
import { runDiff, runDiffText } from '../report/run-diff.js';
import { ConfigError, exitCode } from '../support/errors.js';

/** `ple diff`: what differs between two runs, or two comparisons. Exit code 0 whether or not anything does. */
export function diffCommand(left: string, right: string, options: { readonly json?: boolean }): number {
  const [value, text] = isComparison(left) || isComparison(right) ? ofComparisons(left, right) : ofRuns(left, right);
  process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : text);
  return exitCode.done;
}

function isComparison(path: string): boolean {
  return existsSync(join(path, 'comparison.json'));
}

function ofRuns(left: string, right: string): readonly [unknown, string] {
  const diff = runDiff(readStartedRun(left), readStartedRun(right));
  return [diff, runDiffText(diff)];
}

function ofComparisons(left: string, right: string): readonly [unknown, string] {
  const [a, b] = [left, right].map((path) => {
    if (!isComparison(path))
      throw new ConfigError(`${path} is not the folder of a comparison: name two runs, or two comparisons.`);
    return { path, comparison: readComparison(path) };
  });
  if (!a || !b) throw new Error('There are two sides.');
  const diff = comparisonDiff(a, b);
  return [diff, comparisonDiffText(diff)];
}
