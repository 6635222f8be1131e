// How long a claim will train on this machine: its dry run says which runs are missing, short trainings what a row costs.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mean } from '../../src/comparison/statistics/moments.js';
import { printed } from './ple.js';

/** Seconds on one core. */
export interface Speed {
  /** Of a row in training that is numbers alone; `feature` for each of them. */
  readonly row: number;
  readonly feature: number;
  /** Of a row in training with embedded columns. */
  readonly embedded: number;
  /** Of a row in training, for each parameter of the network. */
  readonly parameter: number;
  /** Of a row that is drawn and tested. */
  readonly tested: number;
}

interface PlannedRun {
  readonly label: string;
  readonly values?: { readonly 'train.passes'?: number };
  readonly finished: boolean;
  readonly parameters: { readonly network: number } | null;
}

/** Before its first step a process needs about a second. */
const start = 1;

const numbers = 'configs/synthetic/figure-7.yaml';
const feed = 'configs/claims/seesaw.yaml';

/** @param jobs trainings at once, which slow each other down */
export async function measuredSpeed(jobs: number): Promise<Speed> {
  const at = (size: Size) => measured(size, jobs);
  const small = await at({ config: numbers, width: 16, dimension: 32 });
  const wide = await at({ config: numbers, width: 512, dimension: 32, train: 25_000 });
  const featured = await at({ config: numbers, width: 16, dimension: 256 });
  const embedded = await at({ config: feed, width: 16 });
  const tested = await at({ config: feed, width: 16, test: 50_000 });
  const parameter = Math.max(0, (wide.step - small.step) / (wide.network - small.network));
  const rest = ({ step, network }: typeof small) => step - parameter * network;
  const feature = Math.max(0, (rest(featured) - rest(small)) / (256 - 32));
  return {
    parameter,
    feature,
    row: Math.max(0, rest(small) - 32 * feature),
    embedded: rest(embedded),
    tested: Math.max(0, tested.whole - embedded.whole) / 50_000,
  };
}

interface Size {
  readonly config: string;
  readonly width: number;
  readonly dimension?: number;
  readonly train?: number;
  readonly test?: number;
}

/** Seconds of the whole training, and of a row in a step. */
async function measured(size: Size, jobs: number) {
  const all = await Promise.all(Array.from({ length: jobs }, () => trained(size)));
  const over = (of: (one: Awaited<ReturnType<typeof trained>>) => number) => mean(all.map(of));
  return { network: over(({ network }) => network), step: over(({ step }) => step), whole: over(({ whole }) => whole) };
}

async function trained({ config, width, dimension, train = 100_000, test = 0 }: Size) {
  const folder = mkdtempSync(join(tmpdir(), 'ple-speed-'));
  const short = [
    'train.epochs=1',
    'train.batchSize=512',
    'engine.threads=1',
    `model={ type: hard-sharing, levels: [[${width}]], tower: [${width}] }`,
    `dataset.rows={ train: ${train}, validation: 100, test: ${100 + test} }`,
    ...(dimension ? [`dataset.dimension=${dimension}`] : []),
  ];
  const began = performance.now();
  await promisify(execFile)(process.execPath, [
    ...['bin/ple.js', 'train', '--config', config, '--runs', folder],
    ...short,
  ]);
  const whole = (performance.now() - began) / 1000;
  const [run = ''] = readdirSync(folder);
  const { throughput, parameters } = JSON.parse(readFileSync(join(folder, run, 'result.json'), 'utf8'));
  rmSync(folder, { recursive: true });
  return { network: Number(parameters.network), step: 1 / Number(throughput.samplesPerSecond), whole };
}

/** Seconds on one core for what a comparison has still to train. Epochs that stopping saves are counted. */
export function secondsLeft(config: string, overrides: readonly string[], runs: string, speed: Speed): number {
  const words = ['--config', config, ...overrides];
  const { train, dataset, tasks } = printed(['validate', ...words]);
  const planned = printed(['compare', ...words, '--runs', runs, '--dry-run']);
  const { row, feature, embedded, parameter, tested } = speed;
  const read = dataset.dimension ? row + feature * dataset.dimension : embedded;
  const missing: readonly PlannedRun[] = [...planned.tuning, ...planned.runs].filter(({ finished }) => !finished);
  const seconds = missing.map(({ label, values, parameters }) => {
    const rows = dataset.rows ?? rowsOf(config);
    const passes = values?.['train.passes'] ?? train.passes ?? train.epochs;
    // Each network of single-task reads the row. Scoring a row once more is the forward third of a step.
    const step = read * (label.startsWith('single-task') ? tasks.length : 1) + parameter * (parameters?.network ?? 0);
    return (
      start +
      step * (rows.train * passes + (rows.validation * train.epochs) / 3) +
      tested * (rows.validation + rows.test)
    );
  });
  return seconds.reduce((sum, one) => sum + one, 0);
}

/** Of data whose config does not name their rows. */
function rowsOf(config: string) {
  if (config.includes('census')) return { train: 200_000, validation: 50_000, test: 50_000 };
  if (config.includes('sample-spaces')) return { train: 14_000, validation: 2_000, test: 4_000 };
  return { train: Number.NaN, validation: 0, test: 0 };
}
