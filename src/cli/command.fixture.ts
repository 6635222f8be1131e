import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { rawRows, rawText } from '../data/shipped/census-income.fixture.js';
import { main } from './main.js';
import { type Finished, startPle } from './started.fixture.js';

export { folderOfFile, temporaryFolder } from '../support/folder.fixture.js';

/** Runs the built program as a user does. `nodeOptions` come before the program. */
export const ple = (...given: Parameters<typeof startPle>): Promise<Finished> => startPle(...given).finished;

/**
 * Runs a command line in the test's own process, from the sources that it has imported. It must start no process,
 * because workers and device probes are the built program's. Use one at a time: they share the working folder and both
 * streams. `hear` gets what it writes when it writes it.
 */
export async function pleHere(
  words: readonly string[],
  options: { readonly cwd?: string; readonly hear?: ((text: string) => void) | undefined } = {},
): Promise<Finished> {
  const from = process.cwd();
  if (options.cwd) process.chdir(options.cwd);
  try {
    return await printedBy(() => main(words), options.hear);
  } finally {
    process.chdir(from);
  }
}

/** The output of a command that must end with exit code 0. */
export async function succeeded(running: Promise<Finished>): Promise<Finished> {
  const finished = await running;
  expect(finished.status, finished.stderr).toBe(0);
  return finished;
}

/** The output of a part of a command that runs here, and its exit code. */
export async function printedBy(run: () => Promise<number>, hear?: (text: string) => void): Promise<Finished> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).flatMap((name) => [
    vi.spyOn(process[name], 'on').mockReturnThis(), // no listener of a call stays
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += text;
      hear?.(String(text));
      return true;
    }),
  ]);
  try {
    return { status: await run(), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Every file and folder below a folder, in order. */
export function listContents(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
}

/** A config that trains in about a second. */
export function smallConfig(folder: string, changes: readonly (readonly [from: string, to: string])[] = []): string {
  const text = `name: small
seed: 3
dataset:
  loader: synthetic
  rows: { train: 3000, validation: 500, test: 500 }
  dimension: 6
  correlation: 0.5
  seed: 1
tasks:
  - { name: y1, type: regression, standardize: true }
  - { name: y2, type: regression, standardize: true }
model: { type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 } }
train:
  epochs: 4
  batchSize: 64
  optimizer: { type: adam, learningRate: 0.01 }
engine: { device: cpu, threads: 1 }
`;
  return writeChanged(join(folder, 'config.yaml'), text, changes);
}

/** Writes a text with these replacements. A text to replace that is missing is a mistake of the test. */
export function writeChanged(
  file: string,
  text: string,
  changes: readonly (readonly [from: string, to: string])[],
): string {
  let changed = text;
  for (const [from, to] of changes) {
    if (!changed.includes(from)) throw new Error(`${file} has no '${from}'.`);
    changed = changed.replace(from, to);
  }
  writeFileSync(file, changed);
  return file;
}

/** A config of two binary tasks on generated files in the raw format, which it writes; its cache is `folder`/cache. */
export function censusConfig(folder: string): string {
  writeFileSync(join(folder, 'census-income.data'), rawText(rawRows(400, 1)));
  writeFileSync(join(folder, 'census-income.test'), rawText(rawRows(200, 2)));
  const file = join(folder, 'census.yaml');
  writeFileSync(
    file,
    `name: census
seed: 3
dataset: { from: census-income, folder: ${folder}, cache: ${join(folder, 'cache')} }
tasks:
  - { name: income, type: binary }
  - { name: never-married, type: binary }
model: { type: cgc, levels: [[8]], tower: [4], experts: 1 }
train:
  epochs: 2
  batchSize: 64
  optimizer: { type: adam, learningRate: 0.01 }
engine: { device: cpu, threads: 1 }
`,
  );
  return file;
}
