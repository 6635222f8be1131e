import type { AxisPoint } from '../../config/comparison.js';
import type { TaskMetrics } from '../../metrics/evaluate.js';
import type { EvaluatedRun } from '../../training/finished-run.js';
import type { Decisions } from '../comparison.js';
import type { Entry } from '../stored/entry.js';
import type { SummaryOptions } from './summarize.js';

interface Data {
  readonly checksum?: string;
  /** Test rows. */
  readonly rows?: number;
}

/** A run that was never trained, with these metrics on the test split. */
function evaluatedRun(
  path: string,
  tasks: Readonly<Record<string, { readonly type: string; readonly test: TaskMetrics }>>,
  { checksum = 'c0ffee00', rows = 10 }: Data = {},
): EvaluatedRun {
  const dataset = { checksum, rows: { train: 30, validation: 10, test: rows } };
  const result = { parameters: { embedding: 1, network: 2 }, dataset, tasks };
  return { path, result, hasPredictions: false, predictions: async () => [] };
}

type Values = readonly (number | null | 'failed')[];
type Metrics = Readonly<Record<string, Values>>;

/** A model of goldens/summaries.yaml, with a key for each task: its AUC by seed, or metrics. */
export interface ModelFacts {
  readonly label: string;
  readonly at?: AxisPoint;
  /** Gains over the first model, in place of tasks. */
  readonly shift?: readonly number[];
  readonly made?: Made;
}

interface Made {
  /** Before the seed. Default: the label. */
  readonly path?: string;
  /** By seed. */
  readonly checksum?: readonly string[];
  readonly rows?: number;
  readonly predictions?: false;
  /** Of trained runs: keys of `dataset`; by seed, or by task and seed, how training ended. */
  readonly dataset?: object;
  readonly ended?: readonly string[];
  readonly endedOf?: Readonly<Record<string, readonly string[]>>;
  /** Cross-fitted: `mixed` and `atEdge` of the row. */
  readonly decided?: Decisions;
  /** The runs are of one seed: the tasks of each. */
  readonly ofOneSeed?: readonly (readonly string[])[];
}

const isList = (of: Values | Metrics): of is Values => Array.isArray(of);

const noise = [0.001, -0.001, 0, 0.0005, -0.0005];

/** The numbers of each task, by metric. */
function metricsOf(
  { label, at, shift, made, ...tasks }: ModelFacts,
  first: ModelFacts,
): readonly (readonly [string, Metrics])[] {
  const values: Readonly<Record<string, Values | Metrics>> = tasks;
  if (!shift) return Object.entries(values).map(([task, of]) => [task, isList(of) ? { auc: of } : of]);
  return metricsOf(first, first).map(([task, { auc = [] }], place) => {
    const moved = auc.map((value, seed) => Number(value) + (shift[place] ?? 0) + (noise[seed] ?? 0));
    return [task, { auc: moved }];
  });
}

/** @param first The model that shifts are from. */
export function entryOf(facts: ModelFacts, first: ModelFacts): Entry {
  const { label, at, made = {} } = facts;
  const tasks = metricsOf(facts, first);
  const of = <Value>(seed: number, values: readonly Value[] = []) => values[seed];
  const name = made.path ?? label;
  const runs = Object.values(tasks[0]?.[1] ?? {})[0]?.map((value, index): Entry['runs'][number] => {
    const named = { seed: made.ofOneSeed ? 1 : index + 1, path: `${name}-${index + 1}` };
    const ofTasks = made.ofOneSeed ? { tasks: of(index, made.ofOneSeed) ?? [] } : {};
    if (value === 'failed') return { ...named, status: 'failed' };
    const ends = (task: string) => (made.endedOf ? { ended: of(index, made.endedOf[task]) } : {});
    const test = (metrics: Metrics) => {
      const numbers = Object.entries(metrics).map(([name, values]) => [name, of(index, values)] as const);
      return Object.fromEntries(numbers.map(([name, number]) => [name, typeof number === 'number' ? number : null]));
    };
    const results = tasks.map(([task, metrics]) => {
      const type = 'mse' in metrics ? 'regression' : 'binary';
      return [task, { type, test: test(metrics), ...ends(task) }] as const;
    });
    const { rows, checksum } = made;
    const data = { ...(rows ? { rows } : {}), ...(checksum ? { checksum: of(index, checksum) ?? '' } : {}) };
    const run = {
      ...evaluatedRun(named.path, Object.fromEntries(results), data),
      hasPredictions: made.predictions ?? true,
    };
    if (!made.ended && !made.endedOf && !made.dataset) return { ...named, status: 'done', run };
    const result = {
      ...{ ...run.result, bestEpoch: { click: 1 }, oneEpoch: { epoch: 1, tasks: run.result.tasks } },
      ended: of(index, made.ended) ?? 'plateau',
      parametersByTask: { click: { embedding: 1 + index, network: 10 }, buy: { embedding: 5, network: 100 + index } },
    };
    const trained = { experiment: { dataset: made.dataset ?? {}, train: { epochs: 1 } }, environment: {}, notes: [] };
    const finished = { ...run, ...trained, epochs: [], gates: [], result };
    return { ...named, ...ofTasks, status: 'done', run: finished };
  });
  const decided = made.decided ? { decided: made.decided } : {};
  return { ...{ label, type: label, point: at ?? {} }, ...decided, runs: runs ?? [] };
}

/** Seeds 1 to `count`, without margins, contrasts or axes. */
export function plainOptions(count: number): Omit<SummaryOptions, 'name' | 'baseline' | 'tasks' | 'uncertainty'> {
  return {
    metrics: {},
    margins: { auc: null, mse: null, nmse: null },
    taskWeights: {},
    contrasts: [],
    axes: {},
    timing: {},
    seeds: Array.from({ length: count }, (_, index) => index + 1),
    seedsBefore: [],
  };
}
