import type { Comparison } from '../../comparison/comparison.js';
import { counted } from '../../support/whole-number.js';
import type { FinishedRun } from '../../training/finished-run.js';
import { type PointVerdict, verdictsInWords } from '../answer/verdict-in-words.js';
import type { ChartSection } from '../charts/chart.js';
import { modelSeries } from '../charts/palette.js';
import { explanations } from '../explanations.js';
import { type Html, html } from '../html.js';
import { comparisonPoints, type Point } from '../points.js';
import type { ReportData } from '../report-data.js';
import { say } from '../sentences.js';
import { chartSection, modelKey } from './chart-sections.js';
import { contents, htmlDocument } from './document.js';
import { gainsHtml, verdictChip, verdicts } from './gains-html.js';
import { typographic } from './html-table.js';
import { provenance } from './provenance.js';

/** Sections before the table: an overview of the gains. */
const first = ['forest', 'axis'];

/** report.html of a comparison: the answer, the gains, why, and the rest. */
export function reportPage(data: ReportData, sections: readonly ChartSection[]): string {
  const { comparison, runs } = data;
  const above = sections.filter(({ id }) => first.includes(id));
  const below = sections.filter(({ id }) => !first.includes(id));
  const own = [
    { id: 'numbers', title: 'Table' },
    { id: 'why', title: 'Why' },
  ];
  const links = [...above, ...own, ...below, { id: 'again', title: 'Make it again' }];
  const words = verdictsInWords(comparison);
  return htmlDocument(
    `${comparison.name}: gains over ${comparison.baseline}`,
    html`<header>
<h1>${comparison.name}</h1>
${answers(words)}
<p class="facts">${facts(comparison)}</p>
${contents(links)}
</header>
<main>
${sections.length === 0 ? null : modelKey(modelSeries(comparison))}${above.map(chartSection)}
${tables(comparison, runs)}
${why(comparison, words)}
${below.map(chartSection)}
${provenance(data)}
</main>`,
  );
}

/** The tables of all points of the axes, with how to read them. */
function tables(comparison: Comparison, runs: ReadonlyMap<string, FinishedRun>): Html {
  const points = comparisonPoints(comparison);
  const lines = points.flatMap((point) => explanations(comparison, point));
  const reading = [
    say('signs'),
    say('sorts'),
    say('cells', { parts: cellParts(points) }),
    ...new Set(lines),
    say('cost'),
  ];
  return html`<section id="numbers"><h2>Table</h2>
${points.map(({ title, models, contrasts }) => [
  title === '' ? null : html`<h3>${title}</h3>\n`,
  html`${gainsHtml(models, title, runs)}\n`,
  contrasts && html`<h3>Contrasts${title === '' ? '' : `, ${title}`}</h3>\n${gainsHtml(contrasts, title, runs)}\n`,
])}<p class="reading columns">${typographic(reading.join(' '))}</p>
</section>`;
}

/** What stands under each gain. */
function cellParts(points: readonly Point[]): string {
  const tested = points.some(({ models }) => models.hasIntervals) ? 'its simultaneous interval, adjusted p, and ' : '';
  return `${tested}the mean of the metric ± its standard deviation over seeds`;
}

function answers(words: readonly PointVerdict[]): Html {
  const [only] = words;
  if (only && words.length === 1) {
    const [first = '', ...others] = only.answer;
    return html`<p class="lead">${typographic(first)}</p>${others.length === 0 ? null : html`\n<p class="answer">${typographic(others.join(' '))}</p>`}`;
  }
  return html`<ul class="points">${words.map(({ title, answer }) => html`<li><b>${title}</b> ${typographic(answer.join(' '))}</li>\n`)}</ul>`;
}

/** A line per model with the size of its gains, and the notes. */
function why({ notes }: Comparison, words: readonly PointVerdict[]): Html {
  const parts = words.map((point) => {
    return html`${point.title === '' ? null : html`<h3>${point.title}</h3>\n`}${models(point)}\n`;
  });
  return html`<section id="why"><h2>Why</h2>
${parts}${notes.length === 0 ? null : html`<div class="notes" role="note">${notes.map((note) => html`<p>${note}</p>`)}</div>`}
</section>`;
}

/** Models by verdict, those without a result last. */
function models({ models: all, contrasts, unfinished }: PointVerdict): Html {
  const item = (text: string, sentence: string) =>
    html`<li>${verdictChip(text)} <span>${typographic(sentence)}</span></li>\n`;
  const byVerdict = [...verdicts, 'no result'].flatMap((text) => all.filter(({ row }) => row.verdictText === text));
  const others = contrasts.map(({ row, sentence }) => item(row.verdict, sentence));
  return html`<ul class="findings">${byVerdict.map(({ row, sentence }) => item(row.verdictText, sentence))}</ul>${
    unfinished === '' ? null : html`\n<p>${typographic(unfinished)}</p>`
  }${others.length === 0 ? null : html`\n<h3>Contrasts</h3>\n<ul class="findings">${others}</ul>`}`;
}

function facts({ rows, tasks, seeds, baseline }: Comparison): string {
  const models = new Set(rows.map(({ label }) => label)).size;
  return `${counted(models, 'model')}, ${counted(tasks.length, 'task')} (${tasks.join(', ')}), ${counted(seeds.length, 'seed')}; gains are over ${baseline}.`;
}
