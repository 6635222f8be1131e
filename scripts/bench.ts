import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { engineOn } from '../src/engine/devices/devices.js';
import { nativeFolder } from '../src/engine/native/libraries.js';
import { textTable } from '../src/report/text-table.js';
import { elementCount, float32 } from '../src/support/arrays.js';
import { tf } from '../src/support/tf.js';
import { type BenchCaseName, benchCase, benchSize, idsCases, median, timed } from './bench-case.js';
import { checkChoice, refuse, wordsOf } from './usage.js';

/**
 * Times training steps on the CPU beside a matrix product in the same runtime; with --peers also beside the same step in
 * PyTorch and JAX, which pip sets up in a folder that Git ignores. Each runs in a process of its own, on one thread all
 * on one core. They take turns, in rounds of about 0.3 s. The machine is noisy: the two cores of a virtual machine share a
 * cache at some times only, which changes the time of steps and not of the product. So there are enough rounds to meet
 * both: medians tell what a user gets, the best rounds what the program can do.
 */
const usage = 'Usage: npm run bench -- [--peers] [--case wide|narrow|ids] [--threads n] [--rounds 100] [--json]';
const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;
const { values } = wordsOf(usage, {
  options: { peers: flag, case: text, threads: text, rounds: { ...text, default: '100' }, json: flag, worker: text },
});
/** Steps of a round. */
const stepsOf: Readonly<Record<string, number>> = { wide: 12, narrow: 150 };
checkChoice(usage, 'case', values.case, ['wide', 'narrow', 'ids']);
const names = (['wide', 'narrow', ...idsCases] as const).filter((name) => name.startsWith(values.case ?? ''));
const [threads = 0, rounds = 0] = [values.threads ?? availableParallelism(), values.rounds].map(Number);
for (const count of [threads, rounds])
  if (!(Number.isInteger(count) && count > 0)) refuse(usage, `${count}: say a whole number above 0.`);

/** What a process is told, in JSON. It prints the model's number of parameters, then for each line the ms of a step. */
interface Work {
  readonly name: BenchCaseName;
  readonly mode: string;
  readonly threads: number;
  readonly steps: number;
}

const side = 1024;
if (values.worker !== undefined) await work(JSON.parse(values.worker));
else {
  const python = values.peers && peers();
  const rows = [];
  for (const name of names) rows.push(await race(name, python || null));
  if (values.json) console.log(JSON.stringify({ cases: rows }, null, 2));
}

/** The Python with PyTorch and JAX. */
function peers(): string {
  const folder = join(nativeFolder(), 'peers');
  const python = join(folder, 'bin/python');
  const run = (file: string, ...words: readonly string[]) => execFileSync(file, words, { stdio: ['ignore', 2, 2] });
  if (!existsSync(python)) run(process.env['PYTHON'] ?? 'python3', '-m', 'venv', folder);
  const versions = ['torch==2.13.0', 'jax==0.10.0', 'optax==0.2.8', 'numpy==2.4.6'];
  const here = spawnSync(python, ['-c', 'import torch, jax, optax'], { stdio: 'ignore' }).status === 0;
  if (!here) run(python, '-m', 'pip', 'install', '--disable-pip-version-check', ...versions);
  return python;
}

