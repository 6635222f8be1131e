import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { engineOn } from '../src/engine/devices/devices.js';
import { nativeFolder } from '../src/engine/native/libraries.js';
import { textTable } from '../src/report/text-table.js';
import { elementCount } from '../src/support/arrays.js';
import { benchCase, benchModel, median, timed } from './bench-case.js';
import { checkChoice, refuse, wordsOf } from './usage.js';

/**
 * Times the training step of `npm run bench` beside the same step in PyTorch and JAX. Each runs in a process of its own.
 * They take turns, round by round, so that all meet the same minutes of a machine that others may use too. On one thread,
 * all run on one core. The first time, it sets PyTorch and JAX up by pip in a folder that Git ignores.
 */
const usage = 'Usage: npm run bench:peers -- [--case wide|narrow] [--threads 1|2] [--rounds 30]';
const text = { type: 'string' } as const;
const { values } = wordsOf(usage, {
  options: { case: text, threads: text, rounds: { ...text, default: '30' }, worker: text },
});
checkChoice(usage, 'case', values.case, ['wide', 'narrow']);
checkChoice(usage, 'threads', values.threads, ['1', '2']);
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds > 0)) refuse(usage, `--rounds ${values.rounds}: say a whole number above 0.`);

const versions = ['torch==2.13.0', 'jax==0.10.0', 'optax==0.2.8', 'numpy==2.4.6'];
/** Steps of a round: about 0.3 s. */
const stepsOf = { wide: 12, narrow: 150 } as const;
type Name = keyof typeof stepsOf;

interface Work {
  readonly name: Name;
  readonly mode: string;
  readonly threads: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly widths: readonly number[];
  readonly experts: number;
}

if (values.worker === undefined) await benchPeers();
else await work(JSON.parse(values.worker));

async function benchPeers(): Promise<void> {
  const python = peers();
  console.log(
    `${versions.join(', ')}; a round is ${Object.entries(stepsOf)
      .map(([name, steps]) => `${steps} steps of ${name}`)
      .join(' or ')}`,
  );
  for (const name of ['wide', 'narrow'] as const)
    for (const threads of [1, 2])
      if ((values.case ?? name) === name && (values.threads ?? String(threads)) === String(threads)) {
        const rows = await race(name, threads, python);
        const title = `${name}, ${threads === 1 ? 'one thread' : `${threads} threads`}`;
        console.log(textTable([title, 'ms a step', 'times ple', 'best round', 'times ple'], rows));
      }
  console.log(
    `Medians of ${rounds} rounds, and of the ratios of each round; then the shortest rounds, and their ratio.`,
  );
}

/** The Python with PyTorch and JAX. */
function peers(): string {
  const folder = join(nativeFolder(), 'peers');
  const python = join(folder, 'bin/python');
  const run = (file: string, ...words: readonly string[]) => execFileSync(file, words, { stdio: ['ignore', 2, 2] });
  if (!existsSync(python)) run(process.env['PYTHON'] ?? 'python3', '-m', 'venv', folder);
  const here = spawnSync(python, ['-c', 'import torch, jax, optax'], { stdio: 'ignore' }).status === 0;
  if (!here) run(python, '-m', 'pip', 'install', '--disable-pip-version-check', ...versions);
  return python;
}

/** Rows of the table: every contestant's times. */
async function race(name: Name, threads: number, python: string): Promise<(string | number)[][]> {
  const { batchSize, options } = benchModel(name);
  const given = {
    name,
    threads,
    batchSize,
    widths: options.levels[0],
    experts: options.experts.shared,
    steps: stepsOf[name],
  };
  const script = (file: string, mode: string) => [
    python,
    join(import.meta.dirname, 'peers', file),
    JSON.stringify({ ...given, mode }),
  ];
  const ourselves = [
    process.execPath,
    ...process.execArgv,
    import.meta.filename,
    '--worker',
    JSON.stringify({ ...given, mode: '' }),
  ];
  const contestants = Object.entries({
    ple: ourselves,
    'PyTorch, eager': script('ple_torch.py', 'eager'),
    'PyTorch, torch.compile': script('ple_torch.py', 'compile'),
    'JAX, lax.scan': script('ple_jax.py', ''),
  }).map(([label, words]) => ({ label, worker: start(words, threads), times: [] as number[] }));
  try {
    const counts = [];
    for (const { worker } of contestants) counts.push(await worker.next());
    if (new Set(counts).size !== 1) throw new Error(`The models differ: ${counts.join(', ')} parameters.`);
    for (let round = 0; round < rounds; round++) {
      for (const { worker, times } of contestants) {
        await setTimeout(50); // threads of the one before still spin
        worker.child.stdin?.write('\n');
        times.push(Number(await worker.next()));
      }
    }
  } finally {
    for (const { worker } of contestants) worker.child.kill();
  }
  const own = contestants[0]?.times ?? [];
  return contestants.map(({ label, times }) => [
    label,
    median(times).toPrecision(3),
    median(times.map((time, round) => time / (own[round] ?? Number.NaN))).toFixed(2),
    Math.min(...times).toPrecision(3),
    (Math.min(...times) / Math.min(...own)).toFixed(2),
  ]);
}

interface Worker {
  readonly child: ChildProcess;
  /** The next line that it prints. */
  next(): Promise<string>;
}

function start(words: readonly string[], threads: number): Worker {
  const pinned = threads === 1 ? ['taskset', '-c', '0', ...words] : words;
  const [file = '', ...rest] = pinned;
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

/** This program's own contestant: the protocol of the peers. */
async function work({ name, threads, steps }: Work): Promise<void> {
  const { step, signature, chunk } = benchCase(name);
  const program = await engineOn({ engine: 'compiled', device: 'cpu' }, { threads }).compile(step, signature);
  const batches = chunk(steps);
  for (let warm = 0; warm < 2; warm++) await program.run(batches);
  const parameters = Object.entries(signature.state).filter(([key]) => !/^optimizer|^step$/.test(key));
  console.log(parameters.reduce((sum, [, { shape }]) => sum + elementCount(shape), 0));
  for await (const _ of createInterface({ input: process.stdin }))
    console.log((await timed(() => program.run(batches))) / steps);
}
