import { readFileSync } from 'node:fs';
import { Command, CommanderError } from '@commander-js/extra-typings';
import { asUserError, ConfigError, exitCode } from '../support/errors.js';
import { printable } from '../support/text.js';
import { examples, hintBeside } from './command.js';
import { compare } from './compare.js';
import { data } from './data.js';
import { doctor } from './doctor.js';
import { evaluate } from './evaluate.js';
import { exportRun } from './export.js';
import { init } from './init.js';
import { list } from './list.js';
import { predict } from './predict.js';
import { report } from './report.js';
import { run } from './run.js';
import { runs } from './runs.js';
import { schema } from './schema.js';
import { setup } from './setup.js';
import { synth } from './synth.js';
import { train } from './train.js';
import { validate } from './validate.js';
import { worker } from './worker.js';

/** Runs one command line and returns its exit code. */
export async function main(words: readonly string[]): Promise<number> {
  let code: number = exitCode.done;
  let unwritten = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || unwritten) return; // the reader of the pipe has closed it
    unwritten = true;
    process.stderr.write(`ple: stdout: ${error.message}.\n`);
    process.exitCode = exitCode.failed; // the error may come after this function has returned
  });
  process.stderr.on('error', () => undefined); // unreadable progress does not end training
  const program = build((result) => {
    code = result;
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return unwritten ? exitCode.failed : code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    const mistake = asUserError(error);
    if (mistake) {
      const faults = mistake instanceof ConfigError ? mistake.faults : [mistake.message];
      process.stderr.write(faults.map((fault) => `ple: ${printable(fault + hintBeside(fault))}\n`).join(''));
      return mistake.exitCode;
    }
    process.stderr.write(`ple: this is a bug: ${error instanceof Error ? error.stack : String(error)}\n`);
    return exitCode.failed;
  }
}

/** The commands by the headings of `ple --help`. */
const groups = [
  ['Train and compare:', [init, train, compare, validate]],
  ['Data:', [data, synth]],
  ['Use:', [predict, evaluate, exportRun]],
  ['Inspect:', [report, runs, list, schema]],
  ['Machines:', [doctor, setup, worker, run]],
] as const;

/** Commands of other programs, and what to use instead. */
const foreign = new Map([
  ['inspect', 'ple data inspect looks at data, ple report at results, and ple runs at what is in the folder of runs'],
  ['plot', 'ple report writes report.html with all charts, and with --svg each as a file'],
  ['sweep', 'ple compare searches the values of compare.tune, and compares those of compare.axes, keys of its config'],
  ['tune', 'ple compare searches the values of compare.tune, a key of its config'],
  ['test', 'ple evaluate has the metrics of new labelled rows; those of the test split are in the table of ple train'],
  ['fit', 'ple train trains one model, ple compare several'],
  ['serve', 'ple predict predicts the rows of files, and ple export writes a file that other programs predict with'],
]);

/** Options of other programs that are keys of a config here. */
const keys = new Map([
  ['--seeds', 'compare.seeds'],
  ['--seed', 'seed'],
  ['--epochs', 'train.epochs'],
  ['--batch-size', 'train.batchSize'],
  ['--lr', 'train.optimizer.learningRate'],
  ['--device', 'engine.device'],
  ['--model', 'model.type'],
]);

/** The program. `exit` receives the exit code of its command. */
export function build(exit: (code: number) => void): Command {
  const program = new Command('ple')
    .description('Trains and compares multi-task models (PLE, CGC, MMoE and their baselines) on tabular data.')
    .version(version())
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .addHelpText('after', examples('ple compare --config quickstart', 'ple report runs/quickstart', 'ple list models'));
  for (const [heading, commands] of groups) {
    program.commandsGroup(heading);
    for (const add of commands) add(program, exit);
  }
  return program.commandsGroup('Inspect:').helpCommand(true);
}

/** Converts a commander message to the form of the other messages. */
function oneLine(text: string): string {
  const [, name = ''] = /unknown command '(\w+)/.exec(text) ?? [];
  const instead = foreign.get(name);
  if (instead) return `ple: There is no command 'ple ${name}': ${instead}.\n`;
  const [, option = ''] = /unknown option '(--[\w-]+)/.exec(text) ?? [];
  const key = keys.get(option);
  if (key) return `ple: There is no option ${option}: it is a key of the config, and follows as a word: ${key}=VALUE\n`;
  const message = text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ');
  return `ple: ${message} (ple --help, or ple <command> --help, shows what there is)\n`;
}

function version(): string {
  const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}
