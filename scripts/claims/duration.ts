// How long a claim will train on this machine: its dry run says which runs are missing, three short trainings what a row costs,
// a feature, and a parameter.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mean } from '../../src/comparison/statistics/moments.js';
import { printed } from './ple.js';

/** Seconds on one core for a row in training: `row`, `feature` for each number, `parameter` for each of the network. */
export interface Speed {
  readonly row: number;
  readonly feature: number;
  readonly parameter: number;
}

interface PlannedRun {
  readonly values?: { readonly 'train.passes'?: number };
  readonly finished: boolean;
  readonly parameters: { readonly network: number } | null;
}

/** Before its first step a process needs about a second. */
const start = 1;

/** @param jobs trainings at once, which slow each other down */
export async function measuredSpeed(jobs: number): Promise<Speed> {
  const [small, wide, featured] = [
    await measured({ width: 16, dimension: 32 }, jobs),
    await measured({ width: 512, dimension: 32 }, jobs),
    await measured({ width: 16, dimension: 256 }, jobs),
  ];
  const parameter = Math.max(0, (wide.seconds - small.seconds) / (wide.network - small.network));
  const rest = ({ seconds, network }: typeof small) => seconds - parameter * network;
  const feature = Math.max(0, (rest(featured) - rest(small)) / (256 - 32));
  return { parameter, feature, row: Math.max(0, rest(small) - 32 * feature) };
}

async function measured(size: { readonly width: number; readonly dimension: number }, jobs: number) {
  const all = await Promise.all(Array.from({ length: jobs }, () => trained(size)));
  return { network: all[0]?.network ?? 0, seconds: mean(all.map(({ seconds }) => seconds)) };
}

async function trained({ width, dimension }: { readonly width: number; readonly dimension: number }) {
  const folder = mkdtempSync(join(tmpdir(), 'ple-speed-'));
  const config = ['--config', 'configs/synthetic/figure-7.yaml', '--runs', folder];
  const short = ['train.epochs=1', 'train.batchSize=512', 'engine.threads=1', `dataset.dimension=${dimension}`];
  const model = `model={ type: hard-sharing, levels: [[${width}]], tower: [${width}] }`;
  const rows = `dataset.rows={ train: ${width === 16 ? 100_000 : 25_000}, validation: 100, test: 100 }`;
  await promisify(execFile)(process.execPath, ['bin/ple.js', 'train', ...config, ...short, model, rows]);
  const [run = ''] = readdirSync(folder);
  const { throughput, parameters } = JSON.parse(readFileSync(join(folder, run, 'result.json'), 'utf8'));
  rmSync(folder, { recursive: true });
  return { network: Number(parameters.network), seconds: 1 / Number(throughput.samplesPerSecond) };
}

/** Seconds on one core for what a comparison has still to train. Epochs that stopping saves are counted. */
export function secondsLeft(config: string, overrides: readonly string[], runs: string, speed: Speed): number {
  const words = ['--config', config, ...overrides];
  const { train, dataset } = printed(['validate', ...words]);
  const planned = printed(['compare', ...words, '--runs', runs, '--dry-run']);
  const features = dataset.dimension ?? 30;
  const missing: readonly PlannedRun[] = [...planned.tuning, ...planned.runs].filter(({ finished }) => !finished);
  const seconds = missing.map(({ values, parameters }) => {
    const rows = { ...census, ...dataset.rows };
    const passes = values?.['train.passes'] ?? train.passes ?? train.epochs;
    // Evaluation is the forward third of a step.
    const read = rows.train * passes + (rows.validation * train.epochs + rows.test) / 3;
    const { row, feature, parameter } = speed;
    return start + read * (row + feature * features + parameter * (parameters?.network ?? 0));
  });
  return seconds.reduce((sum, one) => sum + one, 0);
}

/** Rows of Census-Income, whose config does not name them. */
const census = { train: 200_000, validation: 50_000, test: 50_000 };
