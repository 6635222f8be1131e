import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { external } from '../config/compare-schema.js';
import type { AxisPoint, ComparisonConfig } from '../config/comparison.js';
import { dataPaths } from '../config/definitions.js';
import type { Experiment } from '../config/experiment.js';
import { splitNames } from '../data/dataset.js';
import { findTask } from '../data/encode/encode.js';
import { writeSplits } from '../data/write/write-file.js';
import { fileSha256, sealed, sha256 } from '../support/checksum.js';
import { UserError } from '../support/errors.js';
import { makeFolder, writeWhole } from '../support/files.js';
import { printable, shellWord } from '../support/text.js';
import { definitions } from '../training/definitions.js';
import type { FinishedRun } from '../training/finished-run.js';
import { oncePerData } from '../training/load-dataset.js';
import type { ExecutorOptions, Outcome } from './execute/executor.js';
import { threadsOfJob } from './execute/shared-devices.js';
import { pointKey, pointText } from './plan/axis-point.js';
import { folderName } from './plan/run.js';
import type { Entry, EntryRun } from './stored/entry.js';
import {
  type CommandRun,
  commandFile,
  outputNames,
  readCommandFile,
  readCommandRun,
  readExternal,
  referenceAmong,
  type TestRows,
  taskFile,
} from './stored/external-predictions.js';

interface Options extends Pick<ExecutorOptions, 'signal' | 'halt' | 'on' | 'jobs'> {
  /** The comparison's folder. */
  readonly folder: string;
}

/** A command under one seed at one point. */
interface Command {
  readonly label: string;
  readonly command: string;
  readonly point: AxisPoint;
  readonly experiment: Experiment;
  /** The test rows of the baseline's run, on which it is judged. */
  readonly reference: TestRows;
}

/**
 * Runs the commands of `compare.models` that have not run yet, one at a time: for each point and seed. A command gets
 * a folder with task.json, which names Parquet files of the rows, and leaves predictions.csv there (docs/boosting.md).
 * @param rows The models that ple has trained.
 * @returns the rows that commands make, and how long each run took, by its path
 */
export async function externalRows(config: ComparisonConfig, rows: readonly Entry<FinishedRun>[], options: Options) {
  const { points, baseline, seeds } = config;
  const rowsFolder = join(options.folder, 'rows');
  const write = rowsWriter(rowsFolder, options);
  const entries: Entry[] = [];
  let isWhole = true;
  for (const point of points) {
    const isBaseline = (row: Entry) => row.label === baseline && pointKey(row.point) === pointKey(point);
    const baselineRuns = rows.find(isBaseline)?.runs ?? [];
    for (const { label, command } of config.external) {
      const runs: EntryRun[] = [];
      for (const seed of seeds) {
        const judge = baselineRuns.find((candidate) => candidate.seed === seed)?.run;
        if (!judge) {
          runs.push({ seed, path: label, status: 'missing' });
          continue;
        }
        const experiment = config.experiment(baseline, point, seed);
        const reference = await referenceAmong([judge], experiment.tasks);
        const run = await commandRun({ label, command, point, experiment, reference }, write, options);
        isWhole &&= run.status === 'done';
        runs.push(run);
      }
      entries.push({ label, type: external, point, runs });
    }
  }
  // They stay where a command has not made its predictions, to try it by hand.
  if (isWhole && !options.signal.aborted) rmSync(rowsFolder, { recursive: true, force: true });
  const done = entries.flatMap(({ runs }) => runs.filter(({ status }) => status === 'done'));
  const timing = done.map(({ path }) => [path, readCommandFile(dirname(join(options.folder, path))).timing] as const);
  return { entries, timing: Object.fromEntries(timing) };
}

/** Runs a command that has not run, and reads its predictions. */
async function commandRun(command: Command, write: WriteRows, options: Options): Promise<EntryRun> {
  const { seed } = command.experiment;
  const name = `${command.label} ${pointText({ ...command.point, seed }, ' ')}`;
  const ofRun = `${folderName(name)}-${inputsHash(command)}`;
  const [folder, path] = [join(options.folder, ofRun), `${ofRun}/predictions.csv`];
  if (!existsSync(join(folder, commandFile))) {
    const ended = (message: string) => options.on({ kind: 'command', name, message });
    const outcome = await runOnce(command, folder, write, options);
    if (outcome.status === 'failed') ended(`failed: ${outcome.message}`);
    if (outcome.status !== 'done') return { seed, path, status: outcome.status === 'failed' ? 'failed' : 'missing' };
    const { seconds } = readCommandFile(folder).timing;
    ended(`${seconds.toFixed(seconds < 10 ? 1 : 0)} s`);
  }
  const run = await readCommandRun(join(options.folder, path), command.reference);
  return { seed, path, status: 'done', run: { ...run, path } };
}

/** The hash of all that a command's predictions depend on. */
function inputsHash({ command, experiment, reference }: Command): string {
  const { dataset, tasks, seed } = experiment;
  const { checksum, rows } = reference.dataset;
  const paths = dataPaths(experiment, definitions);
  const data = Object.entries(dataset).filter(([key]) => !paths.includes(key));
  const inputs = { data, checksum, rows, tasks, seed, command, files: filesIn(command) };
  return sha256(JSON.stringify(inputs)).slice(0, 8);
}

