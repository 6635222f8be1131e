import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The path of the only run in a folder. */
export function runIn(runs: string): string {
  const [run, ...others] = readdirSync(runs);
  if (run === undefined || others.length > 0) throw new Error(`There is not one run in ${runs}.`);
  return join(runs, run);
}

export const jsonIn = (run: string, name: string) => JSON.parse(readFileSync(join(run, name), 'utf8'));
export const epochsIn = (run: string) =>
  readFileSync(join(run, 'epochs.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** The bits that tracking must not change. */
export function runBits(run: string) {
  const { files: _, sha256: __, throughput: ___, ...result } = jsonIn(run, 'result.json');
  const bytes = (name: string) => readFileSync(join(run, name)).toString('hex');
  return {
    result,
    epochs: epochsIn(run).map((record) => ({ ...record, seconds: 0 })),
    best: bytes('checkpoints/best.safetensors'),
    predictions: bytes('predictions.arrow'),
    gates: bytes('gates.json'),
  };
}
