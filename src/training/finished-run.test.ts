import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DataError } from '../support/errors.js';
import { readResult } from './result.js';

describe('a damaged result.json is told with its name, not as a bug', () => {
  test.each(['{"schema": 1, "na', '{}', 'null', '{"model": 1}'])('%s', (text) => {
    const folder = mkdtempSync(join(tmpdir(), 'ple-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'result.json'), text);
    expect(() => readResult(folder)).toThrow(DataError);
    expect(() => readResult(folder)).toThrow(/^Cannot read .*result\.json: .*Delete .* and train the run again\.$/);
  });
});
