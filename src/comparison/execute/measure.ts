import { availableParallelism } from 'node:os';
import type { Experiment } from '../../config/experiment.js';
import { dataOf, parametersOf, type ReadShape } from '../plan/data-shapes.js';
import type { Run } from '../plan/run.js';
import type { Event } from './executor.js';
import type { Answer, Report } from './messages.js';
import { deviceFor, type SharedDevices } from './shared-devices.js';
import { errorOf, type Lost } from './worker-process.js';
import type { Workers } from './workers.js';

const seconds = 0.7;

// each candidate trains for `seconds`
const mostCandidates = 4;

interface MeasureOptions {
  readonly workers: Workers;
  readonly devices: SharedDevices;
  readonly on: (report: Report) => void;
}

interface JobsOptions extends Omit<MeasureOptions, 'on'> {
  /** The requested number, which is not measured. */
  readonly jobs: number | undefined;
  readonly readShape: ReadShape;
  readonly on: (event: Event) => void;
  readonly onReading: (report: Report) => void;
}

/**
 * The number of jobs at which the largest model of some runs trains fastest. Measured once for a model and its data, if
 * there is a choice.
 */
export function fastestJobs({ workers, devices, jobs, readShape, on, onReading }: JobsOptions) {
  const fastest = new Map<string, number>(); // by model, data and choices
  return async (runs: readonly Run[]): Promise<number> => {
    const atMost = (count: number) => Math.max(1, Math.min(count, runs.length));
    if (jobs !== undefined) return atMost(jobs);
    const sizes = [...(await modelSizes(runs, readShape)).values()];
    const [largest] = sizes.toSorted((a, b) => b.size - a.size);
    const choices = candidates(availableParallelism(), runs.length);
    const [only = 1, ...others] = choices;
    if (!largest || others.length === 0) return only;
    const { experiment } = largest.run;
    const key = JSON.stringify([dataOf(experiment), experiment.model, experiment.train.batchSize, choices]);
    const known = fastest.get(key);
    if (known !== undefined) return known;
    on({ kind: 'measuring', what: 'jobs' });
    let best = { jobs: 1, rate: 0 };
    for (const jobs of choices) {
      const rate = await rateOf(experiment, jobs, { workers, devices, on: onReading });
      if (rate > best.rate) best = { jobs, rate };
    }
    fastest.set(key, atMost(best.jobs));
    return atMost(best.jobs);
  };
}

/** Numbers of jobs to measure: 1, the number of cores, and powers of two between them; never more than the runs. */
export function candidates(cores: number, runs: number): number[] {
  const most = Math.max(1, Math.min(cores, runs));
  const powers = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, power) => 2 ** power);
  const all = powers.includes(most) ? powers : [...powers, most];
  const stride = (all.length - 1) / (mostCandidates - 1);
  return all.length <= mostCandidates
    ? all
    : Array.from({ length: mostCandidates }, (_, i) => all[Math.round(i * stride)] ?? most);
}

async function rateOf(experiment: Experiment, jobs: number, options: MeasureOptions): Promise<number> {
  const { workers } = options;
  const begun = new Set<number>();
  const begin = (place: number) => {
    begun.add(place);
    if (begun.size === jobs) workers.signal({ kind: 'go' });
  };
  const answers = await Promise.all(
    Array.from({ length: jobs }, async (_, place) => {
      const answer = await measured(experiment, place, { ...options, jobs }, () => begin(place));
      if (!begun.has(place)) begin(place); // it failed, so the others must not wait for it
      return answer;
    }),
  );
  const stopped = answers.find(({ kind }) => kind === 'interrupted');
  if (stopped) throw errorOf(stopped);
  return answers.reduce((sum, answer) => sum + (answer.kind === 'measured' ? answer.samplesPerSecond : 0), 0);
}

/** Measures one model in its own worker, while other workers measure other models. */
export async function measureModel(
  experiment: Experiment,
  place: number,
  options: MeasureOptions & { readonly jobs: number },
): Promise<Answer & { readonly kind: 'measured' }> {
  const go = () => options.workers.at(place).signal({ kind: 'go' });
  const answer = await measured(experiment, place, options, go);
  if (answer.kind === 'measured') return answer;
  throw errorOf(answer);
}

function measured(
  experiment: Experiment,
  place: number,
  { workers, devices, jobs, on }: MeasureOptions & { readonly jobs: number },
  onReady: () => void,
): Promise<Answer | Lost> {
  const order = { kind: 'measure', experiment, engine: deviceFor(devices, jobs, place), seconds } as const;
  return workers.at(place).ask(order, (report) => (report.kind === 'ready' ? onReady() : on(report)));
}

/** Network parameters of each model, by label. Only its first run is counted, since axes and seeds change little. */
export async function modelSizes(
  runs: readonly Run[],
  readShape: ReadShape,
): Promise<ReadonlyMap<string, { readonly run: Run; readonly size: number }>> {
  const firsts = new Map(runs.toReversed().map((run) => [run.label, run]));
  const sizes = await Promise.all(
    Array.from(firsts, async ([label, run]) => {
      const size = await readShape(run.experiment).then(
        ({ model }) => parametersOf(run.experiment, model).network,
        () => 0, // the run itself will report what is wrong
      );
      return [label, { run, size }] as const;
    }),
  );
  return new Map(sizes);
}

/**
 * Sorts runs by model size, largest first, within each seed. This way no long run starts last while other jobs are
 * idle.
 */
export async function largestFirst(runs: readonly Run[], readShape: ReadShape): Promise<readonly Run[]> {
  const sizes = await modelSizes(runs, readShape);
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const sizeOf = ({ label }: Run) => sizes.get(label)?.size ?? 0;
  return runs.toSorted((a, b) => seeds.indexOf(a.seed) - seeds.indexOf(b.seed) || sizeOf(b) - sizeOf(a));
}
