import { z } from 'zod';
import { defineBalancing } from './balancing.js';

/**
 * Yang, Pan, Gai, Yang and Guo, "AdaTask: a task-aware adaptive learning rate approach to multi-task learning" (AAAI
 * 2023), algorithm 1: the optimizer keeps its sums for each task, from the task's gradients alone, and moves a shared
 * parameter by the sum of the tasks' updates. So a task with large gradients does not lower the step of another.
 */
export const adatask = defineBalancing({
  name: 'adatask',
  summary: 'one optimizer state per task; shared parameters move by the sum of the tasks’ updates',
  source: 'Yang et al. 2023 (AdaTask), algorithm 1',
  options: z.strictObject({ type: z.literal('adatask') }),
  statesByTask: true,
  build: ({ tasks }) => ({
    kind: 'states',
    tasks: tasks.map(({ name }) => name),
    noise: {},
    slots: () => ({}),
  }),
});
