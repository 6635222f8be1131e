import type { Comparison, Match } from '../../comparison/comparison.js';
import type { Event } from '../../comparison/execute/executor.js';
import { pointText } from '../../comparison/plan/axis-point.js';
import type { Run } from '../../comparison/plan/run.js';
import type { ComparisonConfig } from '../../config/comparison.js';
import { gainsText } from '../../report/gains-text.js';
import { count } from '../../report/numbers.js';
import { counted, joined, printable } from '../../support/text.js';
import { type ProgressBar, progressBar, type Unit } from './progress-bar.js';

/** Shows a comparison's events to the user. */
export interface CompareDisplay {
  show(event: Event): void;
  line(text: string): void;
  close(): void;
}

type Of<Kind extends Event['kind']> = Event & { readonly kind: Kind };

/** Lines for finished and failed runs, notes and decisions, and a bar of all runs. */
export function openCompareDisplay(stream: NodeJS.WriteStream, config: ComparisonConfig): CompareDisplay {
  const said = new Set<string>();
  const ofRuns = new Map<string, Set<string>>(); // names of runs by their note: many have the same
  const fractions = new Map<string, number>(); // of the runs in training
  let stage = { title: '', of: 0, done: 0 };
  let bar: { readonly title: string; readonly shown: ProgressBar } | undefined;
  const line = (text: string) => {
    bar?.shown.stop();
    stream.write(`${text.split('\n').map(printable).join('\n')}\n`); // a bug's stack has several lines
  };
  const once = (text: string) => {
    if (!said.has(text)) line(text);
    said.add(text);
  };
  const advance = (title: string, unit: Unit, done: number, total: number) => {
    if (bar?.title !== title) {
      bar?.shown.stop();
      bar = { title, shown: progressBar(title, unit, stream) };
    }
    bar.shown.update(done, total);
  };
  const advanceRuns = () => {
    const training = [...fractions.values()].reduce((sum, fraction) => sum + fraction, 0);
    advance(stage.title, 'runs', stage.done + training, stage.of);
  };

  function begin({ stage: name, runs, unfinished, jobs, threads, place: where }: Of<'planned'>): void {
    const what = name === 'tuning' ? ' to tune' : '';
    stage = { title: `all runs${what}`, of: runs, done: runs - unfinished.length };
    fractions.clear();
    const finished = stage.done > 0 ? `, ${stage.done} of them finished already` : '';
    const how = where ?? `${jobs} at a time with ${counted(threads ?? 0, 'thread')} each`;
    line(`${counted(runs, 'run')}${what}${finished}${unfinished.length > 0 ? `; ${how}` : ''}`);
    if (unfinished.length > 0) advanceRuns(); // the mean rate is from here
  }

  function report({ run, report }: Of<'report'>): void {
    const { epochs } = run.experiment.train;
    if (report.kind === 'note' && report.ofRun)
      ofRuns.set(report.message, (ofRuns.get(report.message) ?? new Set()).add(runName(run)));
    else if (report.kind === 'note') once(`note: ${report.message}`);
    else if (report.kind === 'start' && report.resumedAt !== null) {
      line(`${runName(run)} continues in epoch ${report.resumedAt}`);
      fractions.set(run.folder, (report.resumedAt - 1) / epochs);
      bar = undefined; // these epochs were trained before: the next bar takes its mean rate from here
      advanceRuns();
    } else if (report.kind === 'step') {
      fractions.set(run.folder, (report.epoch - 1 + report.step / report.steps) / epochs);
      advanceRuns();
    }
  }

  function end({ run, outcome, scores, seconds }: Of<'ended'>): void {
    fractions.delete(run.folder);
    if (outcome.status === 'interrupted') return;
    stage.done += 1;
    const name = `${stage.done}/${stage.of} ${runName(run)}`;
    const values = scores.map(({ task, metric, value }) => `${task} ${metric} ${value?.toPrecision(4) ?? '-'}`);
    line(
      outcome.status === 'failed'
        ? `${name}  failed: ${outcome.message}`
        : [name, ...values, `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`].map(printable).join('  '),
    );
    advanceRuns();
  }

  return {
    line,
    close() {
      bar?.shown.stop();
      for (const [message, names] of ofRuns)
        line(`note: ${names.size > mostNamed ? `${names.size} runs` : [...names].join(', ')}: ${message}`);
      ofRuns.clear();
    },
    show(event) {
      switch (event.kind) {
        case 'note':
          return once(`note: ${event.message}`);
        case 'reading':
          once('Reading the data');
          if (fractions.size === 0) advance('reading', 'bytes', event.done, event.total); // else other runs train too
          return;
        case 'decided':
          return decisions(event, config).forEach(line);
        case 'planned':
          return begin(event);
        case 'begun':
          fractions.set(event.run.folder, 0);
          return;
        case 'started again':
          return line(`${runName(event.run)} is started again from its checkpoint: ${event.reason}`);
        case 'command':
          return line(printable(`${event.name}  ${event.message}`));
        case 'report':
          return report(event);
        case 'ended':
          return end(event);
      }
    },
  };
}

const mostNamed = 5;

/** What `tune` chose and `match` scaled: a line for each model at each point, or for each of its parts. */
function decisions(
  { changes }: Of<'decided'>,
  { models, points, seeds, crossFit, baseline, match: asked }: ComparisonConfig,
): string[] {
  const whose = asked?.target === 'baseline' ? `${baseline}'s ` : '';
  if (crossFit) return []; // the table says them
  return points.flatMap((point) =>
    models.flatMap(({ label }) =>
      changes(label, point, seeds[0] ?? 0).flatMap(({ tasks, values, match }) => {
        const said = [
          ...(Object.keys(values).length > 0 ? [`tuned: ${pointText(values, ' ')}`] : []),
          ...(match ? [matchText(match, whose)] : []),
        ];
        const name = joined(' ', label, pointText(point, ' '), forTasks(tasks));
        return said.length === 0 ? [] : [printable(`${name}: ${said.join('; ')}`)];
      }),
    ),
  );
}

/** @param whose Whose number of parameters it is, if it is a model's. */
function matchText({ levels, tower, network, embedding, miss, unmatched }: Match, whose: string): string {
  const has = network + (embedding ?? 0);
  const asked = `${whose}${count(has - miss)} parameters${embedding === undefined ? '' : ', embeddings included'}`;
  const how = unmatched === undefined ? `matched to ${asked}` : `not matched to ${asked} (${unmatched})`;
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
