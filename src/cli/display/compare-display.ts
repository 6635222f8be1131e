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
import { type CompareBars, openCompareBars } from './compare-bars.js';
import { leftByMeanRate, type ProgressBar, progressBar } from './progress-bar.js';

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
 * On a terminal: bars. Elsewhere: a line for each finished run. Failed runs, notes and decisions are lines in both
 * cases.
 */
export function openCompareDisplay(stream: NodeJS.WriteStream, config: ComparisonConfig): CompareDisplay {
  const said = new Set<string>();
  let before: { readonly kind: string; readonly bar: ProgressBar } | undefined; // the bar while nothing trains
  const ofRuns = gatherNotes();
  const line = (text: string) => {
    before?.bar.stop();
    training.log(text.split('\n').map(printable).join('\n')); // a bug's stack has several lines
  };
  const once = (text: string) => {
    if (said.has(text)) return;
    said.add(text);
    line(text);
  };
  const training = trainingDisplay(stream, config, line);
  const closeBars = () => {
    training.close();
    before?.bar.stop();
    before = undefined;
  };
  const advance = (kind: 'reading' | 'measuring', done: number, total: number) => {
    if (training.hasBars()) return; // other runs train too
    if (before?.kind !== kind) {
      before?.bar.stop();
      before = { kind, bar: progressBar(kind, kind === 'reading' ? 'bytes' : 'models', stream) };
    }
    before.bar.update(done, total);
  };

  return {
    line,
    close() {
      closeBars();
      for (const text of ofRuns.take()) line(`note: ${text}`);
    },
    show(event) {
      if (event.kind === 'note') once(`note: ${event.message}`);
      if (event.kind === 'reading') {
        once('Reading the data');
        advance('reading', event.done, event.total);
      }
      if (event.kind === 'measured') {
        once('Measuring a few steps of each model');
        if (event.done > 0) advance('measuring', event.done, event.of);
      }
      if (event.kind === 'decided') for (const text of decisions(event, config)) line(text);
      if (event.kind === 'planned') {
        closeBars();
        training.start(event);
      }
      if (event.kind === 'begun') training.begin(event.run, event.place);
      if (event.kind === 'started again')
        line(`${nameOf(event.run)} is started again from its checkpoint: ${event.reason}`);
      if (event.kind === 'report') {
        const { run, report } = event;
        if (report.kind !== 'note') training.report(run, report);
        else if (report.ofRun) ofRuns.add(run, report.message);
        else once(`note: ${report.message}`);
      }
      if (event.kind === 'ended') training.end(event);
      training.drawTotal();
    },
  };
}

/** Progress of a stage, in runs. */
interface StageProgress {
  readonly of: number;
  done: number;
  /** Runs of the next stage. */
  readonly later: number;
  timeLeft: ReturnType<typeof leftByMeanRate>;
}

/** Shows the progress of a stage's runs, each and all together. */
function trainingDisplay(stream: NodeJS.WriteStream, config: ComparisonConfig, line: (text: string) => void) {
  let bars: CompareBars | undefined;
  let stage: StageProgress | undefined;
  const fractions = new Map<string, number>(); // of the runs in training
  const places = new Map<string, number>();
  return {
    hasBars: () => bars !== undefined,
    log(lines: string): void {
      if (bars) bars.log(lines);
      else stream.write(`${lines}\n`);
    },
    close(): void {
      bars?.close();
      bars = undefined;
    },
    start({ stage: name, runs, unfinished, jobs, threads, place }: Planned): void {
      const { models, points, seeds, looks } = config;
      const reported = points.length * models.length * seeds.slice(0, looks[0]).length;
      const later = name === 'tuning' ? reported : 0;
      stage = { of: runs, done: runs - unfinished.length, later, timeLeft: leftByMeanRate() };
      const finished = stage.done > 0 ? `, ${stage.done} of them finished already` : '';
      const how = place ?? `${jobs} at a time with ${counted(threads ?? 0, 'thread')} each`;
      const until = new Set(unfinished.flatMap((run) => run.until ?? []));
      const rung = until.size === 0 ? '' : ` until epoch ${[...until].join(' or ')}`;
      const what = `${runs === 1 ? 'run' : 'runs'}${name === 'tuning' ? ` to tune${rung}` : ''}`;
      line(`${runs} ${what}${finished}${unfinished.length > 0 ? `; ${how}` : ''}`);
      const title = name === 'tuning' ? 'all runs to tune' : 'all runs';
      if (stream.isTTY && unfinished.length > 0)
        bars = openCompareBars(stream, title, Math.min(jobs, unfinished.length), runs);
    },
    begin(run: Run, place: number): void {
      places.set(run.folder, place);
      fractions.set(run.folder, 0);
      bars?.job(place, nameOf(run), 0, ['reading']);
    },
    report(run: Run, report: (Event & { readonly kind: 'report' })['report']): void {
      const name = nameOf(run);
      const place = places.get(run.folder) ?? 0;
      const { until: epochs = run.experiment.train.epochs } = run;
      if (report.kind === 'start') {
        if (stage && report.resumedAt !== null) {
          fractions.set(run.folder, (report.resumedAt - 1) / epochs);
          stage.timeLeft = leftByMeanRate(); // the mean rate counts from here: these runs were trained before
        }
        if (report.resumedAt !== null && run.until === undefined)
          line(`${name} continues in epoch ${report.resumedAt}`);
        bars?.job(place, name, 0, ['compiling']);
      }
      if (report.kind !== 'step') return;
      const fraction = (report.epoch - 1 + report.step / report.steps) / epochs;
      fractions.set(run.folder, fraction);
      const rate = `${count(report.samplesPerSecond)} samples/s`;
      bars?.job(place, name, fraction, [`epoch ${report.epoch}/${epochs}`, rate]);
    },
    end({ run, outcome, scores, seconds }: Ended): void {
      fractions.delete(run.folder);
      bars?.idle(places.get(run.folder) ?? 0);
      if (!stage || outcome.status === 'interrupted') return;
      stage.done += 1;
      const which = `${stage.done}/${stage.of} `;
      if (outcome.status === 'failed') line(`${which}${nameOf(run)}  failed: ${outcome.message}`);
      else if (!bars) line(finishedLine(`${which}${shortened(nameOf(run), longestName)}`, scores, seconds));
    },
    drawTotal(): void {
      if (!bars || !stage) return;
      const { of, later, timeLeft } = stage;
      const done = [...fractions.values()].reduce((sum, fraction) => sum + fraction, stage.done);
      bars.total(done, of, timeLeft(done, of + later));
    },
  };
}

