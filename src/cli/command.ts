import type { Command, CommandUnknownOpts, OptionValues } from '@commander-js/extra-typings';

/** Adds a command to its parent. `exit` takes the exit code of what it did. */
export type CommandDefinition = (parent: CommandUnknownOpts, exit: (code: number) => void) => void;

/**
 * A command: its words, with their help, and what it does, which gives the exit code. The types of `run`'s arguments come from the words.
 * Help needs the words of all commands, so their files import at the top only what loads at once; `run` imports the rest.
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

/** What `run` gets for these words. */
export type OptionsOf<Words extends () => { opts(): unknown }> = ReturnType<ReturnType<Words>['opts']>;

/** The argument of commands that take a config. */
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

/** Collects the words of an option that may be given several times. */
export function collect(word: string, words: readonly string[] = []): readonly string[] {
  return [...words, word];
}
