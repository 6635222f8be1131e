import { resolve } from 'node:path';
import { z } from 'zod';
import type { Catalogue } from '../support/catalogue.js';
import { must } from '../support/must.js';
import { type ConfigNode, originOf, valueAt } from './node.js';
import { notAmong, parsePart } from './parse.js';

/** What a config may choose from. The parts know their own options; this layer does not know the parts. */
export interface Definitions {
  readonly loaders: Catalogue<Chosen & { readonly paths: readonly string[] }>;
  readonly models: Catalogue<Chosen>;
  /** The first is the default. */
  readonly weightSchedules: Catalogue<Chosen>;
  /** Methods that balance the task losses; the first is the default. */
  readonly balancings: Catalogue<Chosen>;
  readonly optimizers: Catalogue<Chosen>;
  readonly learningRateSchedules: Catalogue<Chosen>;
  /** Metrics that tasks are judged by. */
  readonly metrics: Catalogue<{
    readonly name: string;
    readonly type: string;
    readonly better: string | null;
    /** Set if the metric has an error over test rows. */
    readonly influence?: unknown;
  }>;
  /** Loaded plugins; their parts are in the catalogues. */
  readonly plugins: readonly Plugin[];
  /** The model whose tasks share nothing: what others are compared with. */
  readonly baseline: string;
}

/** Options that say where the data are, not what they are. */
export function dataPaths(
  {
    dataset,
    plugins = [],
  }: {
    readonly dataset: { readonly loader: string };
    readonly plugins?: readonly Pick<Plugin, 'parts' | 'paths'>[] | undefined;
  },
  { loaders }: Pick<Definitions, 'loaders'>,
): readonly string[] {
  const plugin = plugins.find(({ parts }) => parts.includes(partName(loaders.kind, dataset.loader)));
  return plugin?.paths ?? loaders.get(dataset.loader).paths;
}

/** What a config chooses by its name: a model, a loader, … */
export interface Chosen {
  readonly name: string;
  /** One line. */
  readonly summary?: string;
  /**
   * Enters the hash of runs. It is raised when equal options give new results, so that earlier runs are not taken for
   * new ones. Absent: 1.
   */
  readonly revision?: number;
  readonly options: z.ZodObject;
}

/** What a schema is made with. */
interface Choosing<Added extends z.ZodRawShape> {
  /** Parts of which any options are taken, such as those of plugins that are not loaded (`partName`). */
  readonly unchecked?: readonly string[];
  /** Changes the options of every definition. */
  readonly change?: (options: z.ZodObject) => z.ZodObject;
  /** Keys beside the options of every definition. */
  readonly added?: Added;
  /** What to say of a name that is none of a definition, or of none. */
  readonly instead?: (name: string | undefined) => string | undefined;
  /** Alternatives that are no definitions. */
  readonly others?: readonly z.ZodObject[];
}

