import type { ComparisonConfig } from '../../config/comparison.js';
import { type ContrastConfig, contrastSides } from '../../config/contrasts.js';
import { groupedBy } from '../../support/json.js';
import { must } from '../../support/must.js';
import type { ComparedModel, Comparison, Gain } from '../comparison.js';
import { fewestRuns } from '../statistics/gain-family.js';
import { type Entry, referencesTo } from '../stored/entry.js';
import { contrastSidesOf, gainsOverTasks, type TestedPair, testPairs, withPart } from './gain-rows.js';
import {
  type Compared,
  type EstimatedGain,
  estimateGains,
  type Gains,
  hasGain,
  type Judging,
  runCount,
} from './gains.js';
import { judge } from './judged-task.js';
import { meansOverPoints } from './means-over-points.js';
import { measured } from './measured.js';
import { type MeasuredModel, runsAtLimit } from './measured-model.js';
import { notesOn } from './notes.js';
import { sideModel } from './summed-model.js';
import { testedPick } from './tested-picks.js';

export interface SummaryOptions
  extends Pick<
    ComparisonConfig,
    'name' | 'baseline' | 'metrics' | 'margins' | 'taskWeights' | 'seeds' | 'uncertainty'
  > {
  readonly contrasts: readonly ContrastConfig[];
  readonly axes: Comparison['axes'];
  /** In the order of all tables. */
  readonly tasks: readonly { readonly name: string; readonly type: string }[];
  /** Absent: differences. */
  readonly errorGains?: ComparisonConfig['errorGains'] | undefined;
  /** How many seeds the table was tested with before. */
  readonly seedsBefore: readonly number[];
  readonly timing: Comparison['timing'];
}

/**
 * Computes comparison.json from runs: gains over the baseline, their errors and tests, verdicts and notes
 * (docs/statistics.md). Models are in the order of the entries, point after point. The same runs give the same bits, in
 * whatever order they finished, and a config names seeds.
 * @throws DataError if the runs of a pair were not made on the same data.
 */
export async function summarize(entries: readonly Entry[], options: SummaryOptions): Promise<Comparison> {
  const { name, baseline, seeds, axes, seedsBefore, margins, errorGains, timing } = options;
  const tasks = options.tasks.map((task) => judge(task, options.metrics, errorGains));
  const models = await measured(entries, tasks);
  const hasRowErrors = mayHaveRowErrors(models, tasks);
  const uncertainty = options.uncertainty ?? (hasRowErrors ? 'both' : 'seeds');
  const weights = tasks.map((task) => options.taskWeights[task.name] ?? 1);
  const judging: Judging = { tasks, weights, uncertainty, margins, level: 0.05 };
  const tables: PointTable[] = [];
  for (const atPoint of groupedBy(models, ({ point }) => point)) tables.push(await tableAt(atPoint, options, judging));
  const test = testOf(tables, judging);
  const trained = tables.flatMap((table) => table.trained);
  return {
    schema: 7,
    name,
    baseline,
    tasks: tasks.map((task) => task.name),
    seeds,
    axes,
    uncertainty,
    test,
    ...(errorGains === 'log' ? { errorGains } : {}),
    margins,
    taskWeights: Object.fromEntries(tasks.map((task, index) => [task.name, weights[index] ?? 1])),
    ...(seedsBefore.length > 0 ? { seedsBefore } : {}),
    models: tables.flatMap((table) => table.rows.map((tested) => comparedModel(tested, judging))),
    contrasts: distinctContrasts(tables),
    gains: [
      ...tables.flatMap((table) => gainRows([...table.rows, ...table.contrasts], uncertainty, test.drawn)),
      ...meansOverPoints(tables.map(distinctPairs), judging),
    ],
    ...(trained.length > 0 ? { trained } : {}),
    notes: notesOn(tables, { tasks, seeds, uncertainty, baseline, hasRowErrors, seedsBefore, level: judging.level }),
    timing,
  };
}

/** Whether all metrics have influences of test rows, and all runs their predictions. */
function mayHaveRowErrors(models: readonly MeasuredModel[], tasks: Judging['tasks']): boolean {
  const runs = models.flatMap(({ folders }) => folders.map(({ run }) => run));
  return tasks.every(({ metric }) => metric.influence) && runs.every((run) => run?.hasPredictions ?? true);
}

