import { dataPaths, type Experiment } from '../../../config/experiment.js';
import { ConfigError } from '../../../support/errors.js';
import { definitions } from '../../../training/definitions.js';

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

/** The experiment with the paths of this machine. The longest `from` that fits a path counts. */
export function withLocalPaths(experiment: Experiment, maps: readonly PathMap[]): Experiment {
  const keys = dataPaths(experiment, definitions);
  const here = (value: unknown): unknown => {
    if (typeof value === 'string') return localPath(value, maps);
    if (Array.isArray(value)) return value.map(here);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inside]) => [key, here(inside)]));
  };
  const mapped = Object.entries(experiment.dataset).map(([key, value]) => [
    key,
    keys.includes(key) ? here(value) : value,
  ]);
  return { ...experiment, dataset: { ...experiment.dataset, ...Object.fromEntries(mapped) } };
}

function localPath(path: string, maps: readonly PathMap[]): string {
  const fits = ({ from }: PathMap) => path === from || path.startsWith(from.endsWith('/') ? from : `${from}/`);
  const [map] = maps.filter(fits).toSorted((a, b) => b.from.length - a.from.length);
  return map ? map.to + path.slice(map.from.length) : path;
}
