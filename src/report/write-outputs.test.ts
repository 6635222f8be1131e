import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { reportFixture } from './report.fixture.js';
import { writeOutputs } from './write-outputs.js';

const data = reportFixture({
  models: [
    { label: 'single-task', type: 'single-task' },
    { label: 'PLE', type: 'ple' },
  ],
  seeds: 2,
  rows: 100,
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'outputs-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('writes the tables and the report, and drawings only where they are asked for', async () => {
  const path = join(folder(), 'new');
  await writeOutputs(path, data, { svg: false, png: false });
  expect(readdirSync(path).toSorted()).toEqual(['gains.csv', 'gains.md', 'gains.tex', 'report.html']);
  const page = readFileSync(join(path, 'report.html'), 'utf8');
  expect(page).toMatch(/^<!doctype html>[\s\S]*<svg[\s\S]*<\/html>\n$/);

  await writeOutputs(path, data, { svg: true, png: true });
  const drawings = readdirSync(join(path, 'charts')).toSorted();
  const ids = [...page.matchAll(/<svg[^>]* aria-labelledby="([^"]*)-title"/g)].map(([, id]) => id);
  expect(ids.length).toBeGreaterThan(3);
  expect(drawings).toEqual(ids.flatMap((id) => [`${id}.png`, `${id}.svg`]).toSorted());
  expect(readFileSync(join(path, 'charts', `${ids[0]}.svg`), 'utf8')).not.toContain('var(--');
  expect(
    readFileSync(join(path, 'charts', `${ids[0]}.png`))
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');

  await writeOutputs(path, data, { svg: true, png: false });
  expect(readdirSync(join(path, 'charts')).toSorted()).toEqual(ids.map((id) => `${id}.svg`).toSorted());
});

test('the same data give the same files', async () => {
  const [one, other] = [folder(), folder()];
  for (const path of [one, other]) await writeOutputs(path, data, { svg: false, png: false });
  for (const file of readdirSync(one))
    expect(readFileSync(join(other, file), 'utf8')).toBe(readFileSync(join(one, file), 'utf8'));
});
