import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { external } from '../config/compare-schema.js';
import type { ComparisonConfig } from '../config/comparison.js';
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
  type Reference,
  readCommandFile,
  readCommandRun,
  readExternal,
  referenceAmong,
  taskFile,
} from './stored/external-predictions.js';

interface Options extends Pick<ExecutorOptions, 'signal' | 'halt' | 'on' | 'jobs'> {
  /** The comparison's. */
  readonly folder: string;
}

/** A command under one seed at one point. */
interface Command {
  readonly label: string;
  readonly command: string;
  readonly experiment: Experiment;
  /** The test rows of the baseline's run, on which it is judged. */
  readonly reference: Reference;
  /** `label seed 1`, with the point's values. */
  readonly name: string;
  /** Its name has the hash of all that the predictions depend on. */
  readonly folder: string;
}

/**
 * Runs the commands of `compare.models` that have not run yet, one at a time: for each point and seed. A command gets
 * a folder with task.json, which names Parquet files of the rows, and leaves predictions.csv there (docs/boosting.md).
 * @param rows The models that ple has trained.
 * @returns the rows that commands make, and how long each run took, by its path
 */
export async function externalRows(
  { points, external: commands, baseline: label, seeds, experiment: experimentOf }: ComparisonConfig,
  rows: readonly Entry<FinishedRun>[],
  options: Options,
) {
  const rowsFolder = join(options.folder, 'rows');
  const write = rowsWriter(rowsFolder, options);
  const timing: Record<string, CommandRun['timing']> = {};
  const entries: Entry[] = [];
  let isWhole = true;
  for (const point of points) {
    const isBaseline = (row: Entry) => row.label === label && pointKey(row.point) === pointKey(point);
    const baseline = rows.find(isBaseline);
    for (const { label: title, command } of commands) {
      const runs: EntryRun[] = [];
      for (const seed of seeds) {
        const run = baseline?.runs.find((candidate) => candidate.seed === seed)?.run;
        if (!run) {
          runs.push({ seed, path: title, status: 'missing' });
          continue;
        }
        const experiment = experimentOf(label, point, seed);
        const reference = await referenceAmong([run], experiment.tasks);
        const name = `${title} ${pointText({ ...point, seed }, ' ')}`;
        const ofRun = `${folderName(name)}-${inputsHash(command, experiment, reference)}`;
        const [folder, path] = [join(options.folder, ofRun), `${ofRun}/predictions.csv`];
        const { status } = await runOnce(
          { label: title, command, experiment, reference, name, folder },
          write,
          options,
        );
        if (status === 'done') {
          timing[path] = readCommandFile(folder).timing;
          const made = await readCommandRun(join(options.folder, path), reference);
          runs.push({ seed, path, status, run: { ...made, path } });
        } else {
          isWhole = false;
          runs.push({ seed, path, status: status === 'failed' ? status : 'missing' });
        }
      }
      entries.push({ label: title, type: external, point, runs });
    }
  }
  // They stay where a command has not made its predictions, to try it by hand.
  if (isWhole && !options.signal.aborted) rmSync(rowsFolder, { recursive: true, force: true });
  return { entries, timing };
}

/** Of all that a command's predictions depend on. */
function inputsHash(command: string, experiment: Experiment, { dataset: { checksum, rows } }: Reference): string {
  const { dataset, tasks, seed } = experiment;
  const paths = dataPaths(experiment, definitions);
  const data = Object.entries(dataset).filter(([key]) => !paths.includes(key));
  const inputs = { data, checksum, rows, tasks, seed, command, files: filesIn(command) };
  return sha256(JSON.stringify(inputs)).slice(0, 8);
}

/** The SHA-256 of each file that a command line names: it runs again if a script changes. */
function filesIn(command: string): readonly string[] {
  const files = command.split(/[\s'"=;&|<>()]+/).flatMap((word) => (word === '' ? [] : fileOf(word)));
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
  { label, name, command, experiment, folder, reference }: Command,
  write: ReturnType<typeof rowsWriter>,
  { signal, halt, on, jobs }: Options,
): Promise<Outcome> {
  if (existsSync(join(folder, commandFile))) return { status: 'done' };
  if (signal.aborted) return { status: 'interrupted' };
  const ended = (message: string) => on({ kind: 'command', name, message });
  try {
    const { seed, engine } = experiment;
    const task = await write(experiment);
    makeFolder(folder);
    const outputs = reference.tasks.map(({ task: judged }) => {
      return { ...task.tasks[judged.name], outputs: outputNames(judged) };
    });
    await writeWhole(join(folder, taskFile), `${JSON.stringify({ seed, ...task, tasks: outputs }, null, 2)}\n`);
    const predictions = join(folder, 'predictions.csv');
    rmSync(predictions, { force: true });
    const start = performance.now();
    const words = command.replaceAll(/(?<=^|\s)examples\/[\w./-]+/g, (word) => shellWord(fileOf(word)));
    const outcome = await runCommand(words, folder, { signal, halt, threads: threadsOfJob(engine.threads, jobs) });
    if (outcome.status === 'failed') ended(`failed: ${outcome.message}`);
    if (outcome.status !== 'done') return outcome;
    const seconds = (performance.now() - start) / 1000;
    await readExternal(predictions, 'probability', reference);
    const timing = { seconds };
    const run: CommandRun = { schema: 1, label, command, seed, predictions: fileSha256(predictions), timing };
    await writeWhole(join(folder, commandFile), `${JSON.stringify(sealed(run), null, 2)}\n`);
    ended(`${seconds.toFixed(seconds < 10 ? 1 : 0)} s`);
    return outcome;
  } catch (error) {
    if (signal.aborted) return { status: 'interrupted' };
    if (!(error instanceof UserError)) throw error;
    ended(`failed: ${error.message}`);
    return { status: 'failed', message: error.message };
  }
}

/** Writes the rows of one data set at a time, and gives what task.json says of them. */
function rowsWriter(folder: string, { on, signal }: Options) {
  const write = oncePerData(
    async (source, experiment) => {
      const tasks = experiment.tasks.map((task) => findTask(source, task));
      rmSync(folder, { recursive: true, force: true });
      await writeSplits(source, tasks, folder, () => signal.throwIfAborted());
      const named = (isNumeric: boolean) =>
        source.columns.flatMap(({ kind, name }) =>
          kind === 'list' || (kind === 'numeric') !== isNumeric ? [] : [`${isNumeric ? 'number' : 'category'}.${name}`],
        );
      const { weights, labelWeights } = await source.splits.train.read(0);
      return {
        rows: Object.fromEntries(splitNames.map((split) => [split, resolve(folder, `${split}.parquet`)])),
        tasks: Object.fromEntries(
          experiment.tasks.map(({ name, type }, t) => {
            const at = tasks[t] ?? -1;
            const classes = source.tasks[at]?.classes;
            const weight = labelWeights?.[at] ? { weight: `weight.${name}` } : {};
            return [name, { name, type, label: `${type}.${name}`, ...weight, ...(classes ? { classes } : {}) }];
          }),
        ),
        categories: named(false),
        numbers: named(true),
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
  const [stop, kill] = [() => end('SIGTERM'), () => end('SIGKILL')];
  signal.addEventListener('abort', stop);
  halt.addEventListener('abort', kill);
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
    signal.removeEventListener('abort', stop);
    halt.removeEventListener('abort', kill);
  }
}
