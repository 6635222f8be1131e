import { join } from 'node:path';
import type { Event } from '../../comparison/execute/executor.js';
import { displayedScores } from '../../comparison/execute/stage.js';
import { pointText } from '../../comparison/plan/axis-point.js';
import type { Run } from '../../comparison/plan/run.js';
import type { ComparisonConfig } from '../../config/comparison.js';
import { joined } from '../../support/joined.js';
import { must } from '../../support/must.js';
import type { ChartSection } from '../charts/chart.js';
import { column } from '../columns.js';
import { html } from '../html.js';
import { count, digitsFor, fixed } from '../numbers.js';
import type { ReportData } from '../report-data.js';
import { metricName } from '../task-gains.js';
import { htmlDocument } from './document.js';
import { htmlTable } from './html-table.js';
import { reportPage } from './report-page.js';

export interface Status {
  readonly state: 'training' | Run['state'];
  /** The last epoch that it has trained, as far as it is known. */
  readonly epoch: number;
  /** Why it failed. */
  readonly message: string | null;
}

export interface StageProgress extends Omit<Event & { readonly kind: 'stage' }, 'kind'> {
  /** By folder. */
  readonly states: ReadonlyMap<string, Status>;
  /** Why nothing trains any more. Undefined while runs train. */
  readonly ended: string | undefined;
}

/** The report of the runs that have ended. */
interface SoFar {
  readonly data: ReportData;
  readonly sections: readonly ChartSection[];
}

/**
 * The report of what has ended, below what trains. The page reloads itself until the training has ended, or nothing has
 * written it for minutes. A search has no report: its page has the scores of what was tried.
 */
export function livePage(
  { name, metrics }: ComparisonConfig,
  progress: StageProgress,
  soFar: SoFar | undefined,
): string {
  const { stage, runs, states, ended } = progress;
  const inState = (wanted: Status['state']) => runs.filter(({ folder }) => states.get(folder)?.state === wanted);
  const [done, training, failed] = [inState('finished'), inState('training'), inState('failed')];
  const numbers = [
    `${count(done.length)} of ${count(runs.length)} runs${stage === 'tuning' ? ' of the search' : ''} done`,
    ...(training.length > 0 ? [`${training.length} training`] : []),
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
  ];
  const now = training.map((run) => {
    const { epoch } = must(states.get(run.folder), run.folder);
    return `${runName(run)} after epoch ${epoch} of at most ${run.until ?? run.experiment.train.epochs}`;
  });
  const lead = html`<p class="lead">${numbers.join(', ')}.</p>
<p class="facts"${ended === undefined ? html` data-written="${Date.now()}"` : null}>${ended ?? 'This page is written anew while runs train, and reloads itself. Nothing here is tested: the report, which replaces it, has the verdicts.'}</p>
${now.length === 0 ? null : html`<p class="facts">Training: ${now.join('; ')}.</p>`}
${failed.length === 0 ? null : html`<div class="notes" role="note">${failed.map((run) => html`<p>${runName(run)}: ${states.get(run.folder)?.message ?? ''}</p>`)}</div>`}`;
  const title = `${done.length}/${runs.length} · ${name}`;
  if (soFar) return reportPage(soFar.data, soFar.sections, { title, lead });
  const tried = done.map((run) => ({
    run,
    scores: displayedScores(stage, run, join(progress.folder, run.folder), metrics),
  }));
  type Row = (typeof tried)[number];
  const columns = [
    column('tried', 'label', ({ run }: Row) => runName(run)),
    ...(tried[0]?.scores ?? []).map(({ task, metric }, index) =>
      column(`${task}, validation ${metricName(metric)}`, 'number', ({ scores }: Row) => {
        const { value = null } = scores[index] ?? {};
        return fixed(value, digitsFor([], [value]));
      }),
    ),
  ];
  return htmlDocument(
    title,
    html`<header>
<h1>${name}</h1>
${lead}
</header>
<main>
${tried.length === 0 ? null : htmlTable('Tried', columns, tried)}
</main>`,
  );
}

function runName({ label, point, values, seed }: Run): string {
  return joined(', ', label, pointText({ ...point, ...values }), `seed ${seed}`);
}
