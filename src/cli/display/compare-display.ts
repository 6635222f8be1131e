import stringWidth from 'string-width';
import type { Match } from '../../comparison/comparison.js';
import type { Event } from '../../comparison/execute/executor.js';
import { pointText } from '../../comparison/plan/axis-point.js';
import type { Run } from '../../comparison/plan/run.js';
import type { ComparisonConfig } from '../../config/comparison.js';
import { count } from '../../report/numbers.js';
import { shortened } from '../../report/text-table.js';
import { joined } from '../../support/joined.js';
import { printable } from '../../support/printable.js';
import { counted } from '../../support/whole-number.js';
import type { Unit } from './amount.js';
import { leftByMeanRate, type ProgressBar, progressBar, secondsBetweenLines } from './progress-bar.js';

/** Shows a comparison's events to the user. */
export interface CompareDisplay {
  show(event: Event): void;
  line(text: string): void;
  close(): void;
}

type Planned = Event & { readonly kind: 'planned' };

type Decisions = Event & { readonly kind: 'decided' };

type Ended = Event & { readonly kind: 'ended' };

/**
 * Lines for finished and failed runs, notes and decisions. A terminal also has a bar; elsewhere a line every ten seconds
 * says how far the runs are.
 */
export function openCompareDisplay(stream: NodeJS.WriteStream, config: ComparisonConfig): CompareDisplay {
  const said = new Set<string>();
  const ofRuns = gatherNotes();
  const bar = oneBar(stream);
  let stage = { title: '', of: 0, done: 0 };
  const fractions = new Map<string, number>(); // of the runs in training
  let timeLeft = leftByMeanRate(1);
  const line = (text: string) => {
    bar.stop();
    stream.write(`${text.split('\n').map(printable).join('\n')}\n`); // a bug's stack has several lines
  };
  const once = (text: string) => {
    if (said.has(text)) return;
    said.add(text);
    line(text);
  };
  const runsDone = () => [...fractions.values()].reduce((sum, fraction) => sum + fraction, stage.done);
  const advanceRuns = () => {
    if (stream.isTTY) bar.advance(stage.title, 'runs', runsDone(), stage.of);
  };
  const tell = () => {
    if (stream.isTTY || fractions.size === 0) return;
    const left = timeLeft(runsDone(), stage.of);
    const estimate = left === '' ? '' : `; about ${left}`;
    line(`${stage.done} of ${counted(stage.of, 'run')} finished, ${fractions.size} training${estimate}`);
  };
  const timer = setInterval(tell, 1000 * secondsBetweenLines).unref();

  function begin({ stage: name, runs, unfinished, jobs, threads, place }: Planned): void {
    const tuning = name === 'tuning';
    stage = { title: tuning ? 'all runs to tune' : 'all runs', of: runs, done: runs - unfinished.length };
    fractions.clear();
    timeLeft(stage.done, stage.of); // it is the mean rate from here
    const finished = stage.done > 0 ? `, ${stage.done} of them finished already` : '';
    const how = place ?? `${jobs} at a time with ${counted(threads ?? 0, 'thread')} each`;
    const what = `${runs === 1 ? 'run' : 'runs'}${tuning ? ' to tune' : ''}`;
    line(`${runs} ${what}${finished}${unfinished.length > 0 ? `; ${how}` : ''}`);
  }

  function report({ run, report }: Event & { readonly kind: 'report' }): void {
    if (report.kind === 'note' && report.ofRun) ofRuns.add(run, report.message);
    else if (report.kind === 'note') once(`note: ${report.message}`);
    const { epochs } = run.experiment.train;
    if (report.kind === 'start' && report.resumedAt !== null) {
      line(`${runName(run)} continues in epoch ${report.resumedAt}`);
      fractions.set(run.folder, (report.resumedAt - 1) / epochs);
      bar.renew(); // these epochs were trained before
      timeLeft = leftByMeanRate(1);
      timeLeft(runsDone(), stage.of);
      advanceRuns();
    }
    if (report.kind !== 'step') return;
    fractions.set(run.folder, (report.epoch - 1 + report.step / report.steps) / epochs);
    advanceRuns();
  }

  function end({ run, outcome, scores, seconds }: Ended): void {
    fractions.delete(run.folder);
    if (outcome.status === 'interrupted') return;
    stage.done += 1;
    const which = `${stage.done}/${stage.of} `;
    if (outcome.status === 'failed') line(`${which}${runName(run)}  failed: ${outcome.message}`);
    else line(finishedLine(`${which}${runName(run, longestLabel)}`, scores, seconds, stream));
    advanceRuns();
  }

  return {
    line,
    close() {
      bar.stop();
      clearInterval(timer);
      for (const text of ofRuns.take()) line(`note: ${text}`);
    },
    show(event) {
      if (event.kind === 'note') once(`note: ${event.message}`);
      if (event.kind === 'reading') {
        once('Reading the data');
        if (fractions.size === 0) bar.advance('reading', 'bytes', event.done, event.total); // else other runs train too
      }
      if (event.kind === 'decided') for (const text of decisions(event, config)) line(text);
      if (event.kind === 'planned') begin(event);
      if (event.kind === 'begun') fractions.set(event.run.folder, 0);
      if (event.kind === 'started again')
        line(`${runName(event.run)} is started again from its checkpoint: ${event.reason}`);
      if (event.kind === 'command') line(printable(`${event.name}  ${event.message}`));
      if (event.kind === 'report') report(event);
      if (event.kind === 'ended') end(event);
    },
  };
}

