// Kills all processes of a comparison at ten moments: while compiling, within an epoch, while writing a checkpoint, and
// at seven random ones. It starts the comparison again each time, and checks that it ends as one without kills.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { comparisonIn, startPle } from '../src/cli/started.fixture.js';
import { randomFromSeed } from '../src/support/random.js';
import { writeNarrowComparison } from './comparison-case.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run kill-comparison -- [SEED of the moments]';
const { positionals } = wordsOf(usage, { allowPositionals: true });
const seed = Number(positionals[0] ?? Date.now() % 100_000);
if (!Number.isInteger(seed) || positionals.length > 1) refuse(usage, `${positionals.join(' ')}: say one whole number.`);
const random = randomFromSeed(seed).stream('moments');
const killAt = ['--import', resolve('src/cli/kill-at.fixture.mjs')];
const folder = mkdtempSync(join(tmpdir(), 'ple-kill-'));
process.stdout.write(`seed ${seed}\n`);

try {
  const config = writeNarrowComparison(folder);
  const words = (runs: string) => ['compare', '--config', config, '--runs', join(folder, runs), '--jobs', '2'];
  const started = performance.now();
  const { status: whole } = await startPle(words('whole')).finished;
  const seconds = (performance.now() - started) / 1000;
  if (whole !== 0) throw new Error(`The comparison that was left alone ended with ${whole}.`);

  const places = ['compile', 'run:12', 'checkpoint:3'];
  const moments = Array.from({ length: 7 }, () => seconds * (0.03 + 0.14 * random.uniform()));
  const all = [...places, ...moments].map((moment) => ({ moment, place: random.uniform() }));
  for (const { moment } of all.toSorted((a, b) => a.place - b.place)) {
    const atPlace = typeof moment === 'string';
    const started = startPle(
      words('killed'),
      atPlace ? { nodeOptions: killAt, env: { KILL_AT: moment, KILL_GROUP: '1' } } : {},
    );
    if (!atPlace) {
      await setTimeout(1000 * moment);
      try {
        process.kill(-started.pid, 'SIGKILL');
      } catch {
        // it had ended: the line below says so
      }
    }
    const { status } = await started.finished;
    const when = atPlace ? `at ${moment}` : `after ${moment.toFixed(2)} s`;
    process.stdout.write(`${status === 'SIGKILL' ? 'killed' : `ended with ${status} before`} ${when}: ${stateOf()}\n`);
  }
  const { status: end } = await startPle(words('killed')).finished;
  const same = end === 0 && comparisonIn(join(folder, 'killed/narrow')) === comparisonIn(join(folder, 'whole/narrow'));
  process.stdout.write(`ended with ${end}; comparison.json without timing: ${same ? 'the same' : 'DIFFERS'}\n`);
  if (!same) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** How many runs are finished, and what the others last wrote to their logs. */
function stateOf(): string {
  const comparison = join(folder, 'killed/narrow');
  const runs = existsSync(comparison) ? readdirSync(comparison).filter((name) => /-[0-9a-f]{8}$/.test(name)) : [];
  const unfinished = runs.filter((name) => !existsSync(join(comparison, name, 'result.json')));
  const states = unfinished.map((name) => {
    const log = join(comparison, name, 'log.jsonl');
    const last = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').at(-1) : undefined;
    return `${name} ${/"msg":"([^"]*)"/.exec(last ?? '')?.[1] ?? 'has no log'}`;
  });
  return [`${runs.length - unfinished.length} finished`, ...states].join(', ');
}
