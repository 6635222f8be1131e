import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { exitCode } from '../support/errors.js';
import { printable } from '../support/printable.js';
import { asUserError } from '../support/system-error.js';

/** Runs one command line and returns its exit code. Commands are imported when they are called, so that help is quick. */
export async function main(words: readonly string[]): Promise<number> {
  let code: number = exitCode.done;
  let unwritten = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || unwritten) return; // the reader of a pipe has seen enough
    unwritten = true;
    process.stderr.write(`ple: stdout: ${error.message}.\n`);
    process.exitCode = exitCode.failed; // it may come after this function's end
  });
  process.stderr.on('error', () => undefined); // progress that nobody can read ends no training
  const program = build((result) => {
    code = result;
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return unwritten ? exitCode.failed : code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    const told = asUserError(error);
    if (told) {
      process.stderr.write(`ple: ${printable(told.message)}\n`);
      return told.exitCode;
    }
    process.stderr.write(`ple: this is a bug: ${error instanceof Error ? error.stack : String(error)}\n`);
    return exitCode.failed;
  }
}

function build(setCode: (code: number) => void): Command {
  const program = new Command('ple')
    .description('Trains and compares multi-task models (PLE, CGC, MMoE and their baselines) on tabular data.')
    .version(version())
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .addHelpText(
      'after',
      example(['ple compare --config configs/quickstart.yaml', 'ple report runs/quickstart', 'ple list models']),
    );

  program
    .command('train')
    .description('Train one model as a config says, and write its metrics.')
    .option('--config <file>', 'the YAML config; as the first word too')
    .option('--runs <dir>', 'folder of all runs', 'runs')
    .option('--resume <run>', 'go on in the folder of an unfinished run, to the same bits as without the interruption')
    .option('--overwrite', 'delete what is in the run’s folder and train again')
    .option('--force', 'take the folder over from a process of another host or container that has ended')
    .option('--dry-run', 'print the resolved config, the parameters and the steps of an epoch; train nothing')
    .option('--no-predictions', 'do not write the predictions of the test split')
    .option('--json', 'print the result (or the plan of a dry run) as one JSON document')
    .argument('[key.path=value...]', 'overrides of the config')
    .addHelpText(
      'after',
      example([
        'ple train --config configs/quickstart.yaml',
        'ple train --config configs/census-income/ple.yaml dataset.path=data/census-income seed=1',
        "ple train --config configs/quickstart.yaml 'model.levels=[[32],[16]]' train.epochs=3",
        'ple train --resume runs/quickstart-0123abcd',
      ]),
    )
    .action(async (overrides, options) => setCode(await (await import('./train.js')).trainCommand(overrides, options)));

  program
    .command('compare')
    .description('Train every model of a comparison under every seed, and tell gains over single-task from noise.')
    .option('--config <file>', 'the YAML config, with a compare key; as the first word too')
    .option('--runs <dir>', 'folder of all comparisons and runs', 'runs')
    .option('--force', 'take folders over from processes of another host or container that have ended')
    .option('--jobs <n>', 'runs that train at a time, each in a process of its own (default: the fastest, measured)')
    .option('--dry-run', 'print the runs, their parameters and an estimate of the time; train nothing')
    .option('--no-predictions', 'do not write the predictions of the test split')
    .option('--svg', 'write the charts as SVG beside the report')
    .option('--png', 'write the charts as PNG beside the report')
    .option('--wide', 'print all numbers: means, intervals, p-values, parameters; wider than 80 columns')
    .option('--json', 'print the comparison (or the plan of a dry run) as one JSON document')
    .argument('[key.path=value...]', 'overrides of the config')
    .addHelpText(
      'after',
      example([
        'ple compare --config configs/quickstart.yaml',
        'ple compare --config configs/census-income/compare.yaml --jobs 2',
        'ple compare --config configs/quickstart.yaml --dry-run compare.seeds=10',
        'ple compare --config configs/quickstart.yaml --wide > gains.txt',
      ]),
    )
    .action(async (overrides, options) =>
      setCode(await (await import('./compare.js')).compareCommand(overrides, options)),
    );

  program
    .command('validate')
    .description('Check a config without reading its data.')
    .option('--config <file>', 'the YAML config; as the first word too')
    .option('--json', 'print the resolved config as one JSON document')
    .argument('[key.path=value...]', 'overrides of the config')
    .addHelpText('after', example(['ple validate --config configs/census-income/ple.yaml train.epochs=3']))
    .action(async (overrides, options) => setCode((await import('./validate.js')).validateCommand(overrides, options)));

  program
    .command('synth')
    .description('Write rows of a generated data set, and a manifest of what they were drawn from.')
    .option('--kind <name>', 'synthetic (MMoE section 3.2) or funnel (a simulated video feed)')
    .option(
      '--correlation <p>',
      'cosine of the weight vectors (0.5), or a matrix; several numbers with commas make a file each',
    )
    .option('--tasks <n>', 'labels of a row (2)')
    .option('--rows <n>', 'rows (10000)')
    .option('--dim <n>', 'features (100)')
    .option('--sines <n>', 'sines added to a label’s linear part (10)')
    .option('--noise <variance>', 'variance of the labels’ noise (0.01; of a funnel 1)')
    .option('--scale <c>', 'norm of the weight vectors (1)')
    .option('--seed <n>', 'draws the process and the rows (0)')
    .option('--binary [rate]', 'labels of 0 and 1 with this share of positives (0.5)')
    .option('--out <file>', 'its ending says the format: .csv, .parquet or .arrow (datasets/<kind>.csv)')
    .option('--json', 'print the manifest as one JSON document')
    .argument('[key.path=value...]', 'more options of the kind, those of its loader')
    .addHelpText(
      'after',
      example([
        'ple synth --correlation 0.5 --rows 100000 --out datasets/synthetic.csv',
        'ple synth --correlation 0.2,0.5,1 --dim 512 --out datasets/sweep.parquet',
        'ple synth --tasks 3 --binary 0.1 --out datasets/three.arrow --json',
        'ple synth --kind funnel --rows 100000 --out datasets/funnel.csv rates.CTR=0.1 users=2000',
      ]),
    )
    .action(async (words, options) => setCode(await (await import('./synth.js')).synthCommand(words, options)));

  const data = program
    .command('data')
    .description('Look at data before training, download them, prepare them.')
    .addHelpText(
      'after',
      example([
        'ple data inspect ratings.csv --write > ratings.yaml',
        'ple data inspect configs/quickstart.yaml',
        'ple data fetch census-income',
        'ple data prepare configs/census-income/ple.yaml',
      ]),
    );

  data
    .command('inspect')
    .description('Show rows, labels and columns of a config’s data, and what is suspicious about them.')
    .argument('<config>', 'the YAML config, of a run or a comparison; with --write a table file')
    .argument('[key.path=value...]', 'overrides of the config')
    .option('--write', 'print a config to start with, guessed from a CSV, TSV, Parquet or Arrow file')
    .option(
      '--task <column>',
      "with --write: a column that is a label, or 'NAME=COLUMN>=4', 'NAME=COLUMN==text'; once for each (default: guessed)",
      collect,
    )
    .option('--test <file>', 'with --write: the file of the test split (default: cut out)')
    .option('--json', 'print the inspection as one JSON document')
    .addHelpText(
      'after',
      example([
        'ple data inspect configs/quickstart.yaml',
        'ple data inspect configs/census-income/ple.yaml dataset.path=data/census-income --json',
        'ple data inspect ratings.csv --write > ratings.yaml',
        'ple data inspect ratings.csv --write --task clicked --task rating > ratings.yaml',
        "ple data inspect ratings.csv --write --task 'liked=rating>=4' --test later.csv",
      ]),
    )
    .action(async (config, overrides, options) =>
      setCode(await (await import('./data.js')).inspectCommand(config, overrides, options)),
    );

  data
    .command('fetch')
    .description('Download a data set’s published files, and check them. An interrupted download is taken up again.')
    .argument('<dataset>', 'a data set whose files can be downloaded, as those of the examples')
    .option('--to <dir>', 'where to put them (default: where the loader looks for them)')
    .option('--from <url>', 'another server’s folder that has the files under their published names')
    .option('--json', 'print the files as one JSON document')
    .addHelpText('after', example(['ple data fetch census-income', 'ple data fetch census-income --to data/census']))
    .action(async (name, options) => setCode(await (await import('./data.js')).fetchCommand(name, options)));

  data
    .command('prepare')
    .description('Read the data of a config once, so that its runs find them prepared.')
    .argument('<config>', 'the YAML config, of a run or a comparison')
    .argument('[key.path=value...]', 'overrides of the config')
    .option('--json', 'print rows and prepared files as one JSON document')
    .addHelpText('after', example(['ple data prepare configs/census-income/ple.yaml']))
    .action(async (config, overrides, options) =>
      setCode(await (await import('./data.js')).prepareCommand(config, overrides, options)),
    );

  program
    .command('report')
    .description('Make tables and the report from stored runs, without training.')
    .argument('<path...>', 'folders of runs or of comparisons, in any mix; NAME=PATH names one')
    .option(
      '--out <dir>',
      'where to write (default: the folder of a run or a comparison that stands alone, else report)',
    )
    .option('--baseline <label>', 'the model that gains are measured against (default: the single-task one)')
    .option(
      '--uncertainty <what>',
      'seeds, rows or both (default: that of the comparison; of runs both where they kept predictions, else seeds)',
    )
    .option(
      '--predictions <label=file>',
      'scores of the test rows that were made elsewhere; LABEL:SEED=FILE, or several times',
      collect,
    )
    .option(
      '--scores <kind>',
      'what a CSV of --predictions has for binary tasks: probability or logit (no default; an Arrow file has logits)',
    )
    .option('--svg', 'write the charts as SVG too')
    .option('--png', 'write the charts as PNG too')
    .option('--wide', 'print all numbers: means, intervals, p-values, parameters; wider than 80 columns')
    .option('--json', 'print the comparison, or the result of a run that stands alone, as one JSON document')
    .addHelpText(
      'after',
      example([
        'ple report runs/my-ple-0123abcd',
        'ple report runs/quickstart --wide',
        'ple report runs/census-income-compare --uncertainty both',
        'ple report runs/*-0123abcd runs/quickstart --out report',
        'ple report runs/quickstart --predictions theirs:1=scores-1.csv --predictions theirs:2=scores-2.csv',
      ]),
    )
    .action(async (paths, options) => setCode(await (await import('./report.js')).reportCommand(paths, options)));

  program
    .command('diff')
    .description('Show what differs between two runs, or two comparisons. Exit code 0 in any case.')
    .argument('<left>', 'folder of a run, or of a comparison')
    .argument('<right>', 'folder of another')
    .option('--json', 'print the differences as one JSON document')
    .addHelpText('after', example(['ple diff runs/census-income-ple-0123abcd runs/census-income-mmoe-4567cdef']))
    .action(async (left, right, options) => setCode((await import('./diff.js')).diffCommand(left, right, options)));

  program
    .command('doctor')
    .description('Show what can train on this machine, and of the rest why not and what mends it.')
    .option('--json', 'print one JSON document')
    .addHelpText('after', example(['ple doctor', 'ple doctor --json']))
    .action(async (options) => setCode(await (await import('./doctor.js')).doctorCommand(options)));

  program
    .command('list')
    .description('List what a config may choose from.')
    .argument(
      '[kind]',
      'models, datasets, metrics, optimizers, schedules (of the learning rate) or weights (loss-weight schedules)',
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', example(['ple list models', 'ple list datasets --json']))
    .action(async (kind, options) => setCode((await import('./list.js')).listCommand(kind, options)));

  return program;
}

/** Words of an option that may be given several times. */
function collect(word: string, words: readonly string[] = []): string[] {
  return [...words, word];
}

/** A message of commander in the form of all others. */
function oneLine(text: string): string {
  const message = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ');
  return `ple: ${message} (ple --help, or ple <command> --help, shows what there is)\n`;
}

function example(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function version(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}
