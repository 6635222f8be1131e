import type { Margin } from '../../config/parts.js';
import { metrics } from '../../metrics/catalogue.js';
import { must } from '../../support/must.js';
import { endedAtLimit, isTrained } from '../../training/finished-run.js';
import { withTestMetrics } from '../../training/later-metrics.js';
import type {
  Aggregate,
  Best,
  Comparison,
  ComparisonRow,
  Contrast,
  Front,
  Look,
  TaskGain,
  TestedGain,
  Verdict,
} from '../comparison.js';
import { byPoint } from '../plan/axis-point.js';
import type { LookToCome } from '../plan/looks.js';
import { mean } from '../statistics/moments.js';
import { mostAtLimit, rowVerdict } from '../statistics/verdict.js';
import { bestOf, pairsOf } from './best.js';
import {
  type Compared,
  compareModel,
  hasGain,
  measureTask,
  type PointTable,
  runsOf,
  sampleOf,
} from './compared-model.js';
import { notesOn } from './comparison-notes.js';
import { type ErrorsOfGains, errorsOf } from './errors-of-gains.js';
import { frontsOf } from './fronts.js';
import { type Entry, inOrder, type JudgedTask, judge, levelOf, signOf } from './task-gain.js';
import { decided, type TestedGains, testGains } from './tested-gains.js';

export interface SummaryOptions {
  readonly name: string;
  /** Label of the model that gains are measured against. */
  readonly baseline: string;
  /** In the order of all tables. */
  readonly tasks: readonly { readonly name: string; readonly type: string }[];
  /** By task, where it is not the default metric of the task's type. */
  readonly metrics: Readonly<Record<string, string>>;
  /** By metric, where it is not the metric's default. Null: no margin. */
  readonly margins: Readonly<Record<string, Margin | null>>;
  /** Weights by task in the mean relative gain. Default: 1. */
  readonly taskWeights: Readonly<Record<string, number>>;
  /** Pairs of labels that are compared with each other. */
  readonly contrasts: readonly (readonly [model: string, reference: string])[];
  readonly seeds: readonly number[];
  readonly axes: Comparison['axes'];
  /** Null: both if every run has kept its predictions and every metric has an error over rows; else seeds. */
  readonly uncertainty: Comparison['uncertainty'] | null;
  /** Looks before this one: those of other plans, then those of this plan. */
  readonly earlierLooks: readonly Look[];
  readonly look: LookToCome;
  /** Level of the tests at the next look, with more seeds. */
  readonly nextLevel: number;
  readonly timing: Comparison['timing'];
}

/**
 * Computes comparison.json from runs: gains over the baseline, their errors and tests, verdicts and notes
 * (docs/statistics.md). Rows are in the order of the entries, point after point. The same runs give the same bits, in
 * whatever order they finished.
 * @throws DataError if the runs of a pair were not made on the same data.
 */
export async function summarize(entries: readonly Entry[], options: SummaryOptions): Promise<Comparison> {
  const { name, baseline, seeds, axes, look, timing } = options;
  const tasks = options.tasks.map((task) => judge(task, options.metrics));
  const weights = tasks.map((task) => options.taskWeights[task.name] ?? 1);
  const uncertainty = options.uncertainty ?? (hasRowErrors(entries, tasks) ? 'both' : 'seeds');
  const ordered: Entry[] = [];
  for (const entry of entries) ordered.push({ ...entry, runs: await withMetrics(inOrder(entry.runs, seeds), tasks) });
  const tables: Table[] = [];
  for (const atPoint of byPoint(ordered, ({ point }) => point))
    tables.push(await tableAt(atPoint, options, { tasks, weights, uncertainty }));
  const rows = tables.flatMap((table) => table.rows);
  const contrasts = tables.flatMap((table) => table.contrasts);
  const fronts = tables.flatMap((table) => table.fronts);
  const verdicts = [...rows, ...contrasts].flatMap(({ tasks: ofTasks }) =>
    Object.values(ofTasks).map(({ verdict }) => verdict),
  );
  return {
    schema: 4,
    name,
    baseline,
    tasks: tasks.map((task) => task.name),
    seeds,
    axes,
    uncertainty,
    test: {
      priorDegreesOfFreedom: finite(Math.max(0, ...tables.map(({ errors }) => errors.priorDegreesOfFreedom))),
      drawn: tables.find(({ errors }) => errors.drawn !== null)?.errors.drawn ?? null,
      level: look.level,
    },
    margins: options.margins,
    taskWeights: Object.fromEntries(tasks.map((task, index) => [task.name, weights[index] ?? 1])),
    looks: [
      ...options.earlierLooks,
      { ...look, undecided: verdicts.filter((verdict) => verdict === 'undecided').length },
    ],
    rows,
    contrasts,
    best: tables.flatMap(({ best }) => best),
    ...(fronts.length > 0 ? { fronts } : {}),
    notes: notesOn(tables, ordered.filter(isOnFront), tasks, {
      ...{ seeds, uncertainty, baseline },
      hasRowErrors: hasRowErrors(entries, tasks),
      looks: [...options.earlierLooks, look],
    }),
    timing,
  };
}

