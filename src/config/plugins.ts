import { resolve } from 'node:path';
import { z } from 'zod';
import type { ConfigDocument } from './document.js';

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
    'Files of your own models, loaders, metrics, optimizers and schedules: TypeScript or JavaScript, relative to the config file (in an override, to the working folder). Their code runs whenever the config is read. A run’s own config has each with its SHA-256, which enters the hash.',
  );
export type Plugin = Readonly<z.infer<typeof resolvedPlugin>>;
export type PluginEntry = string | Plugin;

/** The file of an entry: its path is relative to the config, that of an override to the working folder. */
export function pluginFile(entry: PluginEntry, index: number, document: ConfigDocument): string {
  if (typeof entry !== 'string') return entry.file;
  return resolve(document.at(['plugins', index]).folder, entry);
}

/** How a part is named among `parts`. */
export function partName(kind: string, name: string): string {
  return `${kind} ${name}`;
}

/** The plugins that a config names, with their checksums at loading. */
export function resolvedPlugins(
  entries: readonly PluginEntry[],
  document: ConfigDocument,
  loaded: readonly Plugin[],
): readonly Plugin[] {
  return entries.map((entry, index) => {
    if (typeof entry !== 'string') return entry;
    const file = pluginFile(entry, index, document);
    const plugin = loaded.find((candidate) => candidate.file === file);
    if (!plugin) throw new Error(`${file} is not loaded.`);
    return plugin;
  });
}

/**
 * Parts of plugins that are missing or changed. Their options cannot be checked; they were checked when the config was
 * written.
 */
export function absentParts(plugins: readonly Plugin[], loaded: readonly Plugin[]): readonly string[] {
  return plugins.filter((plugin) => isAbsent(plugin, loaded)).flatMap(({ parts }) => parts);
}

/** The plugins that a run uses, each with the parts that it uses. */
export function usedPlugins(
  plugins: readonly Plugin[],
  loaded: readonly Plugin[],
  used: readonly string[],
  paths: readonly string[],
): readonly Plugin[] {
  return plugins.flatMap(({ file, sha256, parts, ...others }) => {
    if (isAbsent({ file, sha256 }, loaded)) return [{ file, sha256, parts, ...others }];
    const own = parts.filter((part) => used.includes(part));
    const hasLoader = own.some((part) => part.startsWith('loader '));
    return own.length > 0 ? [{ file, sha256, parts: own, ...(hasLoader ? { paths: [...paths] } : {}) }] : [];
  });
}

function isAbsent({ file, sha256 }: Pick<Plugin, 'file' | 'sha256'>, loaded: readonly Plugin[]): boolean {
  return !loaded.some((plugin) => plugin.file === file && plugin.sha256 === sha256);
}
