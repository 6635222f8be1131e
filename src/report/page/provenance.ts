import type { ComparisonRow, RunReference } from '../../comparison/comparison.js';
import { partsOf } from '../../comparison/stored/reported-run.js';
import { stringifyExperiment } from '../../config/experiment.js';
import { environmentsOf } from '../../training/environment.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { count, dash } from '../numbers.js';
import { type Point, pointsOf } from '../points.js';
import type { ReportData } from '../report-data.js';
import { runsOf } from '../report-data.js';
import { scrolling } from './cells.js';
import { type Html, html } from './html.js';

/** Everything needed to repeat the comparison: command, configs, seeds, data, versions and machine. */
export function provenance(data: ReportData): Html {
  const { comparison, command, config, runs } = data;
  const all = [...runs.values()];
  const points = pointsOf(comparison);
  return html`<section id="again"><h2>Make it again</h2>
${block('Command', command)}
<dl>
${term('seeds', comparison.seeds.join(', '))}${Object.entries(comparison.axes).map(([key, values]) => term(key, JSON.stringify(values)))}</dl>
<h3>Data</h3>
${dataTable(all)}
${testRowsTable(comparison.tasks, all)}
<h3>Versions and machine</h3>
${environment(all)}
<h3>Configs</h3>
${config === null ? null : folded('The comparison', html`<pre tabindex="0">${config}</pre>`)}
${points.map((point) => point.rows.map((row) => modelConfig(row, point, runsOf(data, row))))}</section>
`;
}

/** The same for a single run. */
export function runProvenance(run: FinishedRun, command: string): Html {
  return html`<section id="again"><h2>Make it again</h2>
${block('Command', command)}
<h3>Data</h3>
${dataTable([run])}
<h3>Versions and machine</h3>
${environment([run])}
<h3>Config</h3>
<p>As resolved; <code>${run.path}</code></p>
<pre tabindex="0">${stringifyExperiment(run.experiment)}</pre>
</section>
`;
}

function environment(runs: readonly FinishedRun[]): Html {
  const values = distinctValues(runs.flatMap((run) => environmentsOf(run.environment)));
  return html`<dl>
${[...values].map(([key, texts]) => term(key, texts.join(', ')))}</dl>`;
}

function block(label: string, text: string): Html {
  return html`<pre class="command" tabindex="0" aria-label="${label}">${text}</pre>`;
}

function term(name: string, value: string): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>
`;
}

function folded(summary: string, content: Html): Html {
  return html`<details><summary>${summary}</summary>
${content}
</details>
`;
}

/**
 * The config of the first finished run, part by part, and the folders of all runs. Shows what was searched or scaled
 * for this model.
 */
function modelConfig(row: ComparisonRow, point: Point, runs: readonly FinishedRun[]): Html {
  const title = point.title === '' ? row.label : `${row.label}, ${point.title}`;
  const [first] = runs;
  const [tuned, match] = [row.tuned ?? row.tunedByTask, row.match ?? row.matchByTask];
  const decided = [
    ...(tuned === undefined ? [] : [html`<p>Chosen by the search: <code>${JSON.stringify(tuned)}</code></p>`]),
    ...(match === undefined ? [] : [html`<p>Scaled: <code>${JSON.stringify(match)}</code></p>`]),
  ];
  return folded(
    title,
    html`${decided}<ul class="runs">${row.runs.map(runItem)}</ul>
${
  first === undefined
    ? html`<p>No config: none of its runs was trained here to the end.</p>`
    : partsOf(first).map(
        ({ tasks, run }, _, { length }) =>
          html`<p>As resolved, for seed ${run.result.seed}${length > 1 ? ` and ${tasks.join(', ')}` : ''}:</p><pre tabindex="0">${stringifyExperiment(run.experiment)}</pre>
`,
      )
}`,
  );
}

function runItem({ seed, path, status, parts }: RunReference): Html {
  const folders = parts
    ? Object.entries(parts).map(([task, part]) => html`${task} <code>${part}</code>, `)
    : html`<code>${path}</code>, `;
  return html`<li>seed ${seed}: ${folders}${status}</li>`;
}

/** A row per data set. Most comparisons have one. */
function dataTable(runs: readonly FinishedRun[]): Html {
  const sets = new Map<string, FinishedRun[]>();
  for (const run of runs) {
    const key = JSON.stringify(run.result.dataset);
    sets.set(key, [...(sets.get(key) ?? []), run]);
  }
  const rows = [...sets.values()].map((own) => {
    const dataset = own[0]?.result.dataset;
    const { train = null, validation = null, test = null } = dataset?.rows ?? {};
    const head = html`<code class="checksum">${dataset?.checksum ?? ''}</code>`;
    return { head, cells: [train, validation, test, own.length].map(count) };
  });
  return plainTable('Data', ['checksum', 'training rows', 'validation rows', 'test rows', 'runs'], rows);
}

/** The test rows behind each task's metrics. If data sets are drawn per seed, the numbers are ranges. */
function testRowsTable(tasks: readonly string[], runs: readonly FinishedRun[]): Html {
  const rows = tasks.map((task) => {
    const range = (name: string) => {
      const values = runs.flatMap(({ result }) => Number(result.tasks[task]?.test[name] ?? Number.NaN));
      const known = values.filter((value) => Number.isFinite(value));
      const ends = [...new Set([Math.min(...known), Math.max(...known)])];
      return known.length === 0 ? dash : ends.map(count).join(' to ');
    };
    return { head: html`${task}`, cells: [range('samples'), range('positives')] };
  });
  return plainTable('Test rows', ['task', 'test rows', 'of them positive'], rows);
}

/** Rows of numbers under their heads. The first column names the row. */
function plainTable(
  label: string,
  [first = '', ...heads]: readonly string[],
  rows: readonly { readonly head: Html; readonly cells: readonly string[] }[],
): Html {
  return scrolling(
    label,
    html`<table class="stacks"><thead><tr><th scope="col" class="text">${first}</th>${heads.map((head) => html`<th scope="col" class="number">${head}</th>`)}</tr></thead>
<tbody>
${rows.map(
  ({
    head,
    cells,
  }) => html`<tr><th scope="row">${head}</th>${cells.map((cell, index) => html`<td class="number" data-label="${heads[index] ?? ''}">${cell}</td>`)}</tr>
`,
)}</tbody></table>`,
  );
}

/** Every value that occurs in any of the records, by dotted key. */
function distinctValues(records: readonly Readonly<Record<string, unknown>>[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const add = (key: string, value: unknown): void => {
    if (key === 'hash8' || value === null) return; // the hash names folders; null is unknown
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, content] of Object.entries(value)) add(key === '' ? inner : `${key}.${inner}`, content);
      return;
    }
    const text = valueText(key, value);
    const values = found.get(key) ?? [];
    if (!values.includes(text)) found.set(key, [...values, text]);
  };
  for (const record of records) add('', record);
  return found;
}

function valueText(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && key.toLowerCase().endsWith('bytes')) return `${(value / 2 ** 30).toFixed(1)} GiB`;
  return JSON.stringify(value) ?? '';
}
