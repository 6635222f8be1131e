import type { ComparisonRow, Contrast, Front, FrontPoint, TestedGain } from '../comparison.js';
import { hypervolume } from '../statistics/hypervolume.js';
import { type Compared, compareModel } from './compared-model.js';
import { type Entry, type JudgedTask, relativeGain } from './task-gain.js';

/** The table at one point of the axes. */
interface Table {
  readonly entries: readonly Entry[];
  readonly rows: readonly ComparisonRow[];
  readonly baseline: Entry | undefined;
  readonly tasks: readonly JudgedTask[];
  readonly weights: readonly number[];
  readonly level: number;
}

/** Tests gains as one family. @param pool The models whose run variances are squeezed together. */
type TestFamily = (members: readonly Compared[], pool: readonly Entry[]) => Promise<readonly Contrast[]>;

/**
 * The fronts of the models at one point of the axes: the gains of each at several loss weights, over the baseline. The gains of a front are a
 * family. Its runs and those of the table are one pool of variances, so that no front changes the tests of the table or of another front.
 * @param entries The points of the fronts, those of a model in ascending order of the weight.
 */
export async function frontsOf(entries: readonly Entry[], table: Table, test: TestFamily): Promise<readonly Front[]> {
  const fronts: Front[] = [];
  for (const row of table.rows) {
    const own = entries.filter(({ label }) => label === row.label);
    const [key] = Object.keys(own[0]?.values ?? {});
    if (key === undefined || row.verdict === 'baseline') continue;
    // The table has the runs of a weight that is the model's own: they count once.
    const members = own.map((entry) => table.entries.find((other) => hasSameRuns(entry, other)) ?? entry);
    const compared = members.map((entry) => compareModel(entry, table.baseline, table.tasks, table.weights));
    const tested = await test(compared, [...new Set([...table.entries, ...members])]);
    const points = own.flatMap(({ values, runs }, index): FrontPoint[] => {
      const found = tested[index];
      if (!found) return [];
      const { tasks, aggregate, verdict } = found;
      const references = runs.map(({ run: _, ...reference }) => reference);
      return [{ value: Number(values?.[key]), runs: references, tasks, aggregate, verdict }];
    });
    fronts.push({
      ...{ axis: row.axis, model: row.label, key, points },
      hypervolume: dominated(points, compared, table.tasks),
      ...seesawOf(row, points, table.level),
    });
  }
  return fronts;
}

function hasSameRuns(one: Entry, other: Entry): boolean {
  const pathsOf = ({ runs }: Entry) => JSON.stringify(runs.map(({ seed, path, parts }) => [seed, path, parts]));
  return one.label === other.label && pathsOf(one) === pathsOf(other);
}

/** The volume can only grow with a gain. So the lower ends of simultaneous intervals give a bound of it, and so do the upper ends. */
function dominated(
  points: readonly FrontPoint[],
  compared: readonly Compared[],
  tasks: readonly JudgedTask[],
): Front['hypervolume'] {
  const factors = tasks.map((_, task) => {
    const level = compared.flatMap(({ measures }) => measures[task]?.level ?? [])[0];
    return level === undefined ? null : relativeGain(1, level);
  });
  const gains = points.map((point) => tasks.map(({ name }) => point.tasks[name]));
  const whole = gains.filter((ofTasks) => ofTasks.every((gain, task) => gain && gain.gain !== null && factors[task]));
  if (whole.length === 0) return null;
  const volumeOf = (read: (gain: TestedGain | undefined) => number | null | undefined) =>
    hypervolume(whole.map((ofTasks) => ofTasks.map((gain, task) => (factors[task] ?? 0) * (read(gain) ?? 0))));
  // A point without an interval may lie anywhere.
  const isBounded = whole.every((ofTasks) => ofTasks.every((gain) => gain?.simultaneous));
  const end = (side: 0 | 1) => volumeOf((gain) => gain?.simultaneous?.[side]);
  return { value: volumeOf((gain) => gain?.gain), interval: isBounded ? [end(0), end(1)] : null };
}

/**
 * A weight repairs a seesaw if the tests show that a task is better there and that every other one is better, equivalent or not inferior. None
 * does if a task is worse at each.
 */
function seesawOf(
  { verdict }: ComparisonRow,
  points: readonly FrontPoint[],
  level: number,
): Pick<Front, 'seesaw' | 'repairedBy'> {
  if (verdict !== 'seesaw') return { seesaw: null, repairedBy: [] };
  const gainsOf = ({ tasks }: FrontPoint) => Object.values(tasks);
  const notWorse = ({ verdict: own, pNotInferior }: TestedGain) =>
    own === 'better' || own === 'equivalent' || (own === 'undecided' && pNotInferior !== null && pNotInferior < level);
  const repairs = (point: FrontPoint) =>
    gainsOf(point).every(notWorse) && gainsOf(point).some((gain) => gain.verdict === 'better');
  const repairedBy = points.filter(repairs).map(({ value }) => value);
  if (repairedBy.length > 0) return { seesaw: 'repaired', repairedBy };
  const allWorse = points.every((point) => gainsOf(point).some((gain) => gain.verdict === 'worse'));
  return { seesaw: allWorse ? 'not repaired' : 'undecided', repairedBy };
}
