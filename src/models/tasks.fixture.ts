import type { ModelTask } from './model.js';

export function binaryTasks(...names: string[]): ModelTask[] {
  return names.map((name) => ({ name, type: 'binary' }));
}
