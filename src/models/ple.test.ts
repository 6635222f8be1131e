import { expect, test } from 'vitest';
import { extraction } from './extraction.fixture.js';
import { layers, M, mixed, testModel, three, two, U, uniform } from './model-tests.fixture.js';
import { ple } from './ple.js';
import { build, logitRows, randomRows, randomValues } from './run.fixture.js';

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
      label: 'gates that read x',
      shape: { tasks: three, ...mixed },
      options: { levels: [[5], [3], [4]], tower: [3], experts: { shared: 1, task: 2 }, gates: 'input' },
      count:
        M.embeddings +
        7 * (layers(M.x, 5) + layers(5, 3) + layers(3, 4)) +
        9 * M.x * 3 +
        2 * M.x * 7 +
        3 * layers(4, 3, 1),
    },
    {
      label: 'tasks that see all experts',
      shape: { tasks: two, ...mixed },
      options: { levels: [[5], [3]], tower: [3], experts: { shared: 2, task: 1 }, sees: 'all' },
      count: M.embeddings + 4 * (layers(M.x, 5) + layers(5, 3)) + (3 * M.x + 2 * 5) * 4 + 2 * layers(3, 3, 1),
    },
    {
      label: 'nothing shared, one expert each',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4], [3]], tower: [3], experts: { shared: 0, task: 1 } },
      count: U.embeddings + 2 * (layers(U.x, 4) + layers(4, 3) + layers(3, 3, 1)),
    },
  ],
});

test('PLE whose gates read x and whose tasks see all experts is ML-MMoE', () => {
  const shape = { tasks: two, ...mixed };
  const options = { levels: [[5, 4], [6], [3]], tower: [3] };
  const one = build({ model: 'ple', shape, options: { ...options, experts: 1, gates: 'input', sees: 'all' } });
  const other = build({ model: 'ml-mmoe', shape, options: { ...options, experts: 3 } });
  const [values, rows] = [randomValues(one), randomRows(shape, 8)];
  expect(randomValues(other)).toEqual(values);
  expect(logitRows(other, values, rows, shape)).toEqual(logitRows(one, values, rows, shape));
});
