import type { ContrastSide } from '../../config/contrasts.js';
import { must } from '../../support/must.js';
import { worstEnd } from '../../training/ended.js';
import type { Influences } from './influences.js';
import type { MeasuredModel, MeasuredRun } from './measured.js';

/**
 * A weighted sum of models, as one side of a contrast: its run of a seed has the sums of their runs of the seed. So runs
 * of different seeds are a sample as those of one model are, and what the models of a seed share stays in it.
 * @returns undefined if a model is not there
 */
export function sideModel(
  { label, terms, divisor }: ContrastSide,
  named: (label: string) => MeasuredModel | undefined,
): MeasuredModel | undefined {
  const models = terms.flatMap(({ label: of, count }) => {
    const model = named(of);
    return model ? [{ model, count }] : [];
  });
  const [first] = models;
  if (!first || models.length < terms.length) return undefined;
  if (models.length === 1 && first.model.label === label) return first.model;
  const runs = first.model.runs.flatMap(({ seed }): MeasuredRun[] => {
    const ofSeed = models.flatMap(({ model, count }) => {
      const run = model.runs.find((other) => other.seed === seed);
      return run ? [{ run, count }] : [];
    });
    return ofSeed.length < models.length ? [] : [summedRun(ofSeed, divisor)];
  });
  const decided = models.map(({ model }) => model.decided);
  return {
    ...first.model,
    label,
    sumOf: terms.map((term) => term.label),
    total: terms.reduce((sum, { count }) => sum + count, 0) / divisor,
    decided: {
      mixed: decided.flatMap((one) => one?.mixed ?? []),
      atEdge: decided.flatMap((one) => one?.atEdge ?? []),
    },
    folders: models.flatMap(({ model }) => model.folders),
    runs,
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
    influences: () => summedInfluences(terms, divisor),
  };
}

async function summedInfluences(terms: readonly Term[], divisor: number): Promise<Influences> {
  const read: (Influences & { readonly count: number })[] = [];
  // one after the other: they are large
  for (const { run, count } of terms) read.push({ ...(await run.influences()), count });
  const { drawn, ofTasks } = must(read[0], 'influences');
  return {
    drawn,
    ofTasks: ofTasks.map((firstRows, task) => {
      const rows = read.flatMap(({ ofTasks: { [task]: values }, count }) => (values ? [{ values, count }] : []));
      if (!firstRows || rows.length < read.length) return null;
      return firstRows.map(
        (_, row) => rows.reduce((total, { values, count }) => total + count * (values[row] ?? 0), 0) / divisor,
      );
    }),
  };
}
