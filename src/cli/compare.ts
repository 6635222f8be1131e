import { join } from 'node:path';
import type { ComparisonPlan } from '../comparison/dry-run.js';
import type { ComparisonResult } from '../comparison/run-comparison.js';
import type { ComparisonConfig } from '../config/comparison.js';
import { ConfigError, exitCode, Interrupted } from '../support/errors.js';
import { groupedBy } from '../support/json.js';
import { counted, joined } from '../support/text.js';
import {
  collect,
  commandLine,
  configCommand,
  defineCommand,
  examples,
  type OptionsOf,
  onSignal,
  print,
  say,
  wholeFrom,
} from './command.js';

const words = () =>
  configCommand('compare', 'Train every model of a comparison under every seed, and test each gain over single-task.')
    .option('--runs <dir>', 'folder of all comparisons and runs', 'runs')
    .option('--force', 'take folders over from processes of another host or container that have ended')
    .option('--on <place>', "where runs train: local, slurm, or a queue's redis://HOST:PORT")
    .option(
      '--jobs <n>',
      'runs at a time, each in its own process (default: one for each core, or each GPU)',
      wholeFrom('--jobs', 1, 1024),
    )
    .option('--commands', 'let the stored config of a comparison run its commands (compare.models, type: external)')
    .option(
      '--dry-run',
      'print the runs, their parameters and about how long they take (with Slurm: its script); train nothing',
    )
    .option('--no-predictions', 'do not write the predictions of the test split')
    .option('--svg', 'also write the charts as SVG files')
    .option('--wide', 'print all numbers: means, intervals, p-values, parameters; wider than 80 columns')
    .option('--json', 'print the comparison (or the plan of a dry run) as one JSON document')
    .optionsGroup('Options of --on slurm:')
    .option('--resubmit', 'hand runs over again that are missing or have failed')
    .option('--array-limit <n>', 'most runs at a time (execute.arrayLimit)', wholeFrom('--array-limit', 1))
    .option('--partition <names>', 'of sbatch (execute.sbatch.partition), as the next five are')
    .option('--time <limit>', 'a run that needs longer continues in a further job')
    .option('--gres <list>', 'such as gpu:1')
    .option('--account <name>', 'who pays')
    .option('--cpus-per-task <n>', 'also the threads of a run, where engine.threads does not say')
    .option('--mem <size>', 'such as 8G')
    .option('--sbatch <option=value>', 'any other option of sbatch, such as qos=long; repeat it for several', collect)
    .addHelpText(
      'after',
      examples(
        'ple compare --config configs/quickstart.yaml',
        'ple compare --config configs/census-income/compare.yaml --jobs 2',
        'ple compare --config configs/quickstart.yaml --dry-run compare.seeds=10',
        'ple compare --config configs/quickstart.yaml --wide > gains.txt',
        'ple compare --config configs/quickstart.yaml --on slurm --time 01:00:00 --array-limit 8',
      ),
    );

/** Trains every model with every seed. Prints the table and the findings on stdout, progress and notes on stderr. */
export const compare = defineCommand(words, async (words, options) => {
  const { checkedComparison, requiredConfig, refuseStoredCommands } = await import('./input/config-file.js');
  const { parseExecute, shownOverride } = await import('../config/execute.js');
  const { planComparison } = await import('../comparison/dry-run.js');
  const { compareAndReport } = await import('../report/compare-and-report.js');
  const { openCompareDisplay } = await import('./display/compare-display.js');
  const named = requiredConfig(words, options.config);
  const { file, overrides } = named;
  const config = await checkedComparison(named);
  const { on, arrayLimit, runs, dryRun = false, predictions, commands, resubmit = false } = options;
  if (!dryRun && !commands) await refuseStoredCommands(config, file);
  const sbatch = sbatchOptions(options);
  const execute = parseExecute(config.execute, {
    ...(on === undefined ? {} : { on }),
    ...(arrayLimit === undefined ? {} : { arrayLimit }),
    ...(Object.keys(sbatch).length === 0 ? {} : { sbatch }),
  });
  const onSlurm = execute.on === 'slurm';
  refuseMismatched(options, config, Object.keys(sbatch), onSlurm);
  const shown = overrides.map(shownOverride);
  const again = commandLine('compare', [...wordsAgain(file, options, sbatch), ...shown]);
  const display = openCompareDisplay(process.stderr, config);

  const [interrupt, halt] = [new AbortController(), new AbortController()];
  const ignore = onSignal(() => {
    if (interrupt.signal.aborted) return halt.abort();
    interrupt.abort(new Interrupted());
    if (!dryRun && execute.on === 'local') display.line('Interrupted: writing checkpoints (again: ends at once)');
  });
  try {
    const common = {
      ...{ runs, signal: interrupt.signal, halt: halt.signal, on: display.show },
      ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
    };
    if (dryRun && !onSlurm) {
      display.line('Planning the runs');
      const plan = await planComparison(config, common);
      display.close();
      print(options.json, plan, await planTable(plan, options));
      return exitCode.done;
    }
    const result = await compareAndReport(
      config,
      { ...common, execute, resubmit, dryRun, command: again, predictions, force: options.force ?? false },
      {
        command: commandLine('compare', ['--config', file, ...shown]),
        svg: options.svg ?? false,
        onTrained: ignore, // a signal may end the process now, and the same command then writes the report
      },
    );
    display.close();
    return await show(result, options, onSlurm ? `${again} --resubmit` : 'the same command');
  } catch (error) {
    if (dryRun) interrupt.signal.throwIfAborted();
    throw error;
  } finally {
    display.close();
    ignore();
  }
});

