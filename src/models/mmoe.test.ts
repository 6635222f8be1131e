import { extraction } from './extraction.fixture.js';
import { mmoe } from './mmoe.js';
import { mixed, testModel, three, two, uniform } from './model-tests.fixture.js';
import type { LayerOptions } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly experts: number;
}

testModel<Options>(mmoe, {
  reference: ({ options, ...point }) =>
    extraction({ ...point, options: { ...options, experts: { shared: options.experts, task: 0 } } }),
  cases: [
    {
      label: 'five experts, three tasks',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4]], tower: [3], experts: 5 },
    },
    {
      label: 'one expert',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4]], tower: [3], experts: 1 },
    },
  ],
});
