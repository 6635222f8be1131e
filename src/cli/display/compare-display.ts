import type { Comparison, Match } from '../../comparison/comparison.js';
import type { Event } from '../../comparison/execute/executor.js';
import { pointText } from '../../comparison/plan/axis-point.js';
import type { Run } from '../../comparison/plan/run.js';
import type { ComparisonConfig } from '../../config/comparison.js';
import { gainsText } from '../../report/gains-text.js';
import { count } from '../../report/numbers.js';
import { counted, joined, printable } from '../../support/text.js';
import { type ProgressBars, progressBars } from './progress-bar.js';

type Of<Kind extends Event['kind']> = Event & { readonly kind: Kind };

/** Shows a comparison's events: lines for finished and failed runs, notes and decisions, and a bar of all runs. */
export function openCompareDisplay(stream: NodeJS.WriteStream, config: ComparisonConfig) {
  const bars = progressBars(stream);
  const line = (text: string) => text.split('\n').forEach(bars.line); // a bug's stack has several lines
  const [stage, notes] = [openStage(bars, line), openNotes(line)];
  const report = ({ run, report }: Of<'report'>) => {
    if (report.kind === 'note' && report.ofRun) notes.addOfRun(report.message, run);
    else if (report.kind === 'note') notes.once(`note: ${report.message}`);
    else stage.advance(run, report);
  };
  return {
    line,
    close() {
      bars.stop();
      notes.close();
    },
    show(event: Event) {
      switch (event.kind) {
        case 'note':
          return notes.once(`note: ${event.message}`);
        case 'reading':
          notes.once('Reading the data');
          if (stage.isIdle()) bars.update('reading', 'bytes', event.done, event.total);
          return;
        case 'decided':
          return decisions(event, config).forEach(line);
        case 'planned':
          line(plannedText(event));
          return stage.begin(event);
        case 'command':
          return line(printable(`${event.name}  ${event.message}`));
        case 'begun':
          return void stage.admit(event.run);
        case 'started again':
          return line(`${runName(event.run)} is started again from its checkpoint: ${event.reason}`);
        case 'report':
          return report(event);
        case 'ended':
          return stage.end(event);
      }
    },
  };
}

const mostNamed = 5;

/** What all runs may say is written once and at once; what came out of single runs, at the end with their names. */
function openNotes(line: (text: string) => void) {
  const written = new Set<string>();
  const runs = new Map<string, Set<string>>(); // their names, by the note
  return {
    once(text: string) {
      if (!written.has(text)) line(text);
      written.add(text);
    },
    addOfRun(message: string, run: Run) {
      runs.set(message, (runs.get(message) ?? new Set()).add(runName(run)));
    },
    close() {
      for (const [message, names] of runs)
        line(`note: ${names.size > mostNamed ? `${names.size} runs` : [...names].join(', ')}: ${message}`);
      runs.clear();
    },
  };
}

/** A bar of all runs of a stage: those that have ended, and the trained parts of the others. */
function openStage(bars: ProgressBars, line: (text: string) => void) {
  const trained = new Map<string, number>(); // parts of the runs in training, by folder
  let [title, done, total] = ['', 0, 0];
  const update = () => {
    const training = [...trained.values()].reduce((sum, part) => sum + part, 0);
    bars.update(title, 'runs', done + training, total);
  };
  return {
    isIdle: () => trained.size === 0,
    begin({ stage, runs, unfinished }: Of<'planned'>) {
      [title, done, total] = [`all runs${ofStage(stage)}`, runs - unfinished.length, runs];
      trained.clear();
      if (unfinished.length > 0) update(); // the mean rate is from here
    },
    admit: ({ folder }: Run) => trained.set(folder, 0),
    advance(run: Run, report: Of<'report'>['report']) {
      const part = trainedPart(run, report);
      if (part === undefined) return;
      trained.set(run.folder, part);
      if (report.kind === 'start') {
        line(`${runName(run)} continues in epoch ${report.resumedAt}`);
        bars.restart(); // these epochs were trained before
      }
      update();
    },
    end(event: Of<'ended'>) {
      trained.delete(event.run.folder);
      if (event.outcome.status === 'interrupted') return;
      done += 1;
      line(`${done}/${total} ${endedText(event)}`);
      update();
    },
  };
}

