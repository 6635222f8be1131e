import { stringify } from 'yaml';
import type { ComparedModel, Comparison, RunReference } from '../../comparison/comparison.js';
import { counted } from '../../support/text.js';
import { allEnvironments } from '../../training/folder/environment.js';
import { answers, type PointAnswer } from '../answer.js';
import { modelKey, type Section, sectionHtml } from '../charts/chart.js';
import { modelSeries } from '../charts/palette.js';
import { chosenText } from '../chosen-settings.js';
import { explanations, signsInWords } from '../explain.js';
import { longTable } from '../gain-columns.js';
import { type Html, html } from '../html.js';
import type { ReportData } from '../report-data.js';
import { comparisonPoints, gainTables } from '../shown-gains.js';
import type { TableColumn } from '../text-table.js';
import { htmlDocument } from './document.js';

/** report.html of a comparison: the answer, the gains, the table, the other charts, and how to make it again. */
export function reportPage(data: ReportData, sections: readonly Section[]): string {
  const { comparison } = data;
  const { name, baseline, notes } = comparison;
  const isAbove = ({ id }: Section) => ['forest', 'axis'].includes(id);
  const [above, below] = [sections.filter(isAbove), sections.filter((section) => !isAbove(section))];
  const links = [...above, { id: 'numbers', title: 'Table' }, ...below, { id: 'again', title: 'Make it again' }];
  return htmlDocument(
    `${name}: gains over ${baseline}`,
    html`<header>
<h1>${name}</h1>
${lead(answers(comparison))}
<p class="facts">${facts(comparison)}</p>
${notes.length === 0 ? null : html`<div class="notes" role="note">${notes.map((note) => html`<p>${note}</p>`)}</div>\n`}
<nav aria-label="Contents"><ul>${links.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main>
${sections.length === 0 ? null : modelKey(modelSeries(comparison))}${above.map(sectionHtml)}
${tables(comparison)}
${below.map(sectionHtml)}
${provenance(data)}
</main>`,
  );
}

/** The tables of all points of the axes, with how to read them. */
function tables(comparison: Comparison): Html {
  const points = comparisonPoints(comparison);
  const reading = [signsInWords, ...new Set(points.flatMap((point) => explanations(comparison, point)))];
  return html`<section id="numbers"><h2>Table</h2>
${gainTables(comparison).map(({ title, gains }) => {
  const table = htmlTable(title === '' ? 'Gains' : `Gains at ${title}`, longTable(gains));
  return html`${title === '' ? null : html`<h3>${title}</h3>\n`}${table}\n`;
})}<p class="reading columns">${typographic(reading.join(' '))}</p>
</section>`;
}

function lead(words: readonly PointAnswer[]): Html {
  const [only] = words;
  if (only && words.length === 1) {
    const [first = '', ...others] = only.answer;
    return html`<p class="lead">${typographic(first)}</p>${others.length === 0 ? null : html`\n<p class="answer">${typographic(others.join(' '))}</p>`}`;
  }
  return html`<ul class="points">${words.map(({ title, answer }) => html`<li><b>${title}</b> ${typographic(answer.join(' '))}</li>\n`)}</ul>`;
}

function facts({ models, tasks, seeds, baseline }: Comparison): string {
  const labels = new Set(models.map(({ label }) => label)).size;
  return `${counted(labels, 'model')}, ${counted(tasks.length, 'task')} (${tasks.join(', ')}), ${counted(seeds.length, 'seed')}; gains are over ${baseline}.`;
}

/** A table. It scrolls on its own if it is wider than the page, with the keyboard too. */
function htmlTable(caption: string, columns: readonly TableColumn[]): Html {
  const rows = (columns[0]?.cells ?? []).map(
    (_, row) => html`<tr>${columns.map((column) => bodyCell(column, row))}</tr>\n`,
  );
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table class="gains">
<caption class="unseen">${caption}</caption>
<thead><tr>${columns.map(({ head, kind }) => html`<th scope="col" class="${kind}">${head}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
}

function bodyCell({ kind, cells }: TableColumn, row: number): Html {
  const cell = cells[row] ?? '';
  const text = typographic(typeof cell === 'object' ? cell.text : String(cell));
  if (kind === 'label' && text !== '') return html`<th scope="row">${text}</th>`;
  const classes = typeof cell === 'object' ? `${kind} ${cell.verdict}` : kind;
  return html`<td class="${classes}">${text}</td>`;
}

/** Replaces hyphens by minus signs, and prevents line breaks before percent signs and signs of verdicts. */
export function typographic(text: string): string {
  return text
    .replace(/(^|[[(\s])-(?=\d)/g, '$1\u2212')
    .replace(/(\d) %/g, '$1\u00a0%')
    .replace(/ ([▲▼=?…])$/, '\u00a0$1');
}

/** Everything needed to repeat the comparison: command, data, versions, machine, config, and where its runs are. */
function provenance({ comparison, command, config, runs }: ReportData): Html {
  const finished = [...runs.values()];
  const folders = comparisonPoints(comparison).flatMap(({ title, models, searches }) =>
    models.map((model) => {
      const one = searches.find(({ label }) => label === model.label);
      const chosen = comparison.search && one && chosenText(one, comparison.search);
      return folded(title === '' ? model.label : `${model.label}, ${title}`, modelRuns(model, chosen));
    }),
  );
  return html`<section id="again"><h2>Make it again</h2>
<pre class="command" tabindex="0" aria-label="Command">${command}</pre>
<h3>Data</h3>
${distinct(finished.map(({ result }) => result.dataset))}
<h3>Versions and machine</h3>
${distinct(finished.flatMap(({ environment }) => allEnvironments(environment)))}
<h3>Config and runs</h3>
${config === null ? null : folded('The comparison', html`<pre tabindex="0">${config}</pre>`)}
${folders}</section>
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
function modelRuns({ runs, tuned, tunedByTask, match, matchByTask }: ComparedModel, bySeeds?: string): Html {
  const decided = Object.entries({
    'Chosen by the search': tuned ?? tunedByTask ?? bySeeds,
    Scaled: match ?? matchByTask,
  });
  return html`${decided.map(([what, value]) => (value ? html`<p>${what}: <code>${JSON.stringify(value)}</code></p>` : null))}<ul class="runs">${runs.map(runItem)}</ul>`;
}

function runItem({ seed, path, status, parts }: RunReference): Html {
  const folders = parts
    ? Object.entries(parts).map(([task, part]) => html`${task} <code>${part}</code>, `)
    : html`<code>${path}</code>, `;
  return html`<li>seed ${seed}: ${folders}${status}</li>`;
}
