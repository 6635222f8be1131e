import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Redis } from 'ioredis';
import { dataPaths, type Experiment } from '../../../config/experiment.js';
import { fileSha256 } from '../../../support/checksum.js';
import { ConfigError } from '../../../support/errors.js';
import { makeFolder } from '../../../support/make-folder.js';
import { definitions } from '../../../training/definitions.js';
import { fetchFile, mostBytes, type StoredFile } from './pieces.js';

/** Where the planner's data lie on this machine: a path, or the beginning of paths. */
export interface PathMap {
  readonly from: string;
  readonly to: string;
}

/** @throws ConfigError for a text that is not `FROM=TO`. */
export function parsePathMap(text: string): PathMap {
  const [, from = '', to = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (from === '') throw new ConfigError(`--data ${text}: write FROM=TO, the planner's path and the path here.`);
  return { from, to };
}

/**
 * The files that an experiment's data options name.
 * @throws ConfigError for a folder, or a file that is too large: those are put on the workers.
 */
export function dataFiles(experiment: Experiment): readonly StoredFile[] {
  const keys = dataPaths(experiment, definitions).filter((key) => key !== 'cache');
  return keys
    .flatMap((key) => textsIn(experiment.dataset[key]))
    .map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (!stats?.isFile() || stats.size > mostBytes)
        throw new ConfigError(
          `--send-data sends files of at most ${mostBytes / 2 ** 30} GiB, and ${path} is none: put the data on the workers (ple worker --data FROM=TO).`,
        );
      return { path, bytes: stats.size, sha256: fileSha256(path) };
    });
}

/** Fetches files into a folder, each once. @returns Where they are. */
export async function fetchData(
  redis: Redis,
  files: readonly StoredFile[],
  folder: string,
): Promise<readonly PathMap[]> {
  const maps: PathMap[] = [];
  for (const file of files) {
    const to = join(folder, file.sha256, localName(file.path));
    if (!existsSync(to)) {
      makeFolder(dirname(to));
      await fetchFile(redis, file, to);
    }
    maps.push({ from: file.path, to });
  }
  return maps;
}

/** A name in a folder, whatever the path is. Loaders go by its ending. */
function localName(path: string): string {
  return basename(path)
    .replaceAll(/[^\w.-]/g, '_')
    .replace(/^\.*/, 'data-');
}

/**
 * The experiment with the paths of this machine. The longest `from` that fits a path counts.
 * @param cache Where prepared data are written here, whatever the experiment says.
 */
export function withLocalPaths(experiment: Experiment, maps: readonly PathMap[], cache: string): Experiment {
  const keys = dataPaths(experiment, definitions);
  const here = (value: unknown): unknown => {
    if (typeof value === 'string') return localPath(value, maps);
    if (Array.isArray(value)) return value.map(here);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, here(inside)]));
  };
  const mapped = Object.entries(experiment.dataset).map(([key, value]) => [
    key,
    key === 'cache' ? cache : keys.includes(key) ? here(value) : value,
  ]);
  return { ...experiment, dataset: { ...experiment.dataset, ...Object.fromEntries(mapped) } };
}

function localPath(path: string, maps: readonly PathMap[]): string {
  const fits = ({ from }: PathMap) => path === from || path.startsWith(from.endsWith('/') ? from : `${from}/`);
  const [map] = maps.filter(fits).toSorted((a, b) => b.from.length - a.from.length);
  return map ? map.to + path.slice(map.from.length) : path;
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
