import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Comparison } from '../comparison/comparison.js';
import type { Event, Outcome } from '../comparison/execute/executor.js';
import { summarize } from '../comparison/gains/summarize.js';
import { firstExperiment } from '../comparison/plan/axis-point.js';
import type { Run } from '../comparison/plan/run.js';
import { groupEntries, readRuns } from '../comparison/stored/entry.js';
import type { ComparisonConfig } from '../config/comparison.js';
import { stringifyComparison } from '../config/resolved-comparison.js';
import { systemReason } from '../support/system-error.js';
import { writeWhole } from '../support/whole-file.js';
import { epochsSoFar } from '../training/epoch-record.js';
import type { FinishedRun } from '../training/finished-run.js';
import { livePage, type Status } from './page/live-page.js';
import { noGain } from './task-gains.js';

/** A report.html that is written anew while runs train, and that reloads itself. */
export interface LiveReport {
  on(event: Event): void;
  /** Ends writing. With a text, the last page has it and does not reload; without, another report replaces the page. */
  close(ended?: string): Promise<void>;
}

/** The page is this old at most, in ms … */
const interval = 3000;
/** Where nothing changes, it is written again, so that a reader sees that the comparison still runs. */
const heartbeat = 60_000;
/** … and what it says of ended runs as old as to take this share of a processor. */
const busyShare = 1 / 25;

const stateAfter = { done: 'finished', failed: 'failed', interrupted: 'planned' } as const;

/** Writes nothing before a run trains. @param command Of the report that makes the comparison again. */
export function openLiveReport(
  folder: string,
  config: ComparisonConfig,
  command: string,
  onNote: (message: string) => void,
): LiveReport {
  let stage: (Event & { readonly kind: 'stage' }) | undefined;
  let states = new Map<string, Status>(); // by folder
  const finished = new Map<string, FinishedRun>(); // by folder, below that of the comparison
  let soFar: Parameters<typeof livePage>[2];
  let soFarUntil = 0; // it may be made again from this time on
  let timer: NodeJS.Timeout | undefined;
  let beat: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  let hasTrained = false;
  let isClosed = false;
  const noted = new Set<string>();

  /** The report of the runs that have ended, and the learning curves of all. */
  async function lookAt({ runs, folder: below }: NonNullable<typeof stage>): Promise<void> {
    const { chartsSoFar } = await import('./charts/charts.js');
    const start = performance.now();
    const ended = runs.filter((run) => states.get(run.folder)?.state === 'finished' && !finished.has(run.folder));
    for (const [name, run] of readRuns(ended, below)) finished.set(name, run);
    const comparison = await comparisonSoFar(config, runs, finished);
    const sections = chartsSoFar(comparison, config, runs, (run) => {
      const file = join(below, run.folder, 'epochs.jsonl');
      return existsSync(file) ? epochsSoFar(file) : [];
    });
    soFar = { data: { comparison, runs: finished, command, config: stringifyComparison(config) }, sections };
    const end = performance.now();
    soFarUntil = end + (end - start) / busyShare;
  }

  async function write(ended?: string): Promise<void> {
    if (!stage) return;
    if (stage.stage === 'runs' && (ended !== undefined || performance.now() >= soFarUntil)) await lookAt(stage);
    const page = livePage(config, { ...stage, states, ended }, stage.stage === 'runs' ? soFar : undefined);
    await writeWhole(join(folder, 'report.html'), page);
  }

  /** A page that cannot be written does not end training. */
  async function writeOrNote(ended?: string): Promise<void> {
    try {
      await write(ended);
    } catch (error) {
      const note = `report.html is not written: ${systemReason(error)}.`;
      if (!noted.has(note)) onNote(note);
      noted.add(note);
    }
  }

  function change({ folder: name }: { readonly folder: string }, state: Partial<Status>): void {
    states.set(name, { state: 'training', epoch: 0, message: null, ...states.get(name), ...state });
    hasTrained = true;
    if (isClosed) return;
    const writeNext = () => {
      writing = writing.then(() => writeOrNote());
    };
    beat ??= setInterval(writeNext, heartbeat).unref();
    timer ??= setTimeout(() => {
      timer = undefined;
      writeNext();
    }, interval);
  }

  function end({ folder: name }: { readonly folder: string }, outcome: Outcome): void {
    const message = outcome.status === 'failed' ? outcome.message : null;
    change({ folder: name }, { state: stateAfter[outcome.status], message });
  }

  return {
    on(event) {
      if (event.kind === 'stage') {
        stage = event;
        states = new Map(event.runs.map(({ folder: name, state }) => [name, { state, epoch: 0, message: null }]));
      }
      if (event.kind === 'begun') change(event.run, { state: 'training' });
      if (event.kind === 'report' && event.report.kind === 'epoch')
        change(event.run, { epoch: event.report.record.epoch });
      if (event.kind === 'ended') end(event.run, event.outcome);
    },
    async close(ended) {
      isClosed = true;
      clearTimeout(timer);
      clearInterval(beat);
      await writing;
      if (ended !== undefined && hasTrained) await writeOrNote(ended);
    },
  };
}

/**
 * The comparison of the runs that have ended, without tests: a verdict now would be a look that is not planned.
 * @param finished By folder.
 */
async function comparisonSoFar(
  config: ComparisonConfig,
  runs: readonly Run[],
  finished: ReadonlyMap<string, FinishedRun>,
): Promise<Comparison> {
  const { name, baseline, metrics, taskWeights, axes } = config;
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const reported = runs.filter(({ values }) => values === undefined); // no other points of a front
  const summary = await summarize(groupEntries(reported, finished), {
    ...{ name, baseline, metrics, taskWeights, axes, seeds },
    tasks: firstExperiment(config).tasks,
    ...{ margins: {}, contrasts: [], uncertainty: 'seeds', earlierLooks: [], timing: {}, nextLevel: 0.025 },
    look: { seeds: seeds.length, of: seeds, plan: [seeds.length], alpha: 0.05, level: 0.05 },
  });
  const { se, interval, simultaneous, p, pHolm, verdict } = noGain;
  const rows = summary.rows.map((row) => ({
    ...row,
    aggregate: row.aggregate && { ...row.aggregate, se, interval, simultaneous, p, pHolm, verdict: null },
    verdict: row.verdict === 'baseline' ? row.verdict : ('undecided' as const),
    tasks: Object.fromEntries(
      Object.entries(row.tasks).map(([task, own]) => {
        const { gain, gains, relativeGain } = own;
        return [task, { ...own, ...noGain, gain, gains, relativeGain, verdict }];
      }),
    ),
  }));
  return { ...summary, rows, best: [], notes: [] };
}
