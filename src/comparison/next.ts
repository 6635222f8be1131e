import { join } from 'node:path';
import { isLossWeight } from '../config/compare-schema.js';
import type { ComparisonConfig } from '../config/comparison.js';
import { metrics } from '../metrics/catalogue.js';
import { balancings } from '../objective/balancing/catalogue.js';
import { ConfigError } from '../support/errors.js';
import { wholeNumber } from '../support/text.js';
import { mostPredictions } from '../training/journal.js';
import type { LoadingEvent } from '../training/load-dataset.js';
import type { SearchRecord } from './comparison.js';
import type { ReadShape } from './plan/data-shapes.js';
import { type ChosenValues, createMatching, type DecidedChanges, decide } from './plan/decided-changes.js';
import { folderAssigner, type Run, reportedRuns, type Stage, unfinished } from './plan/run.js';
import { readSearch, type Search, searchedModels } from './search.js';

/** What depends on the config and the data, and the questions to a comparison's folder. */
export interface Plan {
  /** Where the reported runs are, and those of the search. */
  readonly folders: Readonly<Record<Stage['stage'], string>>;
  /** The search of `tune`, as far as it is. */
  search(failed: ReadonlySet<string>): Promise<Search>;
  /** The decisions of `tune` and `match`. The search must have ended. */
  decide(chosen: ChosenValues): Promise<DecidedChanges>;
  /** The reported runs for these seeds. Without decisions, `tune` is assumed to choose the config's values. */
  runs(
    decided: DecidedChanges | undefined,
    seeds: readonly number[],
    failed?: ReadonlySet<string>,
  ): Promise<readonly Run[]>;
}

/** What a comparison does next: it trains runs, of which some have not ended, or makes the table of those that have. */
export type NextStep = TrainStep | TableStep;

interface TrainStep extends Stage {
  readonly kind: 'train';
  /** What was decided for reported runs. Absent for those of a search. */
  readonly decided?: DecidedChanges;
}

export interface TableStep extends Stage {
  readonly kind: 'table';
  readonly decided: DecidedChanges;
  /** What `tune` tried. */
  readonly search: SearchRecord | undefined;
}

/**
 * What is next, of what the folder has: the search, then the reported runs, with a run that has not ended; then the
 * table.
 * @param failed Paths of runs that failed in this process. Another process tries them again.
 */
export async function next(plan: Plan, seeds: readonly number[], failed: ReadonlySet<string>): Promise<NextStep> {
  const search = await plan.search(failed);
  const { outcome, stage } = search;
  if (!outcome) return { kind: 'train', stage, folder: plan.folders[stage], runs: search.runs };
  const decided = await plan.decide(outcome.chosen);
  const runs = await plan.runs(decided, seeds, failed);
  const reported = { stage: 'runs', folder: plan.folders.runs, runs, decided } as const;
  return unfinished(runs).length > 0
    ? { kind: 'train', ...reported }
    : { kind: 'table', ...reported, search: outcome.record };
}

/**
 * Reads what the plan depends on: the data, where the config asks something of them, or matches widths.
 * @throws ConfigError if the config asks for something that the data do not have.
 */
export async function openPlan(
  config: ComparisonConfig,
  folder: string,
  readShape: ReadShape,
  on: (event: LoadingEvent) => void,
  signal: AbortSignal,
): Promise<Plan> {
  await checkData(config, readShape);
  checkWeights(config);
  const folders = { runs: folder, tuning: join(folder, 'tuning') };
  const matching = createMatching(config, readShape);
  const searched = await searchedModels(config, matching, readShape, signal);
  const placeRuns = folderAssigner(config, on, signal);
  // Without a search, matched widths are tried now, so that a mistake is found before hours of training.
  const undecided = await decide(config, matching, (label, point) =>
    searched.some((model) => model.label === label && model.point === point) ? [{ tasks: [], values: {} }] : undefined,
  );
  return {
    folders,
    search: (failed) =>
      readSearch(config, searched, { folder: folders[config.crossFit ? 'runs' : 'tuning'], failed, placeRuns }),
    decide: (chosen) => decide(config, matching, chosen),
    runs: (decided = undecided, seeds, failed) => placeRuns(reportedRuns(config, decided, seeds), folder, failed),
  };
}

/**
 * Checks the config's demands on the data before anything is trained: errors over test rows need the predictions of
 * every run, and some metrics need groups. Reads the data only if there are such demands.
 */
export async function checkData(config: ComparisonConfig, readShape: ReadShape): Promise<void> {
  const { uncertainty, points, seeds, baseline } = config;
  const needsPredictions = uncertainty === 'rows' || uncertainty === 'both';
  const grouped = Object.entries(config.metrics).find(([, name]) => 'computeGrouped' in metrics.get(name));
  if (!needsPredictions && !grouped) return;
  for (const point of points) {
    const shape = await readShape(config.experiment(baseline, point, seeds[0] ?? 0));
    if (needsPredictions && shape.rows.test > mostPredictions)
      throw new ConfigError(
        `compare.uncertainty: '${uncertainty}' needs the predictions of every run, and they are kept up to ${wholeNumber(mostPredictions)} test rows; ` +
          `the data have ${wholeNumber(shape.rows.test)}. Use 'seeds'.`,
      );
    if (grouped && !shape.grouped)
      throw new ConfigError(
        `compare.metrics.${grouped[0]}: '${grouped[1]}' needs data that say which rows are of one user, and these do not. Of your own tables, dataset.group names the column.`,
      );
  }
}

/** A balancing method, also one that a search tries, may undo the loss weights that an axis varies. */
export function checkWeights({ axes, points, models, seeds, pointOf, settings, experiment }: ComparisonConfig): void {
  const weight = Object.keys(axes).find(isLossWeight);
  if (weight === undefined) return;
  for (const { label } of models)
    for (const point of points.filter((point) => weight in pointOf(label, point)))
      for (const values of settings(label)) {
        const { balancing } = experiment(label, point, seeds[0] ?? 0, values).loss;
        if (balancings.get(balancing.type).undoesWeights?.(balancing))
          throw new ConfigError(
            `compare.axes.${weight}: loss.balancing '${balancing.type}' undoes loss weights, so that ${label} is the same at each: choose another method, or name the models that vary ({ values: […], models: […] }).`,
          );
      }
}
