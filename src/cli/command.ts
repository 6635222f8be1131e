import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, type CommandUnknownOpts, type OptionValues } from '@commander-js/extra-typings';
import { ConfigError, exitCode, Interrupted } from '../support/errors.js';
import { printable, shellWord } from '../support/text.js';

/** Adds a command to its parent. `exit` receives the command's exit code. */
export type CommandDefinition = (parent: CommandUnknownOpts, exit: (code: number) => void) => void;

/**
 * Defines a command: its arguments and options with their help, and `run`, which returns the exit code unless all is
 * done. The types of `run`'s parameters follow from the arguments and options. Help needs those of all commands, so
 * command files import only fast modules at the top. `run` imports the rest.
 */
export function defineCommand<Arguments extends unknown[], Options extends OptionValues>(
  words: () => Command<Arguments, Options>,
  run: (...values: [...Arguments, Options, Command<Arguments, Options>]) => Promise<number | undefined>,
): CommandDefinition {
  return (parent, exit) => {
    const command = words();
    command.copyInheritedSettings(parent).action(async (...values) => exit((await run(...values)) ?? exitCode.done));
    parent.addCommand(command);
  };
}

/** The options that `run` receives. */
export type OptionsOf<Words extends () => { opts(): unknown }> = ReturnType<ReturnType<Words>['opts']>;

const overrides = ['[key.path=value...]', 'set keys of the config, such as train.epochs=5'] as const;
const whereKeysAre = `
Keys:
  ple schema KEY says what a key does, such as ple schema train.epochs.
  All keys: docs/config.md in the folder of this program.`;

/** A command on a config, which an option names or the first word. */
export function configCommand(name: string, description: string) {
  return new Command(name)
    .description(description)
    .option('--config <file>', 'the YAML config; it may also be the first word')
    .argument(...overrides)
    .addHelpText('after', whereKeysAre);
}

/** A command on what a config names. */
export function onConfig(name: string, description: string, config = 'the YAML config, of a run or a comparison') {
  return new Command(name)
    .description(description)
    .argument('<config>', config)
    .argument(...overrides)
    .addHelpText('after', whereKeysAre);
}

/** The end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Reads the whole number of an option. */
export function wholeFrom(option: string, least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`;
    throw new ConfigError(`${option} ${text}: give a whole number${range}.`);
  };
}

/** Collects the values of an option that may be repeated. */
export function collect(word: string, words: readonly string[] = []): readonly string[] {
  return [...words, word];
}

/** A command with its arguments, quoted for a shell. */
export function commandLine(command: string, words: readonly string[]): string {
  return `ple ${[command, ...words].map(shellWord).join(' ')}`;
}

/**
 * Prints a line for the user on stderr. Control characters are replaced, because names may come from the command line
 * or a folder.
 */
export function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/** Prints a result on stdout: with `--json` one JSON document, else its text. */
export function print(json: boolean | undefined, document: unknown, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(document, null, 2)}\n` : text);
}

/** Where the configs lie that this process has read. */
export const configFolders = new Set<string>();

/** What to say after an error if the missing file lies beside the config. The error may come from a worker, as text. */
export function hintBeside(message: string): string {
  const [, path = ''] = /^There is no file (.+?) in /.exec(message) ?? [];
  const folder = [...configFolders].find((candidate) => path !== '' && existsSync(join(candidate, path)));
  if (folder === undefined) return '';
  return ` Did you mean ${join(folder, path)}, beside the config? Paths of data are relative to the folder that ple is started in: start it in ${folder}.`;
}

/** Restores the terminal after a bar: shows the cursor, wraps lines. */
const restored = '\u001b[?25h\u001b[?7h';

/**
 * Runs work with an abort signal. SIGINT, SIGTERM and SIGHUP fire it; its reason is `Interrupted` with this message. A
 * second one ends the process at once.
 */
export async function interruptible<Value>(
  message: string,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const interrupt = new AbortController();
  const ignore = onSignal(() => {
    ignore(); // a second signal of any kind ends the process
    if (process.stderr.isTTY) process.stderr.write(restored);
    interrupt.abort(new Interrupted(message));
  });
  try {
    return await work(interrupt.signal);
  } finally {
    ignore();
  }
}

/**
 * Calls `act` when the process is asked to end, or gets one of `others`. @returns A function that removes the handlers.
 */
export function onSignal(act: () => void, ...others: readonly NodeJS.Signals[]): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', ...others] as const; // Ctrl-C, kill, and a closed terminal
  for (const signal of signals) process.on(signal, act);
  return () => {
    for (const signal of signals) process.removeListener(signal, act);
  };
}

/** Message of a command that was still reading. */
export const interruptedReading = 'Interrupted: the data were not read to their end.';
