import { parametersOf, type ReadShape } from './data-shapes.js';
import type { Run } from './run.js';

/** Network parameters of each model among these runs, by label: of its first run, since axes and seeds change little. */
export async function modelSizes(
  runs: readonly Run[],
  readShape: ReadShape,
): Promise<ReadonlyMap<string, { readonly run: Run; readonly size: number }>> {
  const firsts = new Map(runs.toReversed().map((run) => [run.label, run]));
  const sizes = await Promise.all(
    Array.from(firsts, async ([label, run]) => {
      const size = await readShape(run.experiment).then(
        ({ model }) => parametersOf(run.experiment, model).network,
        () => 0, // its run will tell what is wrong
      );
      return [label, { run, size }] as const;
    }),
  );
  return new Map(sizes);
}

/** Within each seed the largest models first: then no job begins a long run when the others have nothing left to do. */
export async function largestFirst(runs: readonly Run[], readShape: ReadShape): Promise<readonly Run[]> {
  const sizes = await modelSizes(runs, readShape);
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const sizeOf = ({ label }: Run) => sizes.get(label)?.size ?? 0;
  return runs.toSorted((a, b) => seeds.indexOf(a.seed) - seeds.indexOf(b.seed) || sizeOf(b) - sizeOf(a));
}