/** How much of a run is trained, as far as a report says it. */
function trainedPart({ experiment }: Run, report: Of<'report'>['report']): number | undefined {
  const { epochs } = experiment.train;
  if (report.kind === 'step') return (report.epoch - 1 + report.step / report.steps) / epochs;
  return report.kind === 'start' && report.resumedAt !== null ? (report.resumedAt - 1) / epochs : undefined;
}

function ofStage(stage: Of<'planned'>['stage']): string {
  return stage === 'tuning' ? ' to tune' : '';
}

function plannedText({ stage, runs, unfinished, jobs, threads, place }: Of<'planned'>): string {
  const done = runs - unfinished.length;
  const finished = done > 0 ? `, ${done} of them finished already` : '';
  const how = place ?? `${jobs} at a time with ${counted(threads ?? 0, 'thread')} each`;
  return `${counted(runs, 'run')}${ofStage(stage)}${finished}${unfinished.length > 0 ? `; ${how}` : ''}`;
}

function endedText({ run, outcome, scores, seconds }: Of<'ended'>): string {
  if (outcome.status === 'failed') return `${runName(run)}  failed: ${outcome.message}`;
  const values = scores.map(({ task, metric, value }) => `${task} ${metric} ${value?.toPrecision(4) ?? '-'}`);
  return [runName(run), ...values, `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`].map(printable).join('  ');
}

/** What `tune` chose and `match` scaled: a line for each model at each point, or for each of its parts. */
function decisions(
  { changes }: Of<'decided'>,
  { models, points, seeds, crossFit, baseline, match: matching }: ComparisonConfig,
): string[] {
  const whose = matching?.target === 'baseline' ? `${baseline}'s ` : '';
  if (crossFit) return []; // the table says them
  return points.flatMap((point) =>
    models.flatMap(({ label }) =>
      changes(label, point, seeds[0] ?? 0).flatMap(({ tasks, values, match }) => {
        const texts = [
          ...(Object.keys(values).length > 0 ? [`tuned: ${pointText(values, ' ')}`] : []),
          ...(match ? [matchText(match, whose)] : []),
        ];
        const name = joined(' ', label, pointText(point, ' '), forTasks(tasks));
        return texts.length === 0 ? [] : [printable(`${name}: ${texts.join('; ')}`)];
      }),
    ),
  );
}

/** @param whose Whose number of parameters it is, if it is a model's. */
function matchText({ levels, tower, network, embedding, miss, unmatched }: Match, whose: string): string {
  const has = network + (embedding ?? 0);
  const target = `${whose}${count(has - miss)} parameters${embedding === undefined ? '' : ', embeddings included'}`;
  const how = unmatched === undefined ? `matched to ${target}` : `not matched to ${target} (${unmatched})`;
  return `${how}: levels ${JSON.stringify(levels)}, tower ${JSON.stringify(tower)} have ${count(has)}`;
}

/** `ple correlation 0.4 seed 3`. A run of `tune` also has the values that it tries, and a part has `for` and its tasks. */
function runName({ label, point, values, tasks, seed }: Run): string {
  return printable(joined(' ', label, pointText({ ...point, ...values, seed }, ' '), forTasks(tasks)));
}

function forTasks(tasks: readonly string[] | undefined): string {
  return tasks === undefined ? '' : `for ${tasks.join(', ')}`;
}

const [fewestColumns, mostColumns] = [80, 120]; // longer lines of text are hard to read

/** Prints a comparison on stdout: its table and findings in words, or one JSON document. */
export function showComparison(
  comparison: Comparison,
  { json = false, wide = false }: { readonly json?: boolean | undefined; readonly wide?: boolean | undefined },
): void {
  const { stdout } = process;
  const colour = stdout.isTTY === true && stdout.getColorDepth() > 1; // respects NO_COLOR
  const columns = Math.min(mostColumns, Math.max(fewestColumns, stdout.columns ?? fewestColumns));
  if (json) stdout.write(`${JSON.stringify(comparison, null, 2)}\n`);
  else stdout.write(`${stdout.isTTY ? '\n' : ''}${gainsText(comparison, { colour, wide, columns })}`); // after progress
}
