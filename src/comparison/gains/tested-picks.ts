import type { Gain, PickedTask } from '../comparison.js';
import { rowVerdict } from '../statistics/gain-family.js';
import { type TestedPair, testPairs } from './gain-rows.js';
import { type Judging, meansOf } from './gains.js';
import type { MeasuredModel, MeasuredRun } from './measured-model.js';

/**
 * The row of a pick; none of another model. It adds no test to the family, which has its models. Where all seeds picked
 * one model for a task, that model's row is its row; elsewhere it has a gain without an error.
 * @param models The tested rows of the point.
 */
export function testedPick(
  pick: MeasuredModel,
  models: readonly TestedPair[],
  judging: Judging,
): readonly TestedPair[] {
  const picked = pick.decided?.picked;
  if (!picked) return [];
  const named = (label: string | null | undefined) => models.find(({ pair }) => pair.model.label === label);
  const judgedRun = (served: MeasuredRun) => {
    const values = picked.map(({ bySeed }, task) => {
      const runs = named(bySeed[served.seed])?.pair.model.runs;
      return runs?.find(({ seed }) => seed === served.seed)?.values[task] ?? null;
    });
    return { ...served, values, scores: [], oneEpoch: [] };
  };
  const rowOf = (row: Gain, tasks: readonly PickedTask[]): Gain => {
    const [label, ...others] = new Set(tasks.flatMap(({ bySeed }) => Object.values(bySeed)));
    const only = others.length === 0 ? named(label) : undefined;
    const ofModel = [...(only?.tasks ?? []), only?.deltaM].find((one) => one?.task === row.task);
    if (ofModel && only?.verdict !== 'baseline') return ofModel;
    return { ...row, atEdge: false, verdict: only ? 'equivalent' : null };
  };
  const model = { ...pick, runs: pick.runs.map(judgedRun) };
  const pair = meansOf({ model, reference: models[0]?.pair.reference }, judging);
  return testPairs('models', [pair], judging).map(({ tasks, deltaM }) => {
    const rows = tasks.map((row, task) => rowOf(row, picked.slice(task, task + 1)));
    const verdicts = rows.map((row) => row.verdict);
    const judged = verdicts.find((one) => one === 'not trained to a plateau') ?? rowVerdict(verdicts);
    const verdict = verdicts.includes(null) ? 'no verdict' : judged;
    const ofPick = (row: Gain): Gain => ({ ...row, model: pick.label, modelVerdict: verdict });
    return { pair, verdict, tasks: rows.map(ofPick), deltaM: deltaM && ofPick(rowOf(deltaM, picked)) };
  });
}
