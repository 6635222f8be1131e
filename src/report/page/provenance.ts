import type { ComparisonRow, RunReference } from '../../comparison/comparison.js';
import { leaves } from '../../support/differences.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { allEnvironments } from '../../training/folder/environment.js';
import { type Html, html } from '../html.js';
import { comparisonPoints } from '../points.js';
import type { ReportData } from '../report-data.js';

/**
 * Everything needed to repeat the comparison: command, config, seeds, data, versions, machine, and where its runs are.
 */
export function provenance({ comparison, command, config, runs }: ReportData): Html {
  const { seeds, axes } = comparison;
  const models = comparisonPoints(comparison).flatMap(({ title, rows }) =>
    rows.map((row) => folded(title === '' ? row.label : `${row.label}, ${title}`, modelRuns(row))),
  );
  return html`<section id="again"><h2>Make it again</h2>
${commandBlock(command)}
<dl>
${term('seeds', seeds.join(', '))}${Object.entries(axes).map(([key, values]) => term(key, JSON.stringify(values)))}</dl>
${dataAndMachine([...runs.values()])}
<h3>Config and runs</h3>
${config === null ? null : folded('The comparison', html`<pre tabindex="0">${config}</pre>`)}
${models}</section>
`;
}

function dataAndMachine(runs: readonly FinishedRun[]): Html {
  const list = (records: readonly unknown[]) =>
    html`<dl>\n${[...distinctValues(records)].map(([key, texts]) => term(key, texts.join(', ')))}</dl>`;
  return html`<h3>Data</h3>
${list(runs.map(({ result }) => result.dataset))}
<h3>Versions and machine</h3>
${list(runs.flatMap(({ environment }) => allEnvironments(environment)))}`;
}

function commandBlock(text: string): Html {
  return html`<pre class="command" tabindex="0" aria-label="Command">${text}</pre>`;
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

/** The folders of a model's runs, each with its config, and what was searched or scaled for this model. */
function modelRuns({ runs, tuned, tunedByTask, match, matchByTask }: ComparisonRow): Html {
  const decided = Object.entries({ 'Chosen by the search': tuned ?? tunedByTask, Scaled: match ?? matchByTask });
  return html`${decided.map(([what, value]) => (value ? html`<p>${what}: <code>${JSON.stringify(value)}</code></p>` : null))}<ul class="runs">${runs.map(runItem)}</ul>`;
}

function runItem({ seed, path, status, parts }: RunReference): Html {
  const folders = parts
    ? Object.entries(parts).map(([task, part]) => html`${task} <code>${part}</code>, `)
    : html`<code>${path}</code>, `;
  return html`<li>seed ${seed}: ${folders}${status}</li>`;
}

/** Every value that occurs in any of the records, by dotted key. */
function distinctValues(records: readonly unknown[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const [key, value] of records.flatMap((record) => [...leaves(record)])) {
    if (key === 'hash8' || value === null) continue; // the hash names folders; null is unknown
    const text = valueText(key, value);
    const values = found.get(key) ?? [];
    if (!values.includes(text)) found.set(key, [...values, text]);
  }
  return found;
}

function valueText(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && key.toLowerCase().endsWith('bytes')) return `${(value / 2 ** 30).toFixed(1)} GiB`;
  return JSON.stringify(value);
}
