import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin as EsbuildPlugin, PartialMessage } from 'esbuild';
import { z } from 'zod';
import { partName, pluginFile, pluginsSchema } from '../config/definitions.js';
import { type ConfigNode, valueAt } from '../config/node.js';
import { failAt } from '../config/parse.js';
import type { Metric } from '../metrics/metric.js';
import { isPart } from '../support/catalogue.js';
import { ConfigError, inWorkingFolder, UserError } from '../support/errors.js';
import { definitions } from './definitions.js';
import type { FinishedRun } from './finished-run.js';

/** The name by which a plugin imports this program. */
const library = '@ple-runner/ple';
/**
 * Packages that a plugin shares with this program, wherever it lies: two copies would not recognise each other's
 * values.
 */
const sharedPackages = ['zod', '@tensorflow/tfjs'];

/**
 * Loads the plugins of a config: runs their code, and adds the parts that they define to the catalogues of this
 * process.
 * @throws ConfigError for a file that is missing, cannot be compiled, fails, exports no part or one whose name is
 * taken, or has changed.
 */
export async function loadConfigPlugins(config: ConfigNode): Promise<void> {
  // Other mistakes of the config are reported when it is parsed.
  const { data: entries = [] } = pluginsSchema.safeParse(valueAt(config.value, ['plugins']));
  for (const [index, entry] of entries.entries()) {
    const file = pluginFile(entry, index, config);
    if (!existsSync(file)) throw failAt(config, ['plugins', index], `there is no file ${file}`);
    await loadPlugin(file, typeof entry === 'string' ? undefined : entry.sha256);
  }
}

/** Loads the plugins that `--plugin` names. */
export async function loadNamed(files: readonly string[] = []): Promise<void> {
  for (const file of files) {
    if (!existsSync(file)) throw new ConfigError(`There is no plugin ${file}${inWorkingFolder(file)} (--plugin).`);
    await loadPlugin(resolve(file));
  }
}

