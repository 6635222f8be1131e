import { type ParseArgsConfig, parseArgs } from 'node:util';

/** A script's words. `--help` prints the usage and ends; what the script does not take is refused. */
export function wordsOf<const Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  if (process.argv.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return refuse(usage, error.message.replace(/\. To specify a positional.*/s, '.'));
  }
}

/** Says what is wrong and how the script is called, and ends with exit code 2. */
export function refuse(usage: string, message: string): never {
  console.error(`${message}\n${usage}`);
  process.exit(2);
}

/** Refuses a value that is given and not among these. */
export function checkChoice(usage: string, option: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  refuse(usage, `--${option} ${value}: not one of ${known.join(', ')}.`);
}
