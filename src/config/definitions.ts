import type { Catalogue } from '../support/catalogue.js';
import type { Chosen } from './choice.js';
import { type Plugin, partName } from './plugins.js';

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
  const own = plugins.find(({ parts }) => parts.includes(partName(loaders.kind, dataset.loader)));
  return own?.paths ?? loaders.get(dataset.loader).paths;
}
