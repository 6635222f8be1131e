import { join } from 'node:path';
import { type ComparisonPlan, planComparison } from '../comparison/dry-run.js';
import { pointText } from '../comparison/plan/axis-point.js';
import { type ComparisonResult, runComparison } from '../comparison/run-comparison.js';
import type { ComparisonConfig } from '../config/comparison.js';
import { stringifyComparison } from '../config/resolved-comparison.js';
import { count } from '../report/numbers.js';
import { textTable } from '../report/text-table.js';
import { ConfigError, exitCode, Interrupted } from '../support/errors.js';
import { commandLine } from './command-line.js';
import { type CompareDisplay, nameOf, openCompareDisplay } from './compare-display.js';
import { neededConfig, readComparison } from './config-file.js';
import { duration } from './duration.js';
import { say } from './say.js';
import { showComparison } from './show-comparison.js';

interface CompareOptions {
  readonly config?: string;
  readonly runs: string;
  readonly jobs?: string;
  readonly dryRun?: boolean;
  readonly predictions: boolean;
  readonly svg?: boolean;
  readonly png?: boolean;
  readonly wide?: boolean;
  readonly json?: boolean;
}

/** `ple compare`: trains every model under every seed; the table and what was found on stdout, progress and notes on stderr. */
export async function compareCommand(words: readonly string[], options: CompareOptions): Promise<number> {
  const { file, overrides } = neededConfig(words, options.config);
  const config = readComparison(file, overrides);
  if (!options.predictions && (config.uncertainty ?? 'seeds') !== 'seeds')
    throw new ConfigError(`compare.uncertainty: ${config.uncertainty} needs predictions: leave --no-predictions out.`);
  const jobs = options.jobs === undefined ? {} : { jobs: parseJobs(options.jobs) };
  const display = openCompareDisplay(process.stderr, config);

  const [interrupt, halt] = [new AbortController(), new AbortController()];
  const abort = () => {
    if (interrupt.signal.aborted) return halt.abort();
    interrupt.abort(new Interrupted());
    if (!options.dryRun) display.line('Interrupted: writing checkpoints (again: ends at once)');
  };
  const ignore = () => process.removeListener('SIGINT', abort).removeListener('SIGTERM', abort);
  process.on('SIGINT', abort).on('SIGTERM', abort);
  try {
    const common = { runs: options.runs, ...jobs, signal: interrupt.signal, halt: halt.signal, on: display.show };
    if (options.dryRun) {
      display.line('Planning the runs');
      const plan = await planComparison(config, common);
      display.close();
      process.stdout.write(options.json ? `${JSON.stringify(plan, null, 2)}\n` : planTable(plan));
      return exitCode.done;
    }
    const result = await runComparison(config, { ...common, predictions: options.predictions });
    ignore(); // all runs are stored: a signal ends the process, and the same command writes the report
    if (result.status === 'done')
      return await finish(result, config, commandLine('compare', ['--config', file, ...overrides]), options, display);
    display.close();
    say('Interrupted. The same command goes on where it was.');
    return exitCode.interrupted;
  } catch (error) {
    if (options.dryRun) interrupt.signal.throwIfAborted();
    throw error;
  } finally {
    display.close();
    ignore();
  }
}

function parseJobs(text: string): number {
  const jobs = Number(text);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 1024)
    throw new ConfigError(`--jobs ${text}: give a number of processes, 1 or more.`);
  return jobs;
}

async function finish(
  { comparison, folder, runs, failed }: ComparisonResult & { readonly status: 'done' },
  config: ComparisonConfig,
  command: string,
  options: CompareOptions,
  display: CompareDisplay,
): Promise<number> {
  const { writeOutputs } = await import('../report/write-outputs.js'); // what draws charts is loaded where there are some
  await writeOutputs(
    folder,
    { comparison, runs, command, config: stringifyComparison(config) },
    { svg: options.svg ?? false, png: options.png ?? false },
  );
  display.close();
  showComparison(comparison, options);
  if (failed > 0) say(`${failed} ${failed === 1 ? 'run' : 'runs'} failed; the same command tries again.`);
  say(`Written to ${folder}; the report is ${join(folder, 'report.html')}`);
  return failed > 0 ? exitCode.failed : exitCode.done;
}

function planTable({ tuning, runs, models, jobs, tuned, secondsAtMost }: ComparisonPlan): string {
  const rows = [...tuning, ...runs].map((run, index) => [
    index < tuning.length ? 'tune' : 'run',
    nameOf({ ...run, point: run.axis }),
    count(run.parameters.embedding),
    count(run.parameters.network),
    run.finished ? 'finished' : 'to do',
  ]);
  const speeds = models.map((model) => [
    [model.label, ...(pointText(model.values) === '' ? [] : [pointText(model.values, ' ')])].join(' '),
    model.unfinished,
    model.epochs,
    count(model.stepsPerEpoch),
    count(model.samplesPerSecond),
    duration(model.secondsAtMost),
  ]);
  const lines = [
    textTable(['', 'run', 'embedding', 'network', ''], rows),
    ...(models.length > 0
      ? [textTable(['model', 'runs to do', 'epochs', 'steps an epoch', 'samples/s', 'a run at most'], speeds)]
      : []),
    `${tuned ? '' : 'The runs are as if tune chose the values of the config.\n'}` +
      (models.length > 0
        ? `${jobs} at a time: at most ${duration(secondsAtMost)} of training steps, by a few that were measured of each model; early stopping makes it shorter, evaluating and starting runs longer\n`
        : 'Everything is finished.\n'),
  ];
  return lines.join('\n');
}
