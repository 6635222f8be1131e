import type { Comparison } from '../../comparison/comparison.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { modelSeries } from '../charts/palette.js';
import { intervalKind } from '../effects.js';
import { explanations, testInWords } from '../explanations.js';
import { type Point, pointsOf } from '../points.js';
import type { ChartSection, ReportData } from '../report-data.js';
import { typographic } from './cells.js';
import { chartSection, modelKey } from './chart-sections.js';
import { contents, htmlDocument } from './document.js';
import { findings } from './findings.js';
import { contrastTable, gainTable } from './gain-table.js';
import { type Html, html } from './html.js';
import { provenance } from './provenance.js';

/** Sections before the table: the gains at a glance. */
const first = ['forest', 'axis', 'scatter'];

/** report.html of a comparison. It leads with what was found, in words. */
export function reportPage(data: ReportData, sections: readonly ChartSection[]): string {
  const { comparison, runs } = data;
  const above = sections.filter(({ id }) => first.includes(id));
  const below = sections.filter(({ id }) => !first.includes(id));
  const links = [...above, { id: 'numbers', title: 'Table' }, ...below, { id: 'again', title: 'Make it again' }];
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
${provenance(data)}
</main>`,
  );
}

function tables(comparison: Comparison, runs: ReadonlyMap<string, FinishedRun>): Html {
  const points = pointsOf(comparison);
  const said = points.flatMap((point) => testInWords(comparison, point)); // above, with the findings
  const lines = points.flatMap((point) => explanations(comparison, point)).filter((line) => !said.includes(line));
  const reading = new Set(lines);
  return html`<section id="numbers"><h2>Table</h2>
${points.map((point) => {
  const contrasts = contrastTable(comparison, point);
  return html`${point.title === '' ? null : html`<h3>${point.title}</h3>\n`}${gainTable(comparison, point, runs)}
${contrasts === null ? null : html`<h3>Contrasts${point.title === '' ? '' : `, ${point.title}`}</h3>\n${contrasts}\n`}`;
})}<p class="reading columns">${typographic([signsInWords, cellsInWords(comparison, points), ...reading, costInWords].join(' '))}</p>
</section>`;
}

const costInWords =
  'Epochs, time and rows per second are means over finished runs; time is without compilation and evaluation.';

const signsInWords = '▲ better, ▼ worse, = equivalent, ? undecided. A click on a head sorts.';

function cellsInWords({ test }: Comparison, points: readonly Point[]): string {
  const [kind] = points.flatMap((point) => intervalKind(point, test.level) ?? []);
  const tested = kind ? `its ${kind.words}, adjusted p, and ` : '';
  const ownBest = points.some(({ rows }) => rows.some(({ tasks }) => Object.values(tasks).some((own) => own.ownBest)));
  const best = ownBest ? '; “own best epoch” is what the task would have had with a checkpoint of its own' : '';
  return `Under each gain: ${tested}the mean of the metric ± its standard deviation over seeds${best}.`;
}
