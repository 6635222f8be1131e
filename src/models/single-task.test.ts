import { testModel, three, two, uniform, withLists } from './model-tests.fixture.js';
import { embed, tower } from './scalars.fixture.js';
import { singleTask } from './single-task.js';

testModel(singleTask, {
  reference: (point) => ({
    logits: point.shape.tasks.map(({ name: task }) => tower(point, `${task}.mlp`, 0, embed(point, `${task}.`))),
  }),
  cases: [
    {
      label: 'three tasks',
      shape: { tasks: three, ...uniform },
      options: { levels: [[4]], tower: [] },
    },
    {
      label: 'lists, one of them with attention',
      shape: { tasks: two, ...withLists },
      options: { levels: [[4]], tower: [] },
    },
  ],
});
