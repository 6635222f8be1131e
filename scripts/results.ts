// Trains a config, or every config of a folder, under several seeds and prints the table of test metrics, mean and standard deviation.
// Runs that are finished already are read, not trained.
//
//   npm run results -- configs/census-income --seeds 1,2,3 --jobs 2 dataset.path=DIR
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { metrics } from '../src/metrics/catalogue.js';
import type { Result } from '../src/training/result.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    jobs: { type: 'string', default: '1' },
    runs: { type: 'string', default: 'runs' },
  },
});
const [from, ...overrides] = positionals;
if (from === undefined) throw new Error('Name a config or a folder of configs.');
const seeds = values.seeds.split(',');
const jobs = Number(values.jobs);
const threads = Math.max(1, Math.floor(availableParallelism() / jobs));

const configs = from.endsWith('.yaml')
  ? [from]
  : readdirSync(from)
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => join(from, file));
const waiting = configs.flatMap((config) => seeds.map((seed) => ({ config, seed })));
const total = waiting.length;
const results: Result[] = [];
await Promise.all(Array.from({ length: jobs }, work));
process.stdout.write(table());

async function work(): Promise<void> {
  for (let job = waiting.shift(); job; job = waiting.shift()) {
    const { config, seed } = job;
    const result = await train(config, seed);
    results.push(result);
    process.stderr.write(`${results.length}/${total}  ${config}  seed ${seed}\n`);
  }
}

function train(config: string, seed: string): Promise<Result> {
  const words = ['bin/ple.js', 'train', '--config', config, '--json', '--runs', values.runs, `seed=${seed}`];
  const child = spawn(process.execPath, [...words, `engine.threads=${threads}`, ...overrides], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      texts[stream] += text;
    });
  }
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      if (code !== 0) fail(new Error(`${config}, seed ${seed}: exit ${code}\n${texts.stderr}`));
      else done(JSON.parse(texts.stdout));
    });
  });
}

function table(): string {
  const [first] = results;
  if (!first) return '';
  const columns = Object.entries(first.tasks).map(([task, { type }]) => {
    const metric = metrics.all.find((candidate) => candidate.type === type && candidate.score)?.name ?? '';
    return { task, metric };
  });
  const models = [...new Set(results.map(({ model }) => model))].toSorted();
  const head = ['model', ...columns.map(({ task, metric }) => `${task} (${metric})`), 'network parameters', 'seeds'];
  const rows = models.map((model) => {
    const own = results.filter((result) => result.model === model);
    const cells = columns.map(({ task, metric }) =>
      spread(own.map((result) => Number(result.tasks[task]?.test[metric]))),
    );
    return [model, ...cells, String(own[0]?.parameters.network), String(own.length)];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** Mean ± standard deviation (n - 1). */
function spread(numbers: readonly number[]): string {
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const squares = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0);
  return `${mean.toFixed(5)} ± ${Math.sqrt(squares / (numbers.length - 1)).toFixed(5)}`;
}
