import { mkdirSync } from 'node:fs';
import { dirname, parse } from 'node:path';
import { SingleBar } from 'cli-progress';
import { type SynthesisManifest, synthesize } from '../data/synthesize.js';
import { ConfigError, exitCode } from '../support/errors.js';

interface SynthOptions {
  readonly correlation: string;
  readonly tasks: string;
  readonly rows: string;
  readonly dim: string;
  readonly sines: string;
  readonly noise: string;
  readonly scale: string;
  readonly seed: string;
  readonly binary?: string | true;
  readonly out: string;
  readonly json?: boolean;
}

/** `ple synth`: a file (or one for each correlation) of the synthetic process, and its manifest beside it. */
export async function synthCommand(options: SynthOptions): Promise<number> {
  const correlations = options.correlation.split(',').map((text) => number('correlation', text));
  const { name, ext } = parse(options.out);
  const folder = dirname(options.out);
  mkdirSync(folder, { recursive: true });
  const constants = {
    tasks: whole('tasks', options.tasks, 1),
    rows: whole('rows', options.rows, 1),
    dimension: whole('dim', options.dim, 1),
    sines: whole('sines', options.sines, 0),
    noise: number('noise', options.noise),
    scale: number('scale', options.scale),
    seed: whole('seed', options.seed, 0),
    positiveRate: positiveRate(options.binary),
  };
  const manifests: SynthesisManifest[] = [];
  for (const correlation of correlations) {
    const file = correlations.length === 1 ? options.out : `${folder}/${name}-${correlation}${ext}`;
    const bar = progressBar(file);
    const manifest = await synthesize({ ...constants, correlation }, file, bar.update).finally(bar.stop);
    manifests.push(manifest);
    process.stderr.write(`Written: ${file}, ${manifest.rows} rows; ${file}.manifest.json\n`);
    if (!options.json) process.stdout.write(summary(correlation, manifest));
  }
  const [only] = manifests;
  const document = manifests.length === 1 ? only : manifests;
  if (options.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  return exitCode.done;
}

function summary(correlation: number, { measured, binary, expected }: SynthesisManifest): string {
  const show = (value: number | null | undefined) => (typeof value === 'number' ? value.toFixed(4) : '-');
  const { pearson, spearman, variance } = measured;
  const lines = [
    `cosine of the weights ${correlation}`,
    `label correlation ${show(pearson[0]?.[1])} (Pearson, expected ${show(expected.pearson[0]?.[1])}), ${show(spearman[0]?.[1])} (Spearman)`,
    `label variance ${variance.map(show).join(', ')} (expected ${show(expected.variance)})`,
  ];
  if (binary) lines.push(`share of positives ${binary.measured.mean.map(show).join(', ')}`);
  return `${lines.join('; ')}\n`;
}

/** Shown on a terminal only. */
function progressBar(file: string): { update(done: number, total: number): void; stop(): void } {
  if (!process.stderr.isTTY) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    stream: process.stderr,
    format: `${file} {bar} {percentage} %  {eta_formatted} left`,
    barsize: 24,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(1, 0);
  return {
    update: (done, total) => {
      bar.setTotal(total);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new ConfigError(`--${option}: '${text}' is not a number.`);
}

function whole(option: string, text: string, least: number): number {
  const value = number(option, text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new ConfigError(`--${option}: it is a whole number, at least ${least}, not ${text}.`);
}

function positiveRate(given: string | true | undefined): number | null {
  if (given === undefined) return null;
  const rate = given === true ? 0.5 : number('binary', given);
  if (rate > 0 && rate < 1) return rate;
  throw new ConfigError(`--binary: the share of positives lies between 0 and 1, not ${rate}.`);
}
