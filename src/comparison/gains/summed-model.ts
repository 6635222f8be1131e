import type { ContrastSide } from '../../config/contrasts.js';
import { must } from '../../support/must.js';
import { worstEnd } from '../../training/ended.js';
import { choicesByTask } from './kept-models.js';
import type { KeptModels, MeasuredModel, MeasuredRun } from './measured-model.js';

/**
 * A weighted sum of models, as one side of a contrast: its run of a seed has the sums of their runs of the seed. So runs
 * of different seeds are a sample as those of one model are, and what the models of a seed share stays in it.
 * @returns undefined if a model is not there
 */
export function sideModel(
  side: ContrastSide,
  named: (label: string) => MeasuredModel | undefined,
): MeasuredModel | undefined {
  const models = side.terms.flatMap(({ label }) => named(label) ?? []);
  const [first] = models;
  if (!first || models.length < side.terms.length) return undefined;
  if (models.length === 1 && first.label === side.label) return first;
  const kept = keptSums(models, side);
  return { ...sumOfModels(models, side), ...(kept ? { kept } : {}) };
}

/** @param models in the order of the terms */
function sumOfModels(models: readonly MeasuredModel[], { label, terms, divisor }: ContrastSide): MeasuredModel {
  const { kept: _, ...first } = must(models[0], 'model');
  const runs = first.runs.flatMap(({ seed }): MeasuredRun[] => {
    const ofSeed = models.flatMap((model, index) => {
      const run = model.runs.find((other) => other.seed === seed);
      return run ? [{ run, count: terms[index]?.count ?? 1 }] : [];
    });
    return ofSeed.length < models.length ? [] : [summedRun(ofSeed, divisor)];
  });
  const decided = models.map((model) => model.decided);
  return {
    ...first,
    label,
    sumOf: terms.map((term) => term.label),
    total: terms.reduce((sum, { count }) => sum + count, 0) / divisor,
    decided: {
      mixed: decided.flatMap((one) => one?.mixed ?? []),
      atEdge: decided.flatMap((one) => one?.atEdge ?? []),
    },
    folders: models.flatMap(({ folders }) => folders),
    runs,
  };
}

/** The best of a sum is the sum of the bests: all combinations of the models' settings. */
function keptSums(models: readonly MeasuredModel[], side: ContrastSide): KeptModels | undefined {
  const kept = models.flatMap((model) => model.kept ?? []);
  const [one] = kept;
  if (!one) return undefined;
  const sums = (settingsOf: (kept: KeptModels) => readonly MeasuredModel[]) =>
    choicesByTask(models.map((model) => (model.kept ? settingsOf(model.kept) : [model]))).map((settings) =>
      sumOfModels(settings, side),
    );
  return {
    selection: kept.some(({ selection }) => selection === 'any') ? 'any' : 'best',
    byTask: one.byTask.map((_, task) => sums(({ byTask }) => byTask[task] ?? [])),
    overTasks: sums(({ overTasks }) => overTasks),
  };
}

interface Term {
  readonly run: MeasuredRun;
  readonly count: number;
}

/** The sum of the runs, each times its count, over the divisor. */
function summedRun(terms: readonly Term[], divisor: number): MeasuredRun {
  const { run: first } = must(terms[0], 'run');
  const summed = (key: 'values' | 'scores' | 'oneEpoch') =>
    first[key].map((_, task) => {
      const values = terms.flatMap(({ run, count }) => {
        const value = run[key][task] ?? null;
        return value === null ? [] : [count * value];
      });
      return values.length < terms.length ? null : values.reduce((total, value) => total + value, 0) / divisor;
    });
  return {
    ...first,
    values: summed('values'),
    scores: summed('scores'),
    oneEpoch: summed('oneEpoch'),
    parameters: null,
    // The worst of its models' ends. A run that was made elsewhere has none, and was trained for as long as it was to be.
    ends: first.values.map((_, task) => worstEnd(['budget', ...terms.flatMap(({ run }) => run.ends[task] ?? [])])),
    parts: (task) =>
      terms.flatMap(({ run, count }) =>
        run.parts(task).map((part) => ({ ...part, weight: (count * part.weight) / divisor })),
      ),
  };
}