/** The SHA-256 of each file that a command line names: it runs again if a script changes. */
function filesIn(command: string): readonly string[] {
  const files = command.split(/[\s'"=;&|<>()]+/).map(fileOf);
  return files.filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile()).map(fileSha256);
}

const shippedExamples = new URL('../../examples/', import.meta.url);

/** The file that a word means: `examples/…`, if the working folder has no such file, is one that comes with this program. */
function fileOf(word: string): string {
  if (!word.startsWith('examples/') || existsSync(word)) return word;
  const shipped = fileURLToPath(new URL(word.slice('examples/'.length), shippedExamples));
  return existsSync(shipped) ? shipped : word;
}

async function runOnce(
  { label, command, experiment, reference }: Command,
  folder: string,
  write: WriteRows,
  { signal, halt, jobs }: Options,
): Promise<Outcome> {
  const { seed, engine } = experiment;
  const predictions = join(folder, 'predictions.csv');
  try {
    signal.throwIfAborted();
    const task = await write(experiment);
    makeFolder(folder);
    const outputs = reference.tasks.map(({ task: judged }) => {
      return { ...task.tasks[judged.name], outputs: outputNames(judged) };
    });
    await writeWhole(join(folder, taskFile), `${JSON.stringify({ seed, ...task, tasks: outputs }, null, 2)}\n`);
    rmSync(predictions, { force: true });
    const start = performance.now();
    const words = command.replaceAll(/(?<=^|\s)examples\/[\w./-]+/g, (word) => shellWord(fileOf(word)));
    const outcome = await runCommand(words, folder, { signal, halt, threads: threadsOfJob(engine.threads, jobs) });
    if (outcome.status !== 'done') return outcome;
    const timing = { seconds: (performance.now() - start) / 1000 };
    await readExternal(predictions, 'probability', reference);
    const run: CommandRun = { schema: 1, label, command, seed, predictions: fileSha256(predictions), timing };
    await writeWhole(join(folder, commandFile), `${JSON.stringify(sealed(run), null, 2)}\n`);
    return outcome;
  } catch (error) {
    if (signal.aborted) return { status: 'interrupted' };
    if (error instanceof UserError) return { status: 'failed', message: error.message };
    throw error;
  }
}

type WriteRows = ReturnType<typeof rowsWriter>;

/** Writes the rows of one data set at a time, and gives what task.json says of them. */
function rowsWriter(folder: string, { on, signal }: Options) {
  const write = oncePerData(
    async (source, experiment) => {
      const indices = experiment.tasks.map((task) => findTask(source, task));
      rmSync(folder, { recursive: true, force: true });
      await writeSplits(source, indices, folder, () => signal.throwIfAborted());
      const { weights, labelWeights } = await source.splits.train.read(0);
      const columns = (kind: string, prefix: string) =>
        source.columns.filter((column) => column.kind === kind).map(({ name }) => `${prefix}.${name}`);
      const tasks = experiment.tasks.map(({ name, type }, task) => {
        const index = indices[task] ?? -1;
        const weight = labelWeights?.[index] ? `weight.${name}` : undefined;
        return [name, { name, type, label: `${type}.${name}`, weight, classes: source.tasks[index]?.classes }] as const;
      });
      return {
        rows: Object.fromEntries(splitNames.map((split) => [split, resolve(folder, `${split}.parquet`)])),
        tasks: Object.fromEntries(tasks),
        categories: columns('categorical', 'category'),
        numbers: columns('numeric', 'number'),
        weight: weights ? 'weight' : null,
      };
    },
    ({ tasks }) => tasks,
    1,
  );
  return (experiment: Experiment) => write(experiment, on, signal);
}

/** What the command prints, in its run's folder. */
const commandLog = 'command.log';

/**
 * Runs a command line with the folder as its last word. All that it prints goes to a file of the folder. An abort ends
 * it with the processes that it started. OpenMP, which LightGBM, scikit-learn and PyTorch compute with, takes the threads:
 * with more threads than free cores it waits most of the time.
 */
export async function runCommand(
  command: string,
  folder: string,
  { signal, halt, threads }: { readonly signal: AbortSignal; readonly halt: AbortSignal; readonly threads: number },
): Promise<Outcome> {
  if (signal.aborted) return { status: 'interrupted' };
  const file = join(folder, commandLog);
  const log = openSync(file, 'w');
  const env = { OMP_NUM_THREADS: String(threads), ...process.env };
  const child = spawn('sh', ['-c', `${command} "$0"`, folder], { env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const end = (how: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, how); // the group that `detached` makes
    } catch {
      // it has ended
    }
  };
  const listening = new AbortController();
  signal.addEventListener('abort', () => end('SIGTERM'), { signal: listening.signal });
  halt.addEventListener('abort', () => end('SIGKILL'), { signal: listening.signal });
  try {
    const how = await new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
      child.once('exit', (code, by) => resolve(code === 0 ? undefined : `ended ${by ? `by ${by}` : `with ${code}`}`));
    });
    if (signal.aborted) return { status: 'interrupted' };
    if (how === undefined) return { status: 'done' };
    const last = readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
    return { status: 'failed', message: `its command ${how}${last === '' ? '' : `: ${printable(last)}`} (${file})` };
  } finally {
    listening.abort();
  }
}
