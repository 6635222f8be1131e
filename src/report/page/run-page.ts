import { metrics as definitions } from '../../metrics/catalogue.js';
import { must } from '../../support/must.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { notesOn } from '../../training/result.js';
import { notesOnUnpredicted } from '../../training/unpredicted-tasks.js';
import type { ChartSection } from '../charts/chart.js';
import { type Html, html } from '../html.js';
import { metricsByType, metricText } from '../metrics-table.js';
import { count, digitsFor } from '../numbers.js';
import { metricName, type PointTask } from '../task-gains.js';
import { chartSection } from './chart-sections.js';
import { contents, htmlDocument } from './document.js';
import { htmlTable } from './html-table.js';
import { runProvenance } from './provenance.js';

/** report.html of a single run: metrics, curves, and everything needed to train it again. */
export function runPage(run: FinishedRun, command: string, sections: readonly ChartSection[]): string {
  const { result, experiment } = run;
  const notes = [...notesOn(result, experiment.train.epochs), ...notesOnUnpredicted(result)];
  const links = [{ id: 'metrics', title: 'Metrics' }, ...sections, { id: 'again', title: 'Make it again' }];
  return htmlDocument(
    `${result.name}: ${result.model}, seed ${result.seed}`,
    html`<header>
<h1>${result.name}</h1>
<p class="lead">${result.model}, seed ${result.seed}: ${lead(run)}</p>
<p class="facts">${facts(run)}</p>
${notes.length === 0 ? null : html`<div class="notes" role="note">${notes.map((note) => html`<p>${note}</p>`)}</div>`}
${contents(links)}
</header>
<main>
${metricSection(run)}
${sections.map(chartSection)}
${runProvenance(run, command)}
</main>`,
  );
}

function metricSection({ result }: FinishedRun): Html {
  return html`<section id="metrics"><h2>Metrics</h2>
<p class="reading">With the parameters of the best epoch, over the rows of each task.</p>
${metricsByType(result).map(({ type, columns, rows }) => htmlTable(`Metrics of ${type} tasks`, columns, rows))}</section>`;
}

/** The tasks of a run, each with the default metric of its type. */
export function runTasks({ result, experiment }: FinishedRun): readonly PointTask[] {
  return experiment.tasks.map(({ name, type }) => {
    const usual = definitions.all.find((one) => one.usual && one.type === type);
    const metric = must(usual, `metric of ${type} tasks`);
    const value = result.tasks[name]?.test[metric.name];
    const digits = digitsFor([], [typeof value === 'number' ? value : null]);
    return { name, metric: metric.name, better: metric.better ?? 'higher', digits, percent: null };
  });
}

function lead(run: FinishedRun): string {
  return runTasks(run)
    .map(({ name, metric }) => `${metricName(metric)} ${metricText(run.result.tasks[name]?.test[metric])} on ${name}`)
    .join(', ');
}

function facts({ result, epochs }: FinishedRun): string {
  const { parameters, throughput, engine, bestEpoch } = result;
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const best = `best epochs ${Object.entries(bestEpoch)
    .map(([task, epoch]) => `${epoch} (${task})`)
    .join(', ')}`;
  return (
    `Test split. ${count(parameters.network)} network and ${count(parameters.embedding)} embedding parameters; ${result.epochs} epochs, ${best}; ` +
    `${count(seconds)} s of training, ${count(throughput.samplesPerSecond)} rows/s (${engine.name}, ${engine.device}).`
  );
}
