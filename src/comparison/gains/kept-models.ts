import { must } from '../../support/must.js';
import type { KeptModels, MeasuredModel, MeasuredRun } from './measured-model.js';

/** With more combinations of settings there is no test: they cost memory, and the test would have no power. */
const mostCombinations = 16;

/** Tasks that choose a setting together, and the settings that validation does not rule out. */
export interface KeptSettings {
  readonly tasks: readonly string[];
  readonly settings: readonly MeasuredModel[];
}

/** What may be best of a model whose settings were chosen. Undefined: nothing was chosen. */
export function keptModels(groups: readonly KeptSettings[], tasks: readonly string[]): KeptModels {
  const byTask = tasks.map((task) => {
    return must(
      groups.find((group) => group.tasks.includes(task)),
      `settings of task '${task}'`,
    ).settings;
  });
  const [together] = groups;
  return {
    selection: groups.length < tasks.length ? 'any' : 'best',
    byTask,
    overTasks: groups.length === 1 && together ? together.settings : choicesByTask(byTask).map(modelByTask),
  };
}

/** Each choice of one item from every list. Empty: there are too many. */
export function choicesByTask<Item>(lists: readonly (readonly Item[])[]): readonly (readonly Item[])[] {
  const count = lists.reduce((product, { length }) => product * length, 1);
  if (count > mostCombinations) return [];
  return lists.reduce<readonly (readonly Item[])[]>(
    (chosen, list) => chosen.flatMap((items) => list.map((item) => [...items, item])),
    [[]],
  );
}

/** A model that takes each task from the setting that is chosen for it. */
function modelByTask(settings: readonly MeasuredModel[]): MeasuredModel {
  const first = must(settings[0], 'setting');
  const runs = first.runs.flatMap((run): readonly MeasuredRun[] => {
    const byTask = settings.map((setting) => setting.runs.find(({ seed }) => seed === run.seed));
    if (byTask.includes(undefined)) return [];
    return [
      {
        ...run,
        values: byTask.map((ofTask, task) => ofTask?.values[task] ?? null),
        parts: (task) => byTask[task]?.parts(task) ?? [],
      },
    ];
  });
  return { ...first, runs };
}
