import type { Comparison } from '../../comparison/comparison.js';
import { joined } from '../../support/joined.js';
import { counted } from '../../support/whole-number.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { runsOfComparison } from '../charts/charted-runs.js';
import type { ChartSection } from '../charts/drawing.js';
import { modelSeries } from '../charts/palette.js';
import { explanations, testInWords } from '../explanations.js';
import { gainTables, type PointTables, signsInWords } from '../gain-table.js';
import type { ReportData } from '../report-data.js';
import { type PointVerdict, verdictsInWords } from '../verdict-in-words.js';
import { typographic } from './cells.js';
import { chartSection, modelKey } from './chart-sections.js';
import { contents, htmlDocument } from './document.js';
import { gainTable, verdictChip, verdicts } from './gain-table.js';
import { type Html, html } from './html.js';
import { leftOut, leftOutLink } from './left-out.js';
import { provenance } from './provenance.js';

/** Sections before the table: an overview of the gains. */
const first = ['forest', 'axis', 'scatter', 'fronts'];

/** report.html of a comparison. It starts with the findings in words. */
export function reportPage(data: ReportData, sections: readonly ChartSection[]): string {
  const { comparison, runs } = data;
  const above = sections.filter(({ id }) => first.includes(id));
  const below = sections.filter(({ id }) => !first.includes(id));
  const experts = leftOut(runsOfComparison(data));
  const after = [...below, ...(experts ? [leftOutLink] : [])];
  const links = [...above, { id: 'numbers', title: 'Table' }, ...after, { id: 'again', title: 'Make it again' }];
  return htmlDocument(
    `${comparison.name}: gains over ${comparison.baseline}`,
    html`<header>
<h1>${comparison.name}</h1>
${findings(comparison)}
${contents(links)}
</header>
<main>
${sections.length === 0 ? null : modelKey(modelSeries(comparison))}${above.map(chartSection)}
${tables(comparison, runs)}
${below.map(chartSection)}
${experts}
${provenance(data)}
</main>`,
  );
}

/** The tables of all points of the axes, with how to read them. */
function tables(comparison: Comparison, runs: ReadonlyMap<string, FinishedRun>): Html {
  const points = gainTables(comparison);
  const said = points.flatMap((point) => testInWords(comparison, point)); // already shown above, with the findings
  const lines = points.flatMap((point) => explanations(comparison, point)).filter((line) => !said.includes(line));
  const reading = [`${signsInWords} A click on a head sorts.`, cellsInWords(points), ...new Set(lines), costInWords];
  return html`<section id="numbers"><h2>Table</h2>
${points.map(({ point: { title }, models, contrasts }) => [
  title === '' ? null : html`<h3>${title}</h3>\n`,
  html`${gainTable(models, runs)}\n`,
  contrasts && html`<h3>Contrasts${title === '' ? '' : `, ${title}`}</h3>\n${gainTable(contrasts, runs)}\n`,
])}<p class="reading columns">${typographic(reading.join(' '))}</p>
</section>`;
}

const costInWords =
  'Epochs, time and rows per second are means over finished runs; time is without compilation and evaluation.';

function cellsInWords(points: readonly PointTables[]): string {
  const tested = points.some(({ models }) => models.hasIntervals) ? 'its simultaneous interval, adjusted p, and ' : '';
  return `Under each gain: ${tested}the mean of the metric ± its standard deviation over seeds.`;
}

/** The findings in words: who wins, and a line per model with the size of its gains and what would decide. */
function findings(comparison: Comparison): Html {
  const words = verdictsInWords(comparison);
  const [only] = words;
  const lead =
    only && words.length === 1
      ? html`<p class="lead">${typographic(only.headline)}</p>
${models(only)}${adviceOf(only)}`
      : html`<ul class="points">${words.map(
          (point) => html`<li><b>${point.title}</b> ${typographic(point.headline)} ${adviceOf(point)}
<details><summary>Model by model</summary>${models(point)}</details></li>
`,
        )}</ul>`;
  const tests = new Set(gainTables(comparison).flatMap((point) => testInWords(comparison, point)));
  return html`${lead}
<p class="facts">${facts(comparison)} ${typographic([...tests].join(' '))}</p>
${comparison.notes.length === 0 ? null : html`<div class="notes" role="note">${comparison.notes.map((note) => html`<p>${note}</p>`)}</div>`}`;
}

function adviceOf({ use, next }: PointVerdict): Html | null {
  const text = joined(' ', use, next);
  return text === '' ? null : html`<p class="advice">${typographic(text)}</p>`;
}

/** Models by verdict, those without a result last. */
function models({ models: all, contrasts }: PointVerdict): Html {
  const item = (text: string, sentence: string) =>
    html`<li>${verdictChip(text)} <span>${typographic(sentence)}</span></li>\n`;
  const byVerdict = [...verdicts, 'no result'].flatMap((text) => all.filter(({ row }) => row.verdictText === text));
  const others = contrasts.map(({ row, sentence }) => item(row.verdict, sentence));
  return html`<ul class="findings">${byVerdict.map(({ row, sentence }) => item(row.verdictText, sentence))}</ul>${
    others.length === 0 ? null : html`\n<h3>Contrasts</h3>\n<ul class="findings">${others}</ul>`
  }`;
}

function facts({ rows, tasks, seeds, baseline }: Comparison): string {
  const models = new Set(rows.map(({ label }) => label)).size;
  return `${counted(models, 'model')}, ${counted(tasks.length, 'task')} (${tasks.join(', ')}), ${counted(seeds.length, 'seed')}; gains are over ${baseline}.`;
}
