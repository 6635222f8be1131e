import { readStartedRun } from '../comparison/started-run.js';
import { runDiff, runDiffText } from '../report/run-diff.js';
import { exitCode } from '../support/errors.js';

/** `ple diff`: what differs between two runs. Exit code 0 whether or not anything does. */
export function diffCommand(left: string, right: string, options: { readonly json?: boolean }): number {
  const diff = runDiff(readStartedRun(left), readStartedRun(right));
  process.stdout.write(options.json ? `${JSON.stringify(diff, null, 2)}\n` : runDiffText(diff));
  return exitCode.done;
}
