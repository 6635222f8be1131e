import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { storedReport } from './report.fixture.js';
import { writeOutputs } from './write-outputs.js';

const data = await storedReport('two-types');

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'outputs-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('writes the tables and the report, the same from the same data, and drawings only where they are asked for', async () => {
  const path = join(folder(), 'new');
  await writeOutputs(path, data, false);
  expect(readdirSync(path).toSorted()).toEqual(['gains.csv', 'gains.md', 'gains.tex', 'report.html']);
  const page = readFileSync(join(path, 'report.html'), 'utf8');
  const before = new Map(readdirSync(path).map((name) => [name, readFileSync(join(path, name))]));
  expect(page).toMatch(/^<!doctype html>[\s\S]*<svg[\s\S]*<\/html>\n$/);

  await writeOutputs(path, data, true);
  for (const [name, bytes] of before) expect(readFileSync(join(path, name)).equals(bytes), name).toBe(true); // from the same data
  const drawings = readdirSync(join(path, 'charts'));
  expect(drawings).toContain('learning-2.svg');
  expect(drawings).toHaveLength(page.match(/<figure/g)?.length ?? 0);
  expect(readFileSync(join(path, 'charts', 'forest.svg'), 'utf8')).not.toContain('var(--');

  writeFileSync(join(path, 'charts', 'mine.svg'), '');
  await writeOutputs(path, data, false);
  expect(readdirSync(join(path, 'charts'))).toEqual(['mine.svg']);
});