async function race(name: BenchCaseName, python: string | null) {
  const size = benchSize(name);
  const told = (mode: string) => JSON.stringify({ name, mode, threads, steps: stepsOf[name] ?? 50, ...size });
  const own = (mode: string) => [process.execPath, ...process.execArgv, import.meta.filename, '--worker', told(mode)];
  const peer = (file: string, mode: string) =>
    python === null ? [] : [python, join(import.meta.dirname, 'peers', file), told(mode)];
  const others = name.startsWith('ids')
    ? { 'PyTorch, sparse': peer('ids_torch.py', 'sparse') }
    : {
        'PyTorch, eager': peer('ple_torch.py', 'eager'),
        'PyTorch, torch.compile': peer('ple_torch.py', 'compile'),
        'JAX, lax.scan': peer('ple_jax.py', ''),
      };
  const contestants = Object.entries({ ple: own('step'), 'matrix product': own('product'), ...others }).flatMap(
    ([label, words]) => (words.length === 0 ? [] : [{ label, worker: start(words), times: [] as number[] }]),
  );
  let flops = Number.NaN;
  try {
    const counts = new Set<string>();
    for (const { label, worker } of contestants) {
      const [count = '', work] = (await worker.next()).split(' ');
      if (label === 'ple') flops = Number(work);
      if (label !== 'matrix product') counts.add(count);
    }
    if (counts.size !== 1) throw new Error(`The models differ: ${[...counts].join(', ')} parameters.`);
    for (let round = 0; round < rounds; round++)
      for (const { worker, times } of contestants) {
        await setTimeout(50); // threads of the one before still spin
        worker.child.stdin?.write('\n');
        times.push(Number(await worker.next()));
      }
  } finally {
    for (const { worker } of contestants) worker.child.kill();
  }
  const [steps = [], products = []] = contestants.map(({ times }) => times);
  const best = (times: readonly number[]) => Math.min(...times);
  const [stepMilliseconds, productRate] = [median(steps), (2 * side ** 3) / (median(products) / 1000)];
  /** Time of a step over the time that its operations would take at the rate of the product. */
  const ratio = (step: number, product: number) => (step / product) * ((2 * side ** 3) / flops);
  const ratios = { ratio: ratio(stepMilliseconds, median(products)), bestRatio: ratio(best(steps), best(products)) };
  if (!values.json) {
    const rows = contestants.map(({ label, times }) => [
      label,
      median(times).toPrecision(3),
      median(times.map((time, round) => time / (steps[round] ?? Number.NaN))).toFixed(2),
      best(times).toPrecision(3),
      (best(times) / best(steps)).toFixed(2),
    ]);
    console.log(textTable([`${name}, ${threads} threads`, 'ms', 'times ple', 'best round', 'times ple'], rows));
    const rate = `${(flops / 1e6).toFixed(0)} Mflop, product at ${(productRate / 1e9).toFixed(1)} GFLOP/s`;
    console.log(`${rate}: ratio ${ratios.ratio.toFixed(2)}, of the best rounds ${ratios.bestRatio.toFixed(2)}\n`);
  }
  return { name, batchSize: size.batchSize, stepMilliseconds, flops, productRate, ...ratios };
}

interface Worker {
  readonly child: ChildProcess;
  /** The next line that it prints. */
  next(): Promise<string>;
}

function start(words: readonly string[]): Worker {
  const [file = '', ...rest] = threads === 1 ? ['taskset', '-c', '0', ...words] : words;
  const child = spawn(file, rest, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: String(threads), JAX_PLATFORMS: 'cpu' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async next() {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${words.slice(0, 2).join(' ')} ended.`);
      return value;
    },
  };
}

/** This program's own contestants: the protocol of the peers. */
async function work({ name, mode, threads, steps }: Work): Promise<void> {
  const engine = engineOn({ engine: 'compiled', device: 'cpu' }, { threads });
  const { signature, step, chunk } = mode === 'step' ? benchCase(name) : productCase();
  const program = await engine.compile(step, signature);
  const count = mode === 'step' ? steps : 16;
  const batches = chunk(count);
  for (let warm = 0; warm < 2; warm++) await program.run(batches);
  const parameters = Object.entries(signature.state).filter(([key]) => !/^optimizer|^step$/.test(key));
  console.log(
    parameters.reduce((sum, [, { shape }]) => sum + elementCount(shape), 0),
    program.flops,
  );
  for await (const _ of createInterface({ input: process.stdin }))
    console.log((await timed(() => program.run(batches))) / count);
}

/** Multiplies a matrix by a unit matrix again and again, so that nothing grows. */
function productCase(): Pick<ReturnType<typeof benchCase>, 'step' | 'signature' | 'chunk'> {
  const unit = float32(
    [side, side],
    Float32Array.from({ length: side ** 2 }, (_, i) => Number(i % (side + 1) === 0)),
  );
  const values = float32(
    [side, side],
    Float32Array.from({ length: side ** 2 }, (_, i) => Math.sin(i)),
  );
  return {
    step({ values, unit }) {
      if (!values || !unit) throw new Error('no matrices');
      return { state: { values: tf.matMul(values, unit) }, outputs: {} };
    },
    signature: { state: { values, unit }, batch: { tick: { dtype: 'float32', shape: [] } } },
    chunk: (steps) => ({ tick: float32([steps]) }),
  };
}
