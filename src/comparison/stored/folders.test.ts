import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { secondsLogged } from './folders.js';

function log(lines: readonly (readonly [time: number, msg: string, uptime?: number] | string)[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'ple-timing-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'log.jsonl');
  const texts = lines.map((line) =>
    typeof line === 'string' ? line : JSON.stringify({ time: line[0], msg: line[1], uptime: line[2] }),
  );
  writeFileSync(file, texts.join('\n'));
  return file;
}

test('the time of a run is that of its processes, without what lies between them', () => {
  const file = log([
    [1000, 'started'],
    [3000, 'epoch'],
    '{"time":3500,"msg":"ep', // a kill
    [10_000, 'resumed'],
    [10_500, 'interrupted'],
    [60_000, 'resumed'],
    [61_000, 'done'],
  ]);
  expect(secondsLogged(file)).toBe(2 + 0.5 + 1);
});

test('a clock that is set while a run trains changes nothing', () => {
  const file = log([
    [1000, 'started', 5000],
    [86_403_000, 'epoch', 7000],
    [0, 'done', 8500],
  ]);
  expect(secondsLogged(file)).toBe(3.5);
});
