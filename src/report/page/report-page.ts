import type { Comparison } from '../../comparison/comparison.js';
import { counted } from '../../support/whole-number.js';
import { answers, type PointAnswer } from '../answer.js';
import { modelKey, type Section, sectionHtml } from '../charts/chart.js';
import { modelSeries } from '../charts/palette.js';
import { explanations, signsInWords } from '../explain.js';
import { longTable } from '../gain-columns.js';
import { comparisonPoints, gainTables } from '../gain-rows.js';
import { type Html, html } from '../html.js';
import type { ReportData } from '../report-data.js';
import { htmlDocument } from './document.js';
import { htmlTable, typographic } from './html-table.js';
import { provenance } from './provenance.js';

/** report.html of a comparison: the answer, the gains, the table, the other charts, and how to make it again. */
export function reportPage(data: ReportData, sections: readonly Section[]): string {
  const { comparison } = data;
  const { name, baseline, notes } = comparison;
  const [above, below] = [true, false].map((isFirst) =>
    sections.filter(({ id }) => ['forest', 'axis'].includes(id) === isFirst),
  );
  const own = [{ id: 'numbers', title: 'Table' }];
  const links = [...(above ?? []), ...own, ...(below ?? []), { id: 'again', title: 'Make it again' }];
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
${sections.length === 0 ? null : modelKey(modelSeries(comparison))}${above?.map(sectionHtml) ?? null}
${tables(comparison)}
${below?.map(sectionHtml) ?? null}
${provenance(data)}
</main>`,
  );
}

/** The tables of all points of the axes, with how to read them. */
function tables(comparison: Comparison): Html {
  const points = comparisonPoints(comparison);
  const reading = [signsInWords, ...new Set(points.flatMap((point) => explanations(comparison, point)))];
  return html`<section id="numbers"><h2>Table</h2>
${gainTables(comparison).map(({ title, rows }) => {
  const table = htmlTable(title === '' ? 'Gains' : `Gains at ${title}`, longTable(rows));
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

function facts({ rows, tasks, seeds, baseline }: Comparison): string {
  const models = new Set(rows.map(({ label }) => label)).size;
  return `${counted(models, 'model')}, ${counted(tasks.length, 'task')} (${tasks.join(', ')}), ${counted(seeds.length, 'seed')}; gains are over ${baseline}.`;
}