/** @throws ConfigError for options that exclude each other, or do not fit the place where runs train. */
function refuseMismatched(
  { predictions, jobs, resubmit, arrayLimit }: OptionsOf<typeof words>,
  { uncertainty, external }: ComparisonConfig,
  ofSbatch: readonly string[],
  onSlurm: boolean,
): void {
  if (!predictions && uncertainty !== null && uncertainty !== 'seeds')
    throw new ConfigError(`compare.uncertainty: ${uncertainty} needs predictions: leave --no-predictions out.`);
  if (!predictions && external.length > 0)
    throw new ConfigError(
      'compare.models: a command is judged on the rows of predictions: leave --no-predictions out.',
    );
  if (jobs !== undefined && onSlurm)
    throw new ConfigError(
      '--jobs is of processes on one machine; with Slurm, --array-limit is the most runs at a time.',
    );
  const [first] = [
    ...(resubmit ? ['resubmit'] : []),
    ...ofSbatch,
    ...(arrayLimit === undefined ? [] : ['array-limit']),
  ];
  if (first !== undefined && !onSlurm) throw new ConfigError(`--${first} goes with --on slurm.`);
}

/** The command's words for the same comparison in the same place, without overrides. */
function wordsAgain(
  file: string,
  { on, runs, predictions, arrayLimit }: OptionsOf<typeof words>,
  sbatch: Readonly<Record<string, string | true>>,
): string[] {
  return [
    ...['--config', file],
    ...(on === undefined ? [] : ['--on', on]),
    ...(runs === 'runs' ? [] : ['--runs', runs]),
    ...(predictions ? [] : ['--no-predictions']),
    ...(arrayLimit === undefined ? [] : ['--array-limit', String(arrayLimit)]),
    ...Object.entries(sbatch).flatMap(([key, value]) => ['--sbatch', value === true ? key : `${key}=${value}`]),
  ];
}

/** @param again the command that retries failed runs */
async function show(result: ComparisonResult, options: OptionsOf<typeof words>, again: string): Promise<number> {
  if (result.status === 'interrupted') {
    say('Interrupted. The same command continues where it was.');
    return exitCode.interrupted;
  }
  if (result.status === 'detached') {
    if (result.text !== undefined) process.stdout.write(result.text);
    say(result.message);
    return result.exitCode;
  }
  const { comparison, folder, failed } = result;
  const { showComparison } = await import('./display/compare-display.js');
  showComparison(comparison, options);
  if (failed > 0) say(`${counted(failed, 'run')} failed; ${again} tries again.`);
  say(`Written to ${folder}; the report is ${join(folder, 'report.html')}`);
  const { modelToServe } = await import('../report/answer.js');
  const model = modelToServe(comparison);
  const { servingAdvice } = await import('../report/serving-advice.js');
  if (model) {
    const command = commandLine('predict', [folder, '--model', model.label, 'new.csv']);
    for (const line of servingAdvice(comparison, model, command)) say(line);
  }
  return failed > 0 ? exitCode.failed : exitCode.done;
}

/** The options of sbatch among those of the command line, by their long names. */
function sbatchOptions(options: OptionsOf<typeof words>): Readonly<Record<string, string | true>> {
  const { partition, time, gres, account, cpusPerTask, mem, sbatch: others = [] } = options;
  const named = { partition, time, gres, account, 'cpus-per-task': cpusPerTask, mem };
  const words = Object.entries(named).flatMap(([key, value]) => (value === undefined ? [] : `${key}=${value}`));
  return Object.fromEntries(
    [...words, ...others].map((word) => {
      const [key = '', ...value] = word.replace(/^--/, '').split('=');
      return [key, value.length === 0 || value.join('=')];
    }),
  );
}

async function planTable(
  { tuning, runs, tuned, time }: ComparisonPlan,
  { runs: folder, jobs = 1 }: Pick<OptionsOf<typeof words>, 'runs' | 'jobs'>,
): Promise<string> {
  const { textTable } = await import('../report/text-table.js');
  const { count, duration } = await import('../report/numbers.js');
  const { pointText } = await import('../comparison/plan/axis-point.js');
  const nameOf = ({ label, axis }: ComparisonPlan['runs'][number]) => joined(' ', label, pointText(axis, ' '));
  const rowsOf = (stage: string, runs: ComparisonPlan['runs']) =>
    groupedBy(runs, nameOf).map((alike) => {
      const sizes = (['embedding', 'network'] as const).map((kind) =>
        [...new Set(alike.map(({ parameters }) => count(parameters[kind])))].join(', '),
      );
      return [stage, nameOf(alike[0]), alike.length, ...sizes];
    });
  const table = textTable(
    ['', 'model', 'runs', 'embedding', 'network'],
    [...rowsOf('tune', tuning), ...rowsOf('run', runs)],
  );
  const assumed = tuned ? '' : 'The runs are as if tune chose the values of the config.\n';
  return `${table}${assumed}${timeText()}\n`;

  function timeText(): string {
    if (time.runs === 0) return 'All runs have finished.';
    if (time.seconds === null) return `No estimate of the time: no run on these data has finished in ${folder}.`;
    const atATime = jobs === 1 ? 'one after the other' : `${jobs} at a time`;
    return `About ${duration(time.seconds / Math.min(jobs, time.runs))} for ${counted(time.runs, 'run')}, ${atATime}, by ${counted(time.finished, 'finished run')} on these data.`;
  }
}
