import { expect, test } from 'vitest';
import { machineFault } from './database.js';

test('a disk that is full when rows leave the memory is no bug of this program', () => {
  const full = [
    "IO Error: Detached database 'prepared', but CHECKPOINT during DETACH failed. ",
    'Checkpoint failed. Original error: Could not write file "/c/data.duckdb": No space left on device',
  ];
  expect(machineFault(new Error(full.join('\n')))).toBe('disk');
  expect(machineFault(new Error('Invalid Input Error: CHECKPOINT\nNo space left'))).toBeUndefined();
});
