import { must } from '../../support/must.js';
import type { Influences, MeasuredModel, MeasuredRun } from './measured.js';

/**
 * The mean of several models, as one side of a contrast: its run of a seed has the means of their runs of the seed. So
 * runs of different seeds are a sample as those of one model are, and what the models of a seed share stays in it.
 */
export function meanModel(models: readonly MeasuredModel[]): MeasuredModel | undefined {
  const [first, ...others] = models;
  if (!first) return undefined;
  const meanOf = models.map(({ label }) => label);
  const runs = first.runs.flatMap((run): MeasuredRun[] => {
    const of = [run, ...others.flatMap((model) => model.runs.find(({ seed }) => seed === run.seed) ?? [])];
    return of.length < models.length ? [] : [meanRun(of)];
  });
  return {
    ...first,
    label: `mean of ${meanOf.join(', ')}`,
    meanOf,
    folders: models.flatMap(({ folders }) => folders),
    runs,
  };
}

function meanRun(runs: readonly MeasuredRun[]): MeasuredRun {
  const first = must(runs[0], 'run');
  const mean = (of: (run: MeasuredRun) => readonly (number | null)[]) =>
    first.values.map((_, task) => {
      const known = runs.flatMap((run) => of(run)[task] ?? []);
      return known.length < runs.length ? null : known.reduce((sum, value) => sum + value, 0) / runs.length;
    });
  return {
    ...first,
    values: mean(({ values }) => values),
    scores: mean(({ scores }) => scores),
    oneEpoch: mean(({ oneEpoch }) => oneEpoch),
    parameters: null,
    ends: first.ends.map(
      (own, task) => runs.flatMap(({ ends }) => ends[task] ?? []).find((end) => end === 'limit') ?? own,
    ),
    influences: async () => meanInfluences(runs),
  };
}

/** Reads one run after the other. */
async function meanInfluences(runs: readonly MeasuredRun[]): Promise<Influences> {
  const all: Influences[] = [];
  for (const run of runs) all.push(await run.influences());
  const first = must(all[0], 'influences');
  return {
    drawn: first.drawn,
    ofTasks: first.ofTasks.map((own, task) => {
      const others = all.flatMap(({ ofTasks }) => ofTasks[task] ?? []);
      if (!own || others.length < all.length) return null;
      return own.map((_, row) => others.reduce((sum, rows) => sum + (rows[row] ?? 0), 0) / all.length);
    }),
  };
}
