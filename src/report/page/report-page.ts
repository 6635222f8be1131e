import type { Comparison } from '../../comparison/comparison.js';
import { counted } from '../../support/whole-number.js';
import { answers, type PointAnswer } from '../answer.js';
import type { ChartSection } from '../charts/chart.js';
import { modelSeries } from '../charts/palette.js';
import { explanations, signsInWords } from '../explain.js';
import { longTable } from '../gain-columns.js';
import { pointRows } from '../gain-rows.js';
import { type Html, html } from '../html.js';
import { comparisonPoints } from '../points.js';
import type { ReportData } from '../report-data.js';
import { chartSection, modelKey } from './chart-sections.js';
import { contents, htmlDocument } from './document.js';
import { htmlTable, typographic } from './html-table.js';
import { provenance } from './provenance.js';

/** Sections before the table: an overview of the gains. */
const first = ['forest', 'axis'];

/** report.html of a comparison: the answer, the gains, why, and the rest. */
export function reportPage(data: ReportData, sections: readonly ChartSection[]): string {
  const { comparison } = data;
  const above = sections.filter(({ id }) => first.includes(id));
  const below = sections.filter(({ id }) => !first.includes(id));
  const own = [
    { id: 'numbers', title: 'Table' },
    { id: 'why', title: 'Why' },
  ];
  const links = [...above, ...own, ...below, { id: 'again', title: 'Make it again' }];
  const words = answers(comparison);
  return htmlDocument(
    `${comparison.name}: gains over ${comparison.baseline}`,
    html`<header>
<h1>${comparison.name}</h1>
${lead(words)}
<p class="facts">${facts(comparison)}</p>
${contents(links)}
</header>
<main>
${sections.length === 0 ? null : modelKey(modelSeries(comparison))}${above.map(chartSection)}
${tables(comparison)}
${why(comparison, words)}
${below.map(chartSection)}
${provenance(data)}
</main>`,
  );
}

/** The tables of all points of the axes, with how to read them. */
function tables(comparison: Comparison): Html {
  const points = comparisonPoints(comparison);
  const reading = [signsInWords, ...new Set(points.flatMap((point) => explanations(comparison, point)))];
  return html`<section id="numbers"><h2>Table</h2>
${points.map((point) => {
  const caption = point.title === '' ? 'Gains' : `Gains at ${point.title}`;
  const table = htmlTable(caption, longTable(pointRows(comparison, point)));
  return html`${point.title === '' ? null : html`<h3>${point.title}</h3>\n`}${table}\n`;
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

/** What the tests say of each model and contrast, and the notes. */
function why({ notes }: Comparison, words: readonly PointAnswer[]): Html {
  const parts = words.map(({ title, findings }) => {
    const items = findings.map(
      ({ verdict, sentence }) =>
        html`<li><span class="verdict ${kinds[verdict] ?? 'open'}">${verdict}</span> <span>${typographic(sentence)}</span></li>\n`,
    );
    return html`${title === '' ? null : html`<h3>${title}</h3>\n`}<ul class="findings">${items}</ul>\n`;
  });
  return html`<section id="why"><h2>Why</h2>
${parts}${notes.length === 0 ? null : html`<div class="notes" role="note">${notes.map((note) => html`<p>${note}</p>`)}</div>`}
</section>`;
}

const kinds: Readonly<Record<string, string>> = {
  ...{ 'better on all': 'better', 'better on some': 'better', seesaw: 'worse', worse: 'worse' },
  ...{ repaired: 'undecided', equivalent: 'equal' },
};

function facts({ rows, tasks, seeds, baseline }: Comparison): string {
  const models = new Set(rows.map(({ label }) => label)).size;
  return `${counted(models, 'model')}, ${counted(tasks.length, 'task')} (${tasks.join(', ')}), ${counted(seeds.length, 'seed')}; gains are over ${baseline}.`;
}
