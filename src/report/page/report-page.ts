import { createHash } from 'node:crypto';
import type { Comparison } from '../../comparison/comparison.js';
import { chartStyles } from '../charts/palette.js';
import { explanations, hasIntervals } from '../explanations.js';
import { listed } from '../numbers.js';
import { pointsOf } from '../points.js';
import type { Chart, ReportData } from '../report-data.js';
import { type PointVerdict, verdictsInWords } from '../verdict-in-words.js';
import { chartFigures } from './chart-figures.js';
import { gainTable } from './gain-table.js';
import { type Html, html, toText, trusted } from './html.js';
import { modelTable } from './model-table.js';
import { provenance } from './provenance.js';
import { sortScript } from './sort-script.js';
import { pageStyle } from './style.js';

/**
 * report.html: one file that asks for nothing else. It leads with the verdict; what comes from a config or a data set is text in it. Its
 * own policy forbids any request and any script but the one that sorts.
 */
export function reportPage(data: ReportData, charts: readonly Chart[]): string {
  const { comparison } = data;
  const figures = chartFigures(charts);
  const contents = [
    { id: 'gains-table', title: 'Gains' },
    { id: 'models', title: 'Models' },
    ...figures,
    { id: 'again', title: 'Make it again' },
  ];
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src 'sha256-${createHash('sha256').update(sortScript).digest('base64')}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return toText(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${comparison.name}: gains over ${comparison.baseline}</title>
<style>${trusted(`${chartStyles}${pageStyle}`)}</style>
</head>
<body>
<header>
<h1>${comparison.name}</h1>
${lead(comparison)}
<p class="facts">${facts(comparison)}</p>
${comparison.notes.length === 0 ? null : html`<div class="notes" role="note">${comparison.notes.map((note) => html`<p>${note}</p>`)}</div>`}
<nav aria-label="Contents"><ul>${contents.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>
<main>
${gains(comparison)}
${models(data)}
${figures.map(({ section }) => section)}
${provenance(data)}
</main>
<script>${trusted(sortScript)}</script>
</body>
</html>
`);
}

/** The verdict: of the table, or of each point of the axes. */
function lead(comparison: Comparison): Html {
  const verdicts = verdictsInWords(comparison);
  const [only] = verdicts;
  if (only && verdicts.length === 1)
    return html`<p class="lead">${only.headline}</p>${
      only.tally === ''
        ? null
        : html`
<p>${only.tally}</p>`
    }`;
  return html`<ul class="points">${verdicts.map(
    ({ title, headline, tally }) => html`<li><b>${title}</b> ${headline} ${tally}</li>`,
  )}</ul>`;
}

function facts({ rows, tasks, seeds, baseline }: Comparison): string {
  const models = new Set(rows.map(({ label }) => label)).size;
  const number = (count: number, word: string) => `${count} ${count === 1 ? word : `${word}s`}`;
  return `${number(models, 'model')}, ${number(tasks.length, 'task')} (${tasks.join(', ')}), ${number(seeds.length, 'seed')}; gains are over ${baseline}.`;
}

function gains(comparison: Comparison): Html {
  const verdicts = verdictsInWords(comparison);
  const small = pointsOf(comparison).some(hasIntervals)
    ? 'Small: the standard deviation over seeds, and the 95 % interval of the gain. '
    : '';
  return html`<section id="gains-table"><h2>Gains</h2>
<p class="reading">▲ better and ▼ worse beyond noise. ${small}A click on a head sorts.</p>
${pointsOf(comparison).map(
  (point, index) => html`${
    point.title === ''
      ? null
      : html`<h3>${point.title}</h3>
`
  }${gainTable(comparison, point)}
${words(verdicts[index])}
<p class="reading">${explanations(comparison, point).join(' ')}</p>
`,
)}</section>`;
}

/** A sentence per model; many models without a difference are folded away. */
function words(verdict: PointVerdict | undefined): Html | null {
  if (verdict === undefined) return null;
  const [unseen, seen] = [true, false].map((none) =>
    verdict.models.filter((model) => (model.verdict === 'no difference seen') === none),
  );
  const list = (models: PointVerdict['models'] = []) =>
    models.length === 0
      ? null
      : html`<ul class="words">${models.map(({ sentence }) => html`<li>${sentence}</li>`)}</ul>`;
  if (unseen === undefined || unseen.length <= mostUnfolded) return html`${list(seen)}${list(unseen)}`;
  return html`${list(seen)}<details class="words"><summary>No difference seen: ${listed(unseen.map(({ label }) => label))}</summary>${list(unseen)}</details>`;
}

const mostUnfolded = 3;

function models({ comparison, runs }: ReportData): Html {
  return html`<section id="models"><h2>Models</h2>
<p class="reading">Means over finished runs, small the lowest and the highest. Training time is without compilation and evaluation; the best epoch is chosen on validation.</p>
${pointsOf(comparison).map(
  (point) => html`${
    point.title === ''
      ? null
      : html`<h3>${point.title}</h3>
`
  }${modelTable(point, runs)}
`,
)}</section>`;
}