interface Judging {
  readonly tasks: readonly JudgedTask[];
  readonly weights: readonly number[];
  readonly uncertainty: Comparison['uncertainty'];
}

interface Table extends PointTable {
  readonly errors: ErrorsOfGains;
  readonly best: readonly Best[];
  readonly fronts: readonly Front[];
}

function isOnFront({ values }: Entry): boolean {
  return values !== undefined;
}

async function tableAt(all: readonly Entry[], options: SummaryOptions, judging: Judging): Promise<Table> {
  const entries = all.filter((entry) => !isOnFront(entry));
  const { tasks, weights, uncertainty } = judging;
  const { level } = options.look;
  const entryOf = (label: string) => entries.find((entry) => entry.label === label);
  const compare = (entry: Entry, reference: Entry | undefined) => compareModel(entry, reference, tasks, weights);
  const compared = entries.map((entry) => compare(entry, entryOf(options.baseline)));
  const contrasted = options.contrasts.flatMap(([label, other]) => {
    const [model, reference] = [entryOf(label), entryOf(other)];
    return model && reference ? [compare(model, reference)] : [];
  });
  const trained = entries.filter((entry) => !isUnfinished(entry));
  const pairs = pairsOf(trained, entryOf(options.baseline), judging);
  const errors = await errorsOf([...compared, ...contrasted, ...pairs], { entries, tasks, uncertainty }); // reads runs once
  const family = (members: readonly Compared[], own: ErrorsOfGains['errors']) => {
    const tested = testGains(members, own, { ...options, tasks, uncertainty, level });
    return members.map((model, index) => ({ model, tested: must(tested[index], `tested gain ${index}`) }));
  };
  const contrastsOf = (...of: Parameters<typeof family>) =>
    family(...of).map(({ model, tested }) => contrastOf(model, tested, tasks));
  const rows = family(compared, errors.errors).map(({ model, tested }) => rowOf(model, tested, judging));
  const ofPairs = errors.errors.slice(compared.length + contrasted.length).map((of) => of.at(-1) ?? null);
  return {
    compared,
    errors,
    rows,
    contrasts: contrastsOf(contrasted, errors.errors.slice(compared.length)),
    best: bestOf(pairs, ofPairs, rows, { uncertainty, level }),
    fronts: await frontsOf(
      all.filter(isOnFront),
      { entries, rows, baseline: entryOf(options.baseline), tasks, weights, level },
      async (members, pool) =>
        contrastsOf(members, (await errorsOf(members, { entries: pool, tasks, uncertainty })).errors),
    ),
  };
}

/**
 * Adds the values that tables read from each run: the judged metric of each task, and the metrics of the mean over
 * tasks.
 */
async function withMetrics(runs: Entry['runs'], tasks: readonly JudgedTask[]): Promise<Entry['runs']> {
  const wanted = Object.fromEntries(
    tasks.map(({ name, metric }) => [
      name,
      [metric, ...metrics.all.filter(({ type, score }) => type === metric.type && score)].map((metric) => metric.name),
    ]),
  );
  const complete: Entry['runs'][number][] = [];
  for (const { run, ...reference } of runs) // one at a time: predictions are large
    complete.push(run ? { ...reference, run: await withTestMetrics(run, wanted) } : reference);
  return complete;
}

function hasRowErrors(entries: readonly Entry[], tasks: readonly JudgedTask[]): boolean {
  const runs = entries.flatMap((entry) => entry.runs.flatMap(({ run }) => run ?? []));
  return tasks.every(({ metric }) => metric.influence) && runs.every(({ hasPredictions }) => hasPredictions);
}

