import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../cli/command.fixture.js';
import { sealed } from '../support/checksum.js';
import { readResult } from './stored-result.js';

/** A finished run of an earlier version, with these learning rates. */
function earlier(ended: string, rates: readonly unknown[]): string {
  const path = temporaryFolder();
  writeFileSync(
    join(path, 'result.json'),
    JSON.stringify(sealed({ schema: 1, bestEpoch: 1, tasks: { a: {} }, ended })),
  );
  const lines = rates.map((learningRate, index) => ({
    ...{ epoch: index + 1, steps: 1, seconds: 1, weights: {}, train: { loss: 1, tasks: {} }, validation: {} },
    learningRate,
  }));
  writeFileSync(join(path, 'epochs.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

const ended = (...given: Parameters<typeof earlier>) => readResult(earlier(...given))?.ended;

test('a plateau of an earlier version is one if the rate has fallen', () => {
  expect(ended('plateau', [0.1, 0.1, 0.03])).toBe('plateau');
  expect(ended('plateau', [0.1, 0.1, 0.1])).toBe('patience');
  expect(
    ended('plateau', [
      { a: 0.1, b: 0.1 },
      { a: 0.01, b: 0.03 },
    ]),
  ).toBe('plateau');
  expect(
    ended('plateau', [
      { a: 0.1, b: 0.1 },
      { a: 0.01, b: 0.1 },
    ]),
  ).toBe('patience');
  expect(ended('plateau', [])).toBe('patience');
  expect(ended('limit', [0.1, 0.01])).toBe('limit');
});