function testOf(tables: readonly PointTable[], { level }: Judging): Comparison['test'] {
  const prior = Math.max(0, ...tables.map(({ errors }) => errors.priorDegreesOfFreedom));
  return {
    priorDegreesOfFreedom: Number.isFinite(prior) ? prior : null, // JSON has no infinity
    drawn: tables.find(({ errors }) => errors.drawn !== null)?.errors.drawn ?? null,
    level,
  };
}

function distinctContrasts(tables: readonly PointTable[]): Comparison['contrasts'] {
  const contrasts = tables.flatMap((table) => table.contrasts.map(({ pair }) => contrastSidesOf(pair)));
  return groupedBy(contrasts, (sides) => sides).map(([sides]) => sides);
}

/** The table at a point of the axes. */
interface PointTable {
  /** What the errors of all its gains have in common. */
  readonly errors: Pick<Gains, 'priorDegreesOfFreedom' | 'drawn'>;
  /** Over the baseline, itself among them. */
  readonly models: readonly TestedPair[];
  /** The models, then the rows that pick from them, which are in no family. */
  readonly rows: readonly TestedPair[];
  /** Over other models. */
  readonly contrasts: readonly TestedPair[];
  readonly trained: NonNullable<Comparison['trained']>;
}

async function tableAt(rows: readonly MeasuredModel[], options: SummaryOptions, judging: Judging): Promise<PointTable> {
  const models = rows.filter(({ decided }) => !decided?.picked);
  const named = (label: string) => models.find((model) => model.label === label);
  const baseline = named(options.baseline);
  const [{ point } = { point: {} }] = models;
  const contrasted = options.contrasts.flatMap((contrast): Compared[] => {
    const sides = contrastSides(contrast);
    const [model, reference] = [sideModel(sides.model, named), sideModel(sides.reference, named)];
    return model && reference ? [{ model, reference, ...('of' in contrast ? { contrast } : {}) }] : [];
  });
  const overBaseline = models.map((model): Compared => ({ model, reference: baseline }));
  const { families, ...errors } = await estimateGains([overBaseline, contrasted], models, judging);
  const [pairs = [], contrastPairs = []] = families;
  const trained = baseline?.runs[0]?.trained;
  const tested = testPairs('models', pairs, judging);
  return {
    errors,
    models: tested,
    rows: [...tested, ...rows.flatMap((row) => testedPick(row, tested, judging))],
    contrasts: testPairs('contrasts', contrastPairs, judging),
    trained: trained ? [{ point, ...trained }] : [],
  };
}

/** A contrast with the baseline is a gain of a model: it counts once. */
function distinctPairs({ models, contrasts }: PointTable): readonly TestedPair[] {
  const [baseline] = models.map(({ pair }) => pair.reference);
  return [...models, ...contrasts.filter(({ pair }) => pair.reference !== baseline)];
}

/**
 * The gains of a table, each with its part of a claim. More draws lower the whole error, unless test rows are a part of
 * it.
 */
function gainRows(
  tested: readonly TestedPair[],
  uncertainty: Judging['uncertainty'],
  drawn: Gains['drawn'],
): readonly Gain[] {
  return tested.flatMap(({ pair, tasks, deltaM }) => {
    const isOfDraws = uncertainty !== 'rows' && drawn === null && pair.design !== 'splits';
    const withWord = (row: Gain, estimated: EstimatedGain) => {
      const runs = runCount(pair, estimated);
      return withPart(row, isOfDraws ? runs : null, uncertainty === 'rows' || runs >= fewestRuns);
    };
    const rows = tasks.map((row, task) => withWord(row, must(pair.tasks[task], 'gain')));
    return deltaM ? [...rows, withWord(deltaM, pair.deltaM)] : rows;
  });
}

function comparedModel({ pair, verdict }: TestedPair, judging: Judging): ComparedModel {
  const { label, type, point, folders, runs, decided } = pair.model;
  return {
    label,
    type,
    point,
    parameters: runs[0]?.parameters ?? null,
    networks: Math.max(1, ...runs.map((run) => run.networks)),
    design: judging.uncertainty !== 'rows' && hasGain(pair) ? pair.design : null,
    runs: referencesTo(folders),
    ...gainsOverTasks(pair, judging.tasks),
    atLimit: runsAtLimit(pair.model),
    verdict,
    ...decided,
  };
}
