import type { Command, CommandUnknownOpts, OptionValues } from '@commander-js/extra-typings';
import { ConfigError } from '../support/errors.js';
import { shellWord } from '../support/shell-word.js';

/** Adds a command to its parent. `exit` receives the command's exit code. */
export type CommandDefinition = (parent: CommandUnknownOpts, exit: (code: number) => void) => void;

/**
 * Defines a command: its arguments and options with their help, and `run`, which returns the exit code. The types of
 * `run`'s parameters follow from the arguments and options. Help needs those of all commands, so command files import
 * only fast modules at the top. `run` imports the rest.
 */
export function defineCommand<Arguments extends unknown[], Options extends OptionValues>(
  words: () => Command<Arguments, Options>,
  run: (...given: [...Arguments, Options, Command<Arguments, Options>]) => number | Promise<number>,
): CommandDefinition {
  return (parent, exit) => {
    const command = words();
    command.copyInheritedSettings(parent).action(async (...given) => exit(await run(...given)));
    parent.addCommand(command);
  };
}

/** The options that `run` receives. */
export type OptionsOf<Words extends () => { opts(): unknown }> = ReturnType<ReturnType<Words>['opts']>;

/** The overrides argument of commands that take a config. */
export const overrides = ['[key.path=value...]', 'set keys of the config, such as train.epochs=5'] as const;

/** The end of the help of commands that take a config. */
export const whereKeysAre = `
Keys:
  ple schema KEY says what a key does, such as ple schema train.epochs.
  All keys: docs/config.md in the folder of this program.`;

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

/** A command with its arguments, quoted for a shell. */
export function commandLine(command: string, words: readonly string[]): string {
  return `ple ${[command, ...words].map(shellWord).join(' ')}`;
}

/** Collects the values of an option that may be repeated. */
export function collect(word: string, words: readonly string[] = []): readonly string[] {
  return [...words, word];
}
