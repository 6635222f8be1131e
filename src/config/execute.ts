import { z } from 'zod';
import { ConfigError } from '../support/errors.js';

const places = ['local', 'slurm', 'kubernetes'] as const;
const expected = 'expected local, slurm, kubernetes, or the address of a queue (redis://HOST:PORT, rediss://HOST:PORT)';
const onSchema = z
  .string()
  .refine((on) => places.some((place) => place === on) || isQueue(on), { error: expected })
  .describe(
    'Where runs train. `local`: processes on this machine. `redis://HOST:PORT` (`rediss://` with TLS): the workers (`ple worker`) of a queue. `slurm`, `kubernetes`: a cluster.',
  );
const optionsSchema = z.strictObject({ on: onSchema.default('local') });

/** `execute:` of a comparison's config: an `on` alone, or with options of the place that it names. */
export const executeSchema = z
  .union([onSchema, optionsSchema], { error: `${expected}, or a mapping with such an 'on'` })
  .optional()
  .meta({
    default: 'local',
    description: 'Where a comparison’s runs train: an `on`, or a mapping. Nothing here enters the hash of a run.',
  });
export type Execute = Readonly<z.infer<typeof optionsSchema>>;

/** @param given Values of the command line, which take precedence. */
export function executeOf(config: z.infer<typeof executeSchema>, given: Partial<Execute> = {}): Execute {
  const own = typeof config === 'string' ? { on: config } : config;
  const { success, data } = optionsSchema.safeParse({ ...own, ...given });
  if (!success) throw new ConfigError(`--on ${withoutPassword(given.on ?? '')}: ${expected}.`);
  return data;
}

/** Whether this is the address of a Redis server: scheme, host, and at most user, password, port and number of the database. */
export function isQueue(on: string): boolean {
  if (!/^rediss?:\/\//.test(on) || !URL.canParse(on)) return false;
  const { hostname, pathname, search, hash } = new URL(on);
  return hostname !== '' && /^\/?\d*$/.test(pathname) && search === '' && hash === '';
}

/** For messages: an address may hold a password. */
export function withoutPassword(on: string): string {
  return on.replace(/^(\w+:\/\/).*@/, '$1');
}