/** One bar at a time. */
function oneBar(stream: NodeJS.WriteStream) {
  let bar: { readonly title: string; readonly shown: ProgressBar } | undefined;
  const stop = () => bar?.shown.stop();
  return {
    stop,
    /** The next bar takes its mean rate from here. */
    renew(): void {
      stop();
      bar = undefined;
    },
    advance(title: string, unit: Unit, done: number, total: number): void {
      if (bar?.title !== title) {
        stop();
        bar = { title, shown: progressBar(title, unit, stream) };
      }
      bar.shown.update(done, total);
    },
  };
}

/** Of labels and tasks, in columns. Numbers are never cut: half of one would be read as another. */
const [longestLabel, longestTask] = [24, 20];

/** `3/55 ple seed 1 y1 mse 0.07843 y2 mse 0.07915 1.3 s`. On a terminal, only the tasks that fit. */
function finishedLine(start: string, scores: Ended['scores'], seconds: number, stream: NodeJS.WriteStream): string {
  const parts = scores.map(
    ({ task, metric, value }) =>
      `${shortened(printable(task), longestTask)} ${metric} ${value === null ? '-' : value.toPrecision(4)}`,
  );
  const lineWith = (count: number) => {
    const rest = count < parts.length ? [`… ${counted(parts.length - count, 'more task')}`] : [];
    return [start, ...parts.slice(0, count), ...rest, `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`].join('  ');
  };
  if (!stream.isTTY) return lineWith(parts.length);
  let shown = parts.length;
  while (shown > 1 && stringWidth(lineWith(shown)) > (stream.columns || 80)) shown--;
  return lineWith(shown);
}

/** What `tune` chose and `match` scaled: a line for each model at each point, or for each of its parts. */
function decisions({ changes }: Decisions, { models, points, baseline, match: asked }: ComparisonConfig): string[] {
  const target = asked?.target;
  const rows = points.flatMap((point) => models.map(({ label }) => ({ label, point })));
  return rows.flatMap(({ label, point }) =>
    changes.of(label, point).flatMap(({ tasks, values, match }) => {
      const said = [
        ...(Object.keys(values).length > 0 ? [`tuned: ${pointText(values, ' ')}`] : []),
        ...(match ? [matchText(match, target === 'baseline' ? `${baseline}'s ` : '')] : []),
      ];
      const name = joined(' ', label, pointText(point, ' '), forTasks(tasks));
      return said.length === 0 ? [] : [printable(`${name}: ${said.join('; ')}`)];
    }),
  );
}

/** @param whose Whose number of parameters it is, if it is a model's. */
function matchText({ levels, tower, network, embedding, miss, unmatched }: Match, whose: string): string {
  const has = network + (embedding ?? 0);
  const asked = `${whose}${count(has - miss)} parameters${embedding === undefined ? '' : ', embeddings included'}`;
  const how = unmatched === undefined ? `matched to ${asked}` : `not matched to ${asked} (${unmatched})`;
  return `${how}: levels ${JSON.stringify(levels)}, tower ${JSON.stringify(tower)} have ${count(has)}`;
}

type Named = Pick<Run, 'label' | 'point' | 'values' | 'tasks' | 'seed'>;

/**
 * `ple correlation 0.4 seed 3`. A run of `tune` also has the values that it tries, and a part has `for` and its tasks.
 */
function runName({ label, point, values, tasks, seed }: Named, longest = Number.POSITIVE_INFINITY): string {
  const name = shortened(printable(label), longest);
  return printable(joined(' ', name, pointText({ ...point, ...values, seed }, ' '), forTasks(tasks)));
}

function forTasks(tasks: readonly string[] | undefined): string {
  return tasks === undefined ? '' : `for ${tasks.join(', ')}`;
}

/** Collects notes on single runs, since many runs have the same ones. */
function gatherNotes() {
  const runs = new Map<string, Set<string>>(); // names, by message
  return {
    add(run: Named, message: string): void {
      runs.set(message, (runs.get(message) ?? new Set()).add(runName(run)));
    },
    /** Returns a line for each message with its runs, and clears the notes. */
    take(): readonly string[] {
      const lines = [...runs].map(([message, names]) => {
        return `${names.size > mostNamed ? `${names.size} runs` : [...names].join(', ')}: ${message}`;
      });
      runs.clear();
      return lines;
    },
  };
}

const mostNamed = 5;