/** @param expected its SHA-256; undefined: any */
export async function loadPlugin(file: string, expected?: string): Promise<void> {
  const loadedPlugin = definitions.plugins.find((plugin) => plugin.file === file);
  if (loadedPlugin && loadedPlugin.sha256 === expected) return;
  const folder = mkdtempSync(join(tmpdir(), 'ple-plugin-'));
  try {
    const script = join(folder, 'plugin.mjs');
    const sha256 = await compile(file, script);
    if (expected !== undefined && sha256 !== expected)
      throw new ConfigError(
        `${file} has changed: its SHA-256 was ${expected} and is ${sha256}. Put the file back, or train again from your own config.`,
      );
    if (loadedPlugin?.sha256 === sha256) return;
    if (loadedPlugin) throw new ConfigError(`${file} has changed since this process loaded it: start a new one.`);
    const exported = new Set(Object.values(await evaluate(file, script)));
    definitions.plugins.push({ file, sha256, parts: joinAll([...exported], file) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function joinAll(exported: readonly unknown[], file: string): string[] {
  const parts = exported.flatMap((value) => joinOne(value, file));
  if (parts.length === 0)
    throw new ConfigError(
      `${file} exports nothing that ${library} can use: export what defineModel, or another define… function, returns.`,
    );
  return parts;
}

/** Adds the value to the catalogue of its kind. Empty for a value of no kind. */
function joinOne(value: unknown, file: string): readonly string[] {
  if (isPart<Metric>(value, 'metric') && (value.usual || value.score || value.loss))
    throw new ConfigError(
      `${file}: metric '${value.name}': 'usual', 'score' and 'loss' are of built-in metrics: leave them out.`,
    );
  const { plugins: _plugins, baseline: _baseline, ...catalogues } = definitions;
  return Object.values(catalogues).flatMap((catalogue) => {
    const name = catalogue.join(value, file);
    return name === undefined ? [] : [partName(catalogue.kind, name)];
  });
}

/**
 * Bundles the file with those that it imports by path, as JavaScript, and returns their SHA-256. Imports become
 * absolute, so the script may lie anywhere.
 */
async function compile(file: string, script: string): Promise<string> {
  const { build } = await import('esbuild');
  process.setSourceMapsEnabled(true); // stacks have the plugin's own lines
  const folder = dirname(file);
  try {
    const { metafile } = await build({
      entryPoints: [file],
      absWorkingDir: folder,
      outfile: script,
      bundle: true,
      metafile: true,
      sourcemap: 'inline',
      sourcesContent: false,
      logLevel: 'silent',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      conditions: [],
      tsconfigRaw: {},
      plugins: [packages],
    });
    const hash = createHash('sha256');
    for (const path of Object.keys(metafile.inputs).toSorted()) hash.update(readFileSync(join(folder, path)));
    return hash.digest('hex');
  } catch (error) {
    throw new ConfigError(failuresIn.safeParse(error).data?.errors.map(located)[0] ?? `${file}: ${String(error)}`);
  }

  function located({ text, location }: PartialMessage): string {
    return `${location ? `${join(folder, location.file ?? '')}:${location.line}:${(location.column ?? 0) + 1}` : file}: ${text}.`;
  }
}

const failuresIn = z.object({
  errors: z.array(
    z.object({
      text: z.string(),
      location: z.object({ file: z.string(), line: z.number(), column: z.number() }).nullable(),
    }),
  ),
});

/** Packages are imported, not joined: this program's own from here, others from the plugin's folder. */
const packages: EsbuildPlugin = {
  name: 'packages',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[@\w]/ }, async ({ path, kind, resolveDir, pluginData }) => {
      if (kind === 'entry-point' || pluginData === packages) return undefined;
      const external = (to: string) => ({ path: to, external: true });
      if (isBuiltin(path)) return external(path);
      if (path === library) return external(new URL('../library.js', import.meta.url).href);
      if (sharedPackages.includes(path)) return external(import.meta.resolve(path));
      const result = await resolve(path, { kind, resolveDir, pluginData: packages });
      return result.errors.length > 0 ? result : external(pathToFileURL(result.path).href);
    });
  },
};

async function evaluate(file: string, script: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(script).href);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new ConfigError(`${file}: ${String(error)}.`);
  }
}

export type PartKind = 'model' | 'loader' | 'metric';
type Planned = Pick<FinishedRun, 'path' | 'experiment'>;

/**
 * Checks that the plugins of a run's parts of these kinds are loaded and unchanged. It loads none: reading a run runs
 * no code.
 * @throws ConfigError that names the plugin to pass, or the one that has changed.
 */
export function requirePlugins(run: Planned, kinds: readonly PartKind[]): void {
  const [first] = notLoaded(run, kinds);
  if (!first) return;
  throw new ConfigError(
    `${run.path} needs a plugin for its ${first.name}: name the file, and its code runs (--plugin ${first.file}).`,
  );
}

/** A line for each metric of the run whose plugin is not loaded. @throws ConfigError for a plugin that has changed. */
export function metricsLeftOut(run: Planned): readonly string[] {
  return notLoaded(run, ['metric']).map(
    ({ name, file }) => `Without ${name}: it is of a plugin that is not loaded (--plugin ${file}).`,
  );
}

function notLoaded({ path, experiment }: Planned, kinds: readonly PartKind[]) {
  const { plugins: loaded } = definitions;
  return (experiment.plugins ?? []).flatMap(({ file, sha256, parts }) => {
    const needed = parts.filter((name) => kinds.some((kind) => name.startsWith(`${kind} `)));
    if (loaded.some((plugin) => plugin.sha256 === sha256)) return [];
    const other = loaded.find((plugin) => plugin.parts.some((name) => needed.includes(name)));
    if (other)
      throw new ConfigError(
        `${other.file} is not the plugin that trained ${path}: its SHA-256 was ${sha256} and is ${other.sha256}. Name the file as it was, or train again.`,
      );
    return needed.map((name) => ({ name, file }));
  });
}
