import { z } from 'zod';
import { ConfigError } from '../support/errors.js';
import { countUpTo } from './count.js';

const expected = 'expected local, slurm, or the address of a queue (redis://HOST:PORT, rediss://HOST:PORT)';
/** The address of a Redis server: scheme, host, and at most user, password, port and number of the database. */
const address = 'rediss?://([^@/\\s]*@)?([^@/:?#\\s]+|\\[[^\\]/\\s]+\\])(:\\d+)?(/\\d*)?';
const onSchema = z
  .string()
  .regex(new RegExp(`^(local|slurm|${address})$`), expected)
  .describe(
    'Where runs train. `local`: processes on this machine. `redis://HOST:PORT` (`rediss://` with TLS): the workers (`ple worker`) of a queue. `slurm`: an array job.',
  );
/** Options of sbatch that `ple` sets itself. */
const ownOptions = 'job-name array requeue signal nodes ntasks chdir output open-mode parsable'.split(' ');
const value = 'a text without blanks, quotes, \\ and #, a number, or true for an option without a value';
const sbatchSchema = z
  .record(
    z
      .string()
      .regex(/^[a-z][a-z-]*$/, 'the long name of an option of sbatch, without its dashes')
      .refine((name) => !ownOptions.includes(name), { error: 'ple sets this option itself' }),
    z.union([z.string().regex(/^[^\s"'\\#\p{Cc}]+$/u, value), z.number(), z.literal(true)], { error: value }),
  )
  .optional();
const optionsSchema = z.strictObject({
  on: onSchema.default('local'),
  arrayLimit: countUpTo(20_000, 'a comparison has at most 20,000 runs')
    .optional()
    .describe('With `slurm`: most runs at a time. Absent: Slurm decides.'),
  sbatch: sbatchSchema.describe(
    'With `slurm`: options of sbatch by their long names, such as `{ partition: gpu, time: 02:00:00, gres: gpu:1 }`.',
  ),
});

/** `execute:` of a comparison's config: an `on` alone, or with options of the place that it names. */
export const executeSchema = z
  .union([onSchema, optionsSchema], { error: `${expected}, or a mapping with such an 'on'` })
  .optional()
  .meta({
    default: 'local',
    description: 'Where a comparison’s runs train: an `on`, or a mapping; not in the hash.',
  });
export type Execute = Readonly<z.infer<typeof optionsSchema>>;

/** @param options Values of the command line, which take precedence. */
export function parseExecute(config: z.infer<typeof executeSchema>, options: Partial<Execute> = {}): Execute {
  const file: Partial<Execute> | undefined = typeof config === 'string' ? { on: config } : config;
  const sbatch = options.sbatch && { sbatch: { ...file?.sbatch, ...options.sbatch } };
  const { data, error } = optionsSchema.safeParse({ ...file, ...options, ...sbatch });
  if (data) return data;
  const [issue] = error.issues;
  const message = issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message;
  throw new ConfigError(`--${String(issue?.path.at(-1))}: ${message}.`);
}

export function isQueue(on: string): boolean {
  return new RegExp(`^${address}$`).test(on);
}

/** An override without passwords, for messages and files. */
export function shownOverride(word: string): string {
  return /^execute[.=]/.test(word) ? withoutPassword(word) : word;
}

/** An address without its password, for messages. */
export function withoutPassword(on: string): string {
  return on.replace(/(\w+:\/\/).*@/, '$1');
}
