import { cgc } from './cgc.js';
import { extraction } from './extraction.fixture.js';
import { layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';

testModel(cgc, {
  reference: extraction,
  cases: [
    {
      label: 'equal counts',
      shape: { tasks: two, ...uniform },
      options: { levels: [[5, 4]], tower: [3], experts: 3 },
      count: U.embeddings + 9 * layers(U.x, 5, 4) + 2 * U.x * 6 + 2 * layers(4, 3, 1),
    },
    {
      label: 'unequal counts, one of 0',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4]], tower: [3], experts: { shared: 2, task: { click: 0, view: 1, buy: 3 } } },
      count: M.embeddings + 6 * layers(M.x, 5, 4) + M.x * (3 + 2 + 5) + 3 * layers(4, 3, 1),
    },
    {
      label: 'nothing shared, gates over one expert',
      shape: { tasks: three, ...uniform },
      options: { levels: [[4]], tower: [3], experts: { shared: 0, task: { view: 1, click: 2, buy: 1 } } },
      count: U.embeddings + 4 * layers(U.x, 4) + U.x * 2 + 3 * layers(4, 3, 1),
    },
  ],
});