/** The schema of a mapping whose `key` names a definition, which has the other keys. */
export function choice<Key extends string, Added extends z.ZodRawShape = Record<never, never>>(
  { kind, all }: Pick<Catalogue<Chosen>, 'kind' | 'all'>,
  key: Key,
  { unchecked = [], change = (options) => options, added, instead, others = [] }: Choosing<Added> = {},
) {
  const names = all.map(({ name }) => name);
  const about = `The ${kind}. It decides the other keys. One of ${names.map((name) => `\`${name}\``).join(', ')}.`;
  const checked = all
    .filter(({ name }) => !unchecked.includes(partName(kind, name)))
    .map(({ name, summary, options }) =>
      change(options)
        .safeExtend({ ...added, [key]: z.literal(name).describe(about) })
        .meta({ title: name, ...(summary !== undefined && { description: summary }) }),
    );
  const start = partName(kind, '');
  const loose = unchecked
    .filter((name) => name.startsWith(start))
    .map((name) => z.looseObject({ [key]: z.literal(name.slice(start.length)) }));
  type Named = z.ZodObject<Added & { readonly [name in Key]: z.ZodType<string> }, z.core.$loose>;
  const [first, ...rest] = [...checked, ...loose, ...others].filter(
    (options): options is typeof options & Named => key in options.shape,
  );
  if (!first) throw new Error(`There is no ${kind}.`);
  return z.discriminatedUnion(key, [first, ...rest], {
    error: ({ code, input }) => (code === 'invalid_union' ? refusal(valueAt(input, [key])) : undefined),
  });

  function refusal(name: unknown): string {
    if (name === undefined) return instead?.(name) ?? 'is missing';
    if (typeof name !== 'string') return 'expected a name';
    return instead?.(name) ?? notAmong(`unknown ${kind}`, name, names);
  }
}

/** The parts that a run's config names (`partName`), in the order of its keys. */
export function namedParts(config: unknown, definitions: Definitions): readonly { name: string; revision: number }[] {
  const { loaders, models, weightSchedules, balancings, optimizers, learningRateSchedules } = definitions;
  const names: readonly (readonly [Catalogue<Chosen>, string])[] = [
    [loaders, 'dataset.loader'],
    [models, 'model.type'],
    [weightSchedules, 'loss.schedule.type'],
    [balancings, 'loss.balancing.type'],
    [optimizers, 'train.optimizer.type'],
    [learningRateSchedules, 'train.optimizer.schedule.type'],
    [optimizers, 'train.optimizers.embeddings.type'],
  ];
  return names.flatMap(([{ kind, all }, path]) => {
    const chosen = valueAt(config, path.split('.'));
    if (typeof chosen !== 'string') return [];
    const revision = all.find(({ name }) => name === chosen)?.revision ?? 1;
    return [{ name: partName(kind, chosen), revision }];
  });
}

const resolvedPlugin = z.strictObject({
  file: z.string().min(1).describe('Its absolute path.'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal digits')
    .describe('Of its file, or of its files one after the other.'),
  parts: z.array(z.string()).describe('Kind and name of each part that is used.'),
  paths: z.array(z.string()).optional().describe('Options of its loader that say where the data lie.'),
});

/** `plugins:` of a config: files, or their entries in a resolved config. */
export const pluginsSchema = z
  .array(z.union([z.string().min(1), resolvedPlugin]))
  .min(1)
  .optional()
  .describe(
    'Files of TypeScript or JavaScript with your own parts ([kinds, rules](plugins.md#rules-of-plugins)). Their code runs whenever the config is read.',
  );
export type Plugin = Readonly<z.infer<typeof resolvedPlugin>>;
export type PluginEntry = string | Plugin;

/** The file of an entry: its path is relative to the config, that of an override to the working folder. */
export function pluginFile(entry: PluginEntry, index: number, config: ConfigNode): string {
  return typeof entry === 'string' ? resolve(originOf(config, ['plugins', index]).folder, entry) : entry.file;
}

/** How a part is named among `parts`. */
export function partName(kind: string, name: string): string {
  return `${kind} ${name}`;
}

/** The plugins that a config names, with their checksums at loading. */
export function pluginsOf(config: ConfigNode, loaded: readonly Plugin[]): readonly Plugin[] {
  const entries = parsePart(pluginsSchema, config, ['plugins']) ?? [];
  return entries.map((entry, index) => {
    if (typeof entry !== 'string') return entry;
    const file = pluginFile(entry, index, config);
    return must(
      loaded.find((plugin) => plugin.file === file),
      `loaded plugin ${file}`,
    );
  });
}

/** Whether a plugin is missing, or has changed: its options cannot be checked. They were when the config was written. */
export function isAbsent({ file, sha256 }: Plugin, loaded: readonly Plugin[]): boolean {
  return !loaded.some((plugin) => plugin.file === file && plugin.sha256 === sha256);
}

/** The plugins that a run uses, each with the parts that it uses. */
export function usedPlugins(
  plugins: readonly Plugin[],
  loaded: readonly Plugin[],
  used: readonly string[],
  paths: readonly string[],
): readonly Plugin[] {
  return plugins.flatMap((plugin) => {
    if (isAbsent(plugin, loaded)) return [plugin];
    const parts = plugin.parts.filter((name) => used.includes(name));
    if (parts.length === 0) return [];
    const { file, sha256 } = plugin;
    const hasLoader = parts.some((name) => name.startsWith('loader '));
    return [{ file, sha256, parts, ...(hasLoader ? { paths: [...paths] } : {}) }];
  });
}
