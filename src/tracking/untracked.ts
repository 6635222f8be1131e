import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../support/whole-number.js';
import type { Tracking } from './trackers.js';

/** A note on finished runs that no tracker has, as only runs that train are tracked. @param paths Their folders. */
export function noteOnUntracked(paths: readonly string[], tracking: Tracking | undefined): string | undefined {
  const { tensorboard = false, mlflow } = tracking ?? {};
  const places = [
    ...(tensorboard ? [['TensorBoard', 'tensorboard']] : []),
    ...(mlflow ? [['MLflow', 'mlflow.json']] : []),
  ];
  for (const [where, file = ''] of places) {
    const left = new Set(paths.filter((path) => !existsSync(join(path, file)))).size;
    if (left > 0)
      return `${counted(left, 'finished run')} will not be in ${where}: only runs that train are tracked. name=NAME trains again, in another folder.`;
  }
  return undefined;
}