function rowOf(compared: Compared, tested: TestedGains, { tasks, uncertainty }: Judging): ComparisonRow {
  const { entry } = compared;
  const { verdict, gains, aggregate } = judged(compared, tested);
  const ofTasks = tasks.map((task, index): readonly [string, TaskGain] => [
    task.name,
    {
      metric: task.metric.name,
      ...levelOf(entry, task),
      ...must(gains[index], `gain ${index}`),
      ownBest: ownBestOf(compared, task),
    },
  ]);
  return {
    label: entry.label,
    type: entry.type,
    axis: entry.point,
    parameters: entry.runs.find(({ run }) => run)?.run?.result.parameters ?? null,
    design: uncertainty !== 'rows' && hasGain(compared) ? compared.design : null,
    runs: entry.runs.map(({ run: _, ...reference }) => reference),
    tasks: Object.fromEntries(ofTasks),
    ...overTasks(compared, tasks),
    aggregate,
    atLimit: atLimit(entry).length,
    verdict,
  };
}

/** Adds the verdict over tasks. If the model or its reference might still have improved, no gain has a verdict. */
function judged(
  { entry, reference }: Compared,
  { tasks, aggregate }: TestedGains,
): { readonly verdict: Verdict; readonly gains: readonly TestedGain[]; readonly aggregate: Aggregate | null } {
  const none = tasks.map((gain) => ({ ...gain, ...decided, verdict: null, detectable: null }));
  if (entry === reference) return { verdict: 'baseline', gains: none, aggregate: null };
  if (isUnfinished(entry) || (reference && isUnfinished(reference)))
    return {
      verdict: 'not trained to a plateau',
      gains: none,
      aggregate: aggregate && { ...aggregate, verdict: null },
    };
  return { verdict: rowVerdict(tasks.map(({ verdict }) => verdict)), gains: tasks, aggregate };
}

function isUnfinished(entry: Entry): boolean {
  return atLimit(entry).length > mostAtLimit * entry.runs.filter(({ run }) => run).length;
}

function atLimit({ runs }: Entry): Entry['runs'] {
  return runs.filter(({ run }) => run && isTrained(run) && endedAtLimit(run));
}

/** Means over the runs that record the best epoch for this task alone. The gain is over the reference as it is. */
function ownBestOf({ entry, reference, design }: Compared, task: JudgedTask): TaskGain['ownBest'] {
  const own = runsOf(entry).flatMap(({ seed, run }) => {
    const value = isTrained(run) ? run.result.tasks[task.name]?.ownBest?.test[task.metric.name] : undefined;
    return typeof value === 'number' ? [{ seed, value }] : [];
  });
  if (own.length === 0) return null;
  const others = reference ? sampleOf(runsOf(reference), task) : { runs: [], values: [] };
  const all = design === 'independent';
  const seeds = own.map(({ seed }) => seed).filter((seed) => others.runs.some((run) => run.seed === seed));
  const ours = own.filter(({ seed }) => all || seeds.includes(seed)).map(({ value }) => value);
  const theirs = others.values.filter((_, run) => all || seeds.includes(others.runs[run]?.seed ?? Number.NaN));
  const some = ours.length > 0 && theirs.length > 0;
  return {
    mean: mean(own.map(({ value }) => value)),
    gain: some ? signOf(task.metric) * mean(ours) - mean(theirs) : null,
  };
}

function contrastOf(compared: Compared, tested: TestedGains, tasks: readonly JudgedTask[]): Contrast {
  const { entry, reference } = compared;
  const { verdict, gains, aggregate } = judged(compared, tested);
  const ofTasks = tasks.map(
    ({ name, metric }, index) => [name, { metric: metric.name, ...must(gains[index], `gain ${index}`) }] as const,
  );
  return {
    axis: entry.point,
    model: entry.label,
    reference: reference?.label ?? '',
    tasks: Object.fromEntries(ofTasks),
    aggregate,
    verdict,
  };
}

/**
 * Mean and worst gain over tasks, in the metric that selects epochs for their type and has one scale for all tasks.
 * Null if tasks differ in type or a gain is missing.
 */
function overTasks(compared: Compared, tasks: readonly JudgedTask[]): Pick<ComparisonRow, 'meanGain' | 'worstGain'> {
  const { entry, reference } = compared;
  const types = new Set(tasks.map(({ metric }) => metric.type));
  const metric = metrics.all.find(({ type, score }) => types.has(type) && score);
  const gains = metric
    ? tasks.flatMap(({ name }) => {
        if (!hasGain(compared) || !reference) return [];
        return measureTask(entry, reference, compared.design, { name, metric }).gain ?? [];
      })
    : [];
  if (types.size !== 1 || gains.length < tasks.length) return { meanGain: null, worstGain: null };
  return { meanGain: mean(gains), worstGain: Math.min(...gains) };
}

/** JSON has no infinity: a prior without end means one variance for all models. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
