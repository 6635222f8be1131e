import type { Comparison } from '../../comparison/comparison.js';
import { verdictText } from '../effects.js';
import { testInWords } from '../explanations.js';
import { type Point, pointsOf } from '../points.js';
import { type PointVerdict, verdictsInWords } from '../verdict-in-words.js';
import { typographic } from './cells.js';
import { verdictChip, verdicts } from './gain-table.js';
import { type Html, html } from './html.js';

/** What was found, in words: who wins, and a line per model with the size of its gains or what would decide them. */
export function findings(comparison: Comparison): Html {
  const words = verdictsInWords(comparison);
  const points = pointsOf(comparison);
  const [only] = words;
  const lead =
    only && words.length === 1
      ? html`<p class="lead">${typographic(only.headline)}</p>
${only.tally === '' ? null : html`<p class="tally">${only.tally}</p>\n`}${models(only, points[0])}`
      : html`<ul class="points">${words.map(
          (point, index) => html`<li><b>${point.title}</b> ${typographic(point.headline)} ${point.tally}
<details><summary>Model by model</summary>${models(point, points[index])}</details></li>
`,
        )}</ul>`;
  const tests = new Set(points.flatMap((point) => testInWords(comparison, point)));
  return html`${lead}
<p class="facts">${facts(comparison)} ${typographic([...tests].join(' '))}</p>
${comparison.notes.length === 0 ? null : html`<div class="notes" role="note">${comparison.notes.map((note) => html`<p>${note}</p>`)}</div>`}`;
}

/** By verdict, models without a result last; many of one that says little are folded. */
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
