import { extraction } from './extraction.fixture.js';
import { layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import { ple } from './ple.js';

testModel(ple, {
  reference: extraction,
  cases: [
    {
      label: 'equal counts',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5, 4], [3]], tower: [3], experts: 2 },
      count: M.embeddings + 6 * (layers(M.x, 5, 4) + layers(4, 3)) + 2 * (M.x + 4) * 4 + M.x * 6 + 2 * layers(3, 3, 1),
    },
    {
      label: 'three levels, m_s and m_k differ, one of them wide',
      shape: { tasks: three, ...uniform },
      options: { levels: [[5], [4, 3], [240]], tower: [3], experts: { shared: 3, task: 1 } },
      count:
        U.embeddings +
        6 * (layers(U.x, 5) + layers(5, 4, 3) + layers(3, 240)) +
        3 * (U.x + 5 + 3) * 4 + // task gates
        (U.x + 5) * 6 + // shared gates, not at the last level
        3 * layers(240, 3, 1),
    },
    {
      label: 'unequal counts, one of 0',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5, 4], [3]], tower: [3], experts: { shared: 2, task: { view: 1, click: 0, buy: 3 } } },
      count:
        M.embeddings + 6 * (layers(M.x, 5, 4) + layers(4, 3)) + (M.x + 4) * (3 + 2 + 5) + M.x * 6 + 3 * layers(3, 3, 1),
    },
    {
      label: 'gates that see nothing',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5], [3]], tower: [3], experts: 2, gates: 'blind' },
      count: M.embeddings + 6 * (layers(M.x, 5) + layers(5, 3)) + 2 * 2 * 4 + 6 + 2 * layers(3, 3, 1),
    },
    {
      label: 'nothing shared, one expert each',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4], [3]], tower: [3], experts: { shared: 0, task: 1 } },
      count: U.embeddings + 2 * (layers(U.x, 4) + layers(4, 3) + layers(3, 3, 1)),
    },
  ],
});
