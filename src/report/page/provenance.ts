import { stringify } from 'yaml';
import type { ComparisonRow, RunReference } from '../../comparison/comparison.js';
import { allEnvironments } from '../../training/folder/environment.js';
import { comparisonPoints } from '../gain-rows.js';
import { type Html, html } from '../html.js';
import type { ReportData } from '../report-data.js';

/** Everything needed to repeat the comparison: command, data, versions, machine, config, and where its runs are. */
export function provenance({ comparison, command, config, runs }: ReportData): Html {
  const finished = [...runs.values()];
  const models = comparisonPoints(comparison).flatMap(({ title, rows }) =>
    rows.map((row) => folded(title === '' ? row.label : `${row.label}, ${title}`, modelRuns(row))),
  );
  return html`<section id="again"><h2>Make it again</h2>
<pre class="command" tabindex="0" aria-label="Command">${command}</pre>
<h3>Data</h3>
${distinct(finished.map(({ result }) => result.dataset))}
<h3>Versions and machine</h3>
${distinct(finished.flatMap(({ environment }) => allEnvironments(environment)))}
<h3>Config and runs</h3>
${config === null ? null : folded('The comparison', html`<pre tabindex="0">${config}</pre>`)}
${models}</section>
`;
}

/** Each once, as YAML. */
function distinct(records: readonly object[]): readonly Html[] {
  const texts = records.map((record) => stringify(record, (key, value) => (key === 'hash8' ? undefined : value))); // it names folders
  return [...new Set(texts)].map((text) => html`<pre tabindex="0">${text}</pre>`);
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
