import { parametersOf, type ReadShape } from '../plan/data-shapes.js';
import type { Run } from '../plan/run.js';

/**
 * Sorts runs by the network parameters of their models, the largest first, within each seed. This way no long run
 * starts last while other jobs are idle. Of a model only its first run is counted, since axes and seeds change little.
 */
export async function largestFirst(runs: readonly Run[], readShape: ReadShape): Promise<readonly Run[]> {
  const firsts = new Map(runs.toReversed().map((run) => [run.label, run]));
  const sizes = new Map<string, number>();
  for (const [label, { experiment }] of firsts) {
    const shape = await readShape(experiment).catch(() => undefined); // the run itself will report what is wrong
    sizes.set(label, shape ? parametersOf(experiment, shape.model).network : 0);
  }
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const sizeOf = ({ label }: Run) => sizes.get(label) ?? 0;
  return runs.toSorted((a, b) => seeds.indexOf(a.seed) - seeds.indexOf(b.seed) || sizeOf(b) - sizeOf(a));
}
