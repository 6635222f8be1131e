// How much faster two child processes finish a comparison of narrow models than one, with one thread each, and that the
// results are the same. Exits 1 below 1.7 times, or if comparison.json differs. Needs two idle cores.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { comparisonIn, runPle, writeNarrowComparison } from './comparison-case.js';
import { wordsOf } from './usage.js';

wordsOf('Usage: npm run bench:jobs', {});

const asked = 1.7;
const folder = mkdtempSync(join(tmpdir(), 'ple-bench-jobs-'));
try {
  const config = writeNarrowComparison(folder);
  const timed = async (jobs: number) => {
    const started = performance.now();
    const words = ['compare', '--config', config, '--runs', join(folder, `jobs-${jobs}`), '--jobs', String(jobs)];
    const status = await runPle(words).ended;
    if (status !== 0) throw new Error(`ple compare --jobs ${jobs} ended with ${status}.`);
    return (performance.now() - started) / 1000;
  };
  const one = await timed(1);
  const two = await timed(2);
  const same = comparisonIn(join(folder, 'jobs-1/narrow')) === comparisonIn(join(folder, 'jobs-2/narrow'));
  process.stdout.write(
    `--jobs 1: ${one.toFixed(1)} s, --jobs 2: ${two.toFixed(1)} s, ${(one / two).toFixed(2)} times as fast (asked: ${asked})\n` +
      `comparison.json without timing: ${same ? 'the same' : 'DIFFERS'}\n`,
  );
  if (!same || one / two < asked) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
