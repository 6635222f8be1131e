import type { z } from 'zod';
import type { ConfigDocument, Path } from './document.js';
import type { Experiment } from './experiment.js';
import { failAt, refuse } from './parse.js';
import type { Spaces } from './search.js';

/** Values by dotted key, such as `axes` or what `tune` searches, and where they are written. */
export interface Choices {
  readonly path: Path;
  readonly values: Spaces;
}

/**
 * Checks the keys that a comparison varies: those of axes, of the search for all models, and of searches for one. It
 * refuses a key that cannot be varied there, or is varied in two places.
 */
export function checkVariedKeys(
  axes: Choices,
  shared: Choices,
  own: readonly Choices[],
  context: z.core.$RefinementCtx,
): void {
  checkValues(axes, 'dataset, inputs, tasks, model, loss or train', context);
  for (const tune of [shared, ...own]) {
    checkValues(tune, 'inputs, tasks, model, loss or train', context);
    for (const key of Object.keys(tune.values)) {
      const fail = (message: string) => refuse(context, [...tune.path, key], message);
      if (key in axes.values) fail('is an axis already');
      else if (tune !== shared && key in shared.values)
        fail('is in compare.tune already, which is searched for every model');
      else if (key.split('.', 1)[0] === 'dataset')
        fail('cannot be tuned: models are compared on the same data and split; vary it by axes');
    }
  }
}

/** Keys that a comparison sets itself, that it has once, or that do not belong to a run. */
const ownKeys = ['compare', 'execute', 'name', 'seed', 'engine', 'tracking', 'model', 'dataset.from'];

function checkValues({ path, values }: Choices, parts: string, context: z.core.$RefinementCtx): void {
  for (const key of Object.keys(values)) {
    const whole =
      ownKeys.includes(key) || ['compare', 'execute', 'engine', 'tracking'].includes(key.split('.', 1)[0] ?? '');
    if (whole) refuse(context, [...path, key], `cannot be varied here: name a key below ${parts}`);
  }
}

/** @throws ConfigError if a varied value changes the tasks. */
export function checkTasks(experiments: readonly Experiment[], document: ConfigDocument): void {
  const taskList = ({ tasks }: Experiment) => tasks.map(({ name, type }) => `${name}: ${type}`).join(', ');
  const [first, other] = new Set(experiments.map(taskList));
  if (other === undefined) return;
  const message = `a value gives other tasks (${first}; ${other}): all points of a comparison have the same`;
  throw failAt(document, ['compare'], message);
}
