import type { Comparison } from '../../comparison/comparison.js';
import type { FinishedRun } from '../../training/finished-run.js';
import type { ChartSection } from '../charts/drawing.js';
import { modelSeries } from '../charts/palette.js';
import { verdictText } from '../effects.js';
import { explanations, hasIntervals, testInWords } from '../explanations.js';
import { type Point, pointsOf } from '../points.js';
import type { ReportData } from '../report-data.js';
import { type PointVerdict, verdictsInWords } from '../verdict-in-words.js';
import { typographic } from './cells.js';
import { chartSection, modelKey } from './chart-sections.js';
import { contents, htmlDocument } from './document.js';
import { contrastTable, gainTable, verdictChip, verdicts } from './gain-table.js';
import { type Html, html } from './html.js';
import { provenance } from './provenance.js';

/** Sections before the table: an overview of the gains. */
const first = ['forest', 'axis', 'scatter', 'fronts'];

/** report.html of a comparison. It starts with the findings in words. */
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

/** The tables of all points of the axes, with how to read them. */
export function tables(comparison: Comparison, runs: ReadonlyMap<string, FinishedRun>): Html {
  const points = pointsOf(comparison);
  const said = points.flatMap((point) => testInWords(comparison, point)); // already shown above, with the findings
  const lines = points.flatMap((point) => explanations(comparison, point)).filter((line) => !said.includes(line));
  const reading = new Set(lines);
  return html`<section id="numbers"><h2>Table</h2>
${points.map((point) => {
  const contrasts = contrastTable(comparison, point);
  return html`${point.title === '' ? null : html`<h3>${point.title}</h3>\n`}${gainTable(comparison, point, runs)}
${contrasts === null ? null : html`<h3>Contrasts${point.title === '' ? '' : `, ${point.title}`}</h3>\n${contrasts}\n`}`;
})}<p class="reading columns">${typographic([signsInWords, cellsInWords(points), ...reading, costInWords].join(' '))}</p>
</section>`;
}

const costInWords =
  'Epochs, time and rows per second are means over finished runs; time is without compilation and evaluation.';

const signsInWords = '▲ better, ▼ worse, = equivalent, ? undecided. A click on a head sorts.';

function cellsInWords(points: readonly Point[]): string {
  const tested = points.some(hasIntervals) ? 'its simultaneous interval, adjusted p, and ' : '';
  const ownBest = points.some(({ rows }) => rows.some(({ tasks }) => Object.values(tasks).some((own) => own.ownBest)));
  const best = ownBest ? '; “own best epoch” is what the task would have had with a checkpoint of its own' : '';
  return `Under each gain: ${tested}the mean of the metric ± its standard deviation over seeds${best}.`;
}

/** The findings in words: who wins, and a line per model with the size of its gains and what would decide. */
export function findings(comparison: Comparison): Html {
  const words = verdictsInWords(comparison);
  const points = pointsOf(comparison);
  const [only] = words;
  const lead =
    only && words.length === 1
      ? html`<p class="lead">${typographic(only.headline)}</p>
${only.tally === '' ? null : html`<p class="tally">${only.tally}</p>\n`}${models(only, points[0])}${adviceOf(only)}`
      : html`<ul class="points">${words.map(
          (
            point,
            index,
          ) => html`<li><b>${point.title}</b> ${typographic(point.headline)} ${point.tally} ${adviceOf(point)}
<details><summary>Model by model</summary>${models(point, points[index])}</details></li>
`,
        )}</ul>`;
  const tests = new Set(points.flatMap((point) => testInWords(comparison, point)));
  return html`${lead}
<p class="facts">${facts(comparison)} ${typographic([...tests].join(' '))}</p>
${comparison.notes.length === 0 ? null : html`<div class="notes" role="note">${comparison.notes.map((note) => html`<p>${note}</p>`)}</div>`}`;
}

function adviceOf({ use, next }: PointVerdict): Html | null {
  const text = [use, next].filter((part) => part !== '').join(' ');
  return text === '' ? null : html`<p class="advice">${typographic(text)}</p>`;
}

/** Models by verdict, those without a result last. Long lists of models with an uninteresting verdict are folded. */
function models({ models: all, contrasts, unfinished }: PointVerdict, point: Point | undefined): Html {
  const texts = new Map(point?.rows.map(({ label, verdict, tasks }) => [label, verdictText(verdict, tasks)]));
  const groups = [...verdicts, 'no result'].flatMap((text) => {
    const own = all.filter(({ label }) => texts.get(label) === text);
    return own.length === 0 ? [] : [{ text, own }];
  });
  const item = (text: string, content: Html) => html`<li>${verdictChip(text)} ${content}</li>
`;
  return html`<ul class="findings">${groups.map(({ text, own }) => {
    if (own.length <= mostUnfolded || !folding.includes(text))
      return own.map(({ sentence }) => item(text, html`<span>${typographic(sentence)}</span>`));
    const names = text === 'not trained to a plateau' ? unfinished : own.map(({ label }) => label).join(' · ');
    const sentences = own.map(({ sentence }) => html`<li>${typographic(sentence)}</li>`);
    return item(text, html`<details><summary>${names}</summary><ul>${sentences}</ul></details>`);
  })}</ul>${
    contrasts.length === 0
      ? null
      : html`
<h3>Contrasts</h3>
<ul class="findings">${contrasts.map(({ verdict, sentence }) => item(verdict, html`<span>${typographic(sentence)}</span>`))}</ul>`
  }`;
}

const mostUnfolded = 5;

const folding: readonly string[] = ['equivalent', 'undecided', 'worse', 'not trained to a plateau'];

function facts({ rows, tasks, seeds, baseline }: Comparison): string {
  const models = new Set(rows.map(({ label }) => label)).size;
  const number = (count: number, word: string) => `${count} ${count === 1 ? word : `${word}s`}`;
  return `${number(models, 'model')}, ${number(tasks.length, 'task')} (${tasks.join(', ')}), ${number(seeds.length, 'seed')}; gains are over ${baseline}.`;
}
