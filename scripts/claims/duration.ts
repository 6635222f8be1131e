// How long a claim will train on this machine: its dry run says which runs are missing, two short trainings how fast
// rows pass through a small network and through a large one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../../src/support/must.js';

/** Seconds for a row in training: `row`, and `parameter` for each parameter of the network. */
export interface Speed {
  readonly row: number;
  readonly parameter: number;
}

interface PlannedRun {
  readonly axis: Readonly<Record<string, unknown>>;
  readonly finished: boolean;
  readonly parameters: { readonly network: number } | null;
}

/** Before its first step a process needs about a second. */
const start = 1;

export function measuredSpeed(): Speed {
  const measured = [16, 512].map((width) => {
    const folder = mkdtempSync(join(tmpdir(), 'ple-speed-'));
    const words = [
      ...[
        'train',
        '--config',
        'configs/synthetic/figure-7.yaml',
        '--runs',
        folder,
        'train.epochs=1',
        'engine.threads=1',
      ],
      `model={ type: hard-sharing, levels: [[${width}]], tower: [] }`,
      `dataset.rows={ train: ${width === 16 ? 100_000 : 25_000}, validation: 100, test: 100 }`,
      'dataset.dimension=32',
    ];
    ple(words);
    const [run = ''] = execFileSync('ls', [folder], { encoding: 'utf8' }).split('\n');
    const { throughput, parameters } = JSON.parse(readFileSync(join(folder, run, 'result.json'), 'utf8'));
    rmSync(folder, { recursive: true });
    return { network: Number(parameters.network), seconds: 1 / Number(throughput.samplesPerSecond) };
  });
  const [small, large] = [must(measured[0], 'a run'), must(measured[1], 'a run')];
  const parameter = Math.max(0, (large.seconds - small.seconds) / (large.network - small.network));
  return { parameter, row: Math.max(0, small.seconds - parameter * small.network) };
}

/** Seconds on one core for what a comparison has still to train. Epochs that stopping saves are counted. */
export function secondsLeft(words: readonly string[], config: ClaimConfig, { row, parameter }: Speed): number {
  const { tuning, runs } = JSON.parse(ple([...words, '--dry-run', '--json']));
  const missing: readonly PlannedRun[] = [...tuning, ...runs].filter(({ finished }: PlannedRun) => !finished);
  const { passes, epochs } = config.train;
  return missing
    .map(({ axis, parameters }) => {
      const rows = { ...config.dataset.rows, ...(axis['dataset.rows'] as object) };
      const { train = 200_000, validation = 0, test = 0 } = { ...rows };
      // Evaluation is the forward third of a step.
      const read = train * (passes ?? epochs) + (validation * epochs + test) / 3;
      return start + read * (row + parameter * (parameters?.network ?? 0));
    })
    .reduce((sum, seconds) => sum + seconds, 0);
}

export interface ClaimConfig {
  readonly train: { readonly passes?: number; readonly epochs: number };
  readonly dataset: { readonly rows?: { readonly train: number; readonly validation: number; readonly test: number } };
}

function ple(words: readonly string[]): string {
  return execFileSync(process.execPath, ['bin/ple.js', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 28,
  });
}
