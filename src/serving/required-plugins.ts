import { ConfigError } from '../support/errors.js';
import { definitions } from '../training/definitions.js';
import type { FinishedRun } from '../training/finished-run.js';

export type PartKind = 'model' | 'loader' | 'metric';
type Planned = Pick<FinishedRun, 'path' | 'experiment'>;

/**
 * Holds that the plugins of a run's parts of these kinds are loaded, as they were in training. It loads none: reading a run runs no code.
 * @throws ConfigError that names the plugin to pass, or the one that has changed.
 */
export function requirePlugins(run: Planned, kinds: readonly PartKind[]): void {
  const [first] = absentParts(run, kinds);
  if (!first) return;
  throw new ConfigError(
    `${run.path} needs a plugin for its ${first.part}: name the file, and its code runs (--plugin ${first.file}).`,
  );
}

/** A line for each metric of the run whose plugin is not loaded. @throws ConfigError for a plugin that has changed. */
export function metricsLeftOut(run: Planned): readonly string[] {
  return absentParts(run, ['metric']).map(
    ({ part, file }) => `Without ${part}: it is of a plugin that is not loaded (--plugin ${file}).`,
  );
}

function absentParts({ path, experiment }: Planned, kinds: readonly PartKind[]) {
  const { plugins: loaded } = definitions;
  return (experiment.plugins ?? []).flatMap(({ file, sha256, parts }) => {
    const wanted = parts.filter((part) => kinds.some((kind) => part.startsWith(`${kind} `)));
    if (loaded.some((plugin) => plugin.sha256 === sha256)) return [];
    const other = loaded.find((plugin) => plugin.parts.some((part) => wanted.includes(part)));
    if (other)
      throw new ConfigError(
        `${other.file} is not the plugin that trained ${path}: its SHA-256 was ${sha256} and is ${other.sha256}. Name the file as it was, or train again.`,
      );
    return wanted.map((part) => ({ part, file }));
  });
}
