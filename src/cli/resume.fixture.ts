import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ple, pleHere, smallConfig, succeeded, temporaryFolder } from './command.fixture.js';
import { runBits, runIn } from './tracked-run.fixture.js';

/** With dropout the rest of an epoch draws its noise after resuming. */
export const dropout = [['tower: [4]', 'tower: [4], dropout: 0.2']] as const;

/** The run without an interruption. */
export async function wholeRun(folder: string, changes: Parameters<typeof smallConfig>[1]) {
  const words = ['train', '--config', smallConfig(folder, changes), '--runs', join(folder, 'runs')];
  await succeeded(pleHere(words));
  const bits = resumableBits(runIn(join(folder, 'runs')));
  rmSync(join(folder, 'runs'), { recursive: true });
  return bits;
}

/** A run whose process gets the signal at a place of `kill-at.fixture.mjs`. */
export async function stoppedRun(signal: NodeJS.Signals, place: string, changes: Parameters<typeof smallConfig>[1]) {
  const folder = temporaryFolder();
  const words = ['train', '--config', smallConfig(folder, changes), '--runs', join(folder, 'runs')];
  const stopped = await ple(words, {
    nodeOptions: ['--import', resolve(import.meta.dirname, 'kill-at.fixture.mjs')],
    env: { KILL_AT: place, KILL_WITH: signal },
  });
  return { ...stopped, words, run: runIn(join(folder, 'runs')) };
}

/** All that must not depend on interruptions: best parameters, last state with the optimizer's, and measurements. */
export function resumableBits(run: string) {
  const last = readFileSync(join(run, 'checkpoints/last.safetensors'));
  const header = Number(last.readBigUInt64LE(0));
  const { __metadata__: _, ...arrays } = JSON.parse(last.toString('utf8', 8, 8 + header));
  return { ...runBits(run), arrays, state: last.subarray(8 + header).toString('hex') };
}