const [columnsOfLines, longestName] = [80, 40];

/**
 * `3/55 ple seed 1 y1 mse 0.07843 y2 mse 0.07915 1.3 s`. With many tasks, the first whose scores fit, and the number of
 * the others.
 */
function finishedLine(start: string, scores: Ended['scores'], seconds: number): string {
  const end = `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const parts = scores.map(
    ({ task, metric, value }) =>
      `${shortened(printable(task), 20)} ${metric} ${value === null ? '-' : value.toPrecision(4)}`,
  );
  const lineOf = (shown: number) => {
    const more = parts.length - shown;
    return [start, ...parts.slice(0, shown), ...(more > 0 ? [`… ${more} more`] : []), end].join('  ');
  };
  const fitting = parts.findLastIndex((_, index) => stringWidth(lineOf(index + 1)) <= columnsOfLines);
  return lineOf(fitting + 1);
}

/** What `tune` chose and `match` scaled: a line for each model at each point, or for each of its parts. */
function decisions({ changes }: Decisions, { models, points }: ComparisonConfig): string[] {
  const rows = points.flatMap((point) => models.map(({ label }) => ({ label, point })));
  return rows.flatMap(({ label, point }) =>
    changes.of(label, point).flatMap(({ tasks, values, match }) => {
      const said = [
        ...(Object.keys(values).length > 0 ? [`tuned: ${pointText(values, ' ')}`] : []),
        ...(match ? [matchText(match)] : []),
      ];
      const name = joined(' ', label, pointText(point, ' '), forTasks(tasks));
      return said.length === 0 ? [] : [printable(`${name}: ${said.join('; ')}`)];
    }),
  );
}

function matchText({ levels, tower, network, embedding, miss, unmatched }: Match): string {
  const how = unmatched === undefined ? 'matched' : `not matched (${unmatched})`;
  const embeddings = embedding === undefined ? '' : ` with ${count(embedding)} of embeddings`;
  return (
    `${how}: levels ${JSON.stringify(levels)}, tower ${JSON.stringify(tower)}, ` +
    `${count(network + (embedding ?? 0))} parameters${embeddings} (${miss > 0 ? '+' : ''}${count(miss)})`
  );
}

type Named = Pick<Run, 'label' | 'point' | 'values' | 'tasks' | 'seed'>;

/**
 * `ple correlation 0.4 seed 3`. A run of `tune` also has the values that it tries, and a part has `for` and its tasks.
 */
export function nameOf({ label, point, values, tasks, seed }: Named): string {
  return printable(joined(' ', label, pointText({ ...point, ...values, seed }, ' '), forTasks(tasks)));
}

function forTasks(tasks: readonly string[] | undefined): string {
  return tasks === undefined ? '' : `for ${tasks.join(', ')}`;
}

/** Collects notes on single runs, since many runs have the same ones. */
interface NotesOfRuns {
  add(run: Pick<Run, 'label' | 'point' | 'values' | 'seed'>, message: string): void;
  /** Returns a line for each message with its runs, and clears the notes. */
  take(): readonly string[];
}

function gatherNotes(): NotesOfRuns {
  const seeds = new Map<string, Map<string, Set<number>>>(); // by message, then by model and point
  return {
    add({ label, point, values, seed }, message) {
      const names = seeds.get(message) ?? new Map<string, Set<number>>();
      const name = joined(' ', label, pointText({ ...point, ...values }, ' '));
      names.set(name, (names.get(name) ?? new Set()).add(seed));
      seeds.set(message, names);
    },
    take() {
      const lines = [...seeds].map(([message, names]) => `${ofWhich(names)}: ${message}`);
      seeds.clear();
      return lines;
    },
  };
}

const mostNamed = 10;

/** `ple seeds 1, 2, 5; mmoe seed 1`. For many runs, their number. */
function ofWhich(names: ReadonlyMap<string, ReadonlySet<number>>): string {
  const runs = [...names.values()].reduce((sum, seeds) => sum + seeds.size, 0);
  return runs > mostNamed ? `${runs} runs` : [...names].map(runsText).join('; ');
}

/** `ple seeds 1, 2, 5` */
function runsText([name, seeds]: readonly [string, ReadonlySet<number>]): string {
  return `${name} ${seeds.size === 1 ? 'seed' : 'seeds'} ${[...seeds].toSorted((a, b) => a - b).join(', ')}`;
}
