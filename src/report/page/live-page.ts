import { join } from 'node:path';
import type { Event } from '../../comparison/execute/executor.js';
import { scoresOf } from '../../comparison/execute/stage.js';
import { pointText } from '../../comparison/plan/axis-point.js';
import type { Run } from '../../comparison/plan/run.js';
import { mean, standardDeviation } from '../../comparison/statistics/moments.js';
import type { ComparisonConfig } from '../../config/comparison.js';
import { joined } from '../../support/joined.js';
import type { ChartSection } from '../charts/chart.js';
import { modelSeries } from '../charts/palette.js';
import { column } from '../columns.js';
import { html } from '../html.js';
import { count, dash, digitsFor, fixed } from '../numbers.js';
import { metricName } from '../task-gains.js';
import { chartSection, modelKey } from './chart-sections.js';
import { htmlDocument } from './document.js';
import { htmlTable } from './html-table.js';

export interface Status {
  readonly state: 'training' | Run['state'];
  /** The last epoch that it has trained, as far as it is known. */
  readonly epoch: number;
  /** Why it failed. */
  readonly message: string | null;
}

export interface Progress extends Omit<Event & { readonly kind: 'stage' }, 'kind'> {
  /** By folder. */
  readonly states: ReadonlyMap<string, Status>;
  readonly charts: readonly ChartSection[];
  /** Why nothing trains any more. Undefined while runs train. */
  readonly ended: string | undefined;
}

/**
 * What a comparison has trained so far, without a test. The page reloads itself until the training has ended, or
 * nothing has written it for minutes.
 */
export function livePage(config: ComparisonConfig, progress: Progress): string {
  const { stage, states, charts, ended } = progress;
  const inState = (wanted: Status['state']) => [...states.values()].filter(({ state }) => state === wanted).length;
  const [done, training, failed] = [inState('finished'), inState('training'), inState('failed')];
  const search = stage === 'tuning' ? ' of the search' : '';
  const numbers = [
    `${count(done)} of ${count(states.size)} runs${search} done`,
    ...(training > 0 ? [`${training} training`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  const failures = progress.runs.flatMap((run) => {
    const { message = null } = states.get(run.folder) ?? {};
    return message === null ? [] : [`${nameOf(run)}, seed ${run.seed}: ${message}`];
  });
  return htmlDocument(
    `${done}/${states.size} · ${config.name}`,
    html`<header>
<h1>${config.name}</h1>
<p class="lead">${numbers.join(', ')}.</p>
<p class="facts"${ended === undefined ? html` data-written="${Date.now()}"` : null}>${ended ?? 'This page is written anew while runs train, and reloads itself. The report replaces it.'}</p>
${failures.length === 0 ? null : html`<div class="notes" role="note">${failures.map((text) => html`<p>${text}</p>`)}</div>`}
</header>
<main>
<section id="runs"><h2>Runs</h2>
<p class="reading">Means over finished runs ± their standard deviation, on the ${stage === 'tuning' ? 'validation' : 'test'} split. They are not tested: the report has the verdicts.</p>
${runTable(config, progress)}</section>
${charts.length === 0 ? null : modelKey(modelSeries({ rows: config.models, baseline: config.baseline }))}
${charts.map(chartSection)}
</main>`,
  );
}

/** A line for each model, at each point of the axes and with each value that it tries. */
function runTable({ metrics }: ComparisonConfig, { stage, runs, folder, states }: Progress) {
  const scored = runs.map((run) => {
    const { state, epoch } = states.get(run.folder) ?? { state: run.state, epoch: 0 };
    const scores = state === 'finished' ? scoresOf(stage, run, join(folder, run.folder), metrics) : [];
    return { run, name: nameOf(run), state, epoch, scores };
  });
  const tasks = new Map(scored.flatMap(({ scores }) => scores.map(({ task, metric }) => [task, metric])));
  const rows = [...new Set(scored.map(({ name }) => name))].map((name) => {
    const own = scored.filter((one) => one.name === name);
    const means = [...tasks.keys()].map((task) =>
      meanText(own.flatMap(({ scores }) => scores.flatMap((one) => (one.task === task ? (one.value ?? []) : [])))),
    );
    const training = own
      .filter(({ state }) => state === 'training')
      .map(
        ({ run, epoch }) =>
          `seed ${run.seed} after epoch ${epoch} of at most ${run.until ?? run.experiment.train.epochs}`,
      );
    const done = own.filter(({ state }) => state === 'finished').length;
    return { name, done: `${done} of ${own.length}`, training: training.join('; '), means };
  });
  type Row = (typeof rows)[number];
  const columns = [
    column('model', 'label', ({ name }: Row) => name),
    column('runs done', 'text', ({ done }: Row) => done),
    column('training', 'text', ({ training }: Row) => training),
    ...[...tasks].map(([task, metric], index) =>
      column(`${task}, ${metricName(metric)}`, 'number', ({ means }: Row) => means[index] ?? dash),
    ),
  ];
  return htmlTable('Runs', columns, rows);
}

function nameOf({ label, point, values }: Run): string {
  return joined(', ', label, pointText({ ...point, ...values }));
}

function meanText(values: readonly number[]): string {
  const [only] = values;
  if (only === undefined) return dash;
  if (values.length === 1) return fixed(only, digitsFor([], [only]));
  const [middle, spread] = [mean(values), standardDeviation(values)];
  const digits = digitsFor([spread], [middle]);
  return `${fixed(middle, digits)} ± ${fixed(spread, digits)}`;
}
