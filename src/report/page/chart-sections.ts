import type { Chart, ChartSection } from '../charts/drawing.js';
import type { Mark } from '../charts/palette.js';
import { typographic } from './cells.js';
import { type Html, html, trusted } from './html.js';

/** Charts of one kind: a heading, how to read them, and the panels side by side as space allows. */
export function chartSection({ id, title, note, key, size, charts }: ChartSection): Html {
  const panels = charts.flatMap((chart) => chart.panels).length;
  const figures = charts.map((chart) => figure(chart, size));
  return html`<section id="${id}"${size === 'medium' && panels === 1 ? html` class="lone"` : null}><h2>${title}</h2>
<div class="words"><p class="reading" id="${id}-note">${typographic(note)}</p>
${key.length === 0 ? null : html`<ul class="key">${key.map((mark) => html`<li>${symbolOf(mark)}${mark.label}</li>`)}</ul>\n`}</div>
${size === 'small' ? figures : html`<div class="charts${across(charts.length)}">\n${figures}</div>`}</section>
`;
}

function figure({ title, remarks, panels }: Chart, size: ChartSection['size']): Html {
  const several = panels.length > 1 && size === 'medium';
  return html`<figure class="${size}${several ? ' several' : ''}">${title === '' ? null : html`<h3>${title}</h3>`}
<div class="panels${across(panels.length)}">${panels.map((svg) => trusted(svg))}</div>
${remarks.length === 0 ? null : html`<figcaption>${remarks.map((remark) => html`<p>${typographic(remark)}</p>`)}</figcaption>`}</figure>
`;
}

/** Two or four items go in pairs, all others in threes. */
function across(items: number): string {
  return items === 2 || items === 4 ? ' pairs' : '';
}

/** The models of all charts: a button for each, which hides the model's marks. */
export function modelKey(models: readonly Mark[]): Html {
  return html`<div class="models" role="group" aria-label="Models in the charts"><ul class="key">${models.map(
    (mark, index) =>
      html`<li><button type="button" data-model="${index}" aria-pressed="true">${symbolOf(mark)}${mark.label}</button></li>`,
  )}</ul></div>
`;
}

/** A line with its dash pattern, and the symbol on it. */
function symbolOf({ colour, dash, shape, filled }: Mark): Html {
  const fill = filled ? colour : 'var(--page)';
  return html`<svg class="symbol" width="26" height="12" viewBox="-13 -6 26 12" aria-hidden="true"><path d="M-13 0H13" stroke="${colour}" stroke-width="1.6" stroke-dasharray="${dash.join(' ')}"/><path d="${outlines[shape] ?? ''}" fill="${fill}" stroke="${colour}" stroke-width="1.4"/></svg>`;
}

const outlines: Readonly<Record<string, string>> = {
  circle: 'M4 0A4 4 0 1 1 -4 0A4 4 0 1 1 4 0Z',
  square: 'M-3.6 -3.6H3.6V3.6H-3.6Z',
  diamond: 'M0 -5L4.4 0L0 5L-4.4 0Z',
  cross: 'M-5 -1.7H-1.7V-5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5Z',
  'triangle-up': 'M0 -4.6L4.8 4H-4.8Z',
  'triangle-down': 'M0 4.6L4.8 -4H-4.8Z',
  'triangle-right': 'M4.6 0L-4 4.8V-4.8Z',
  'triangle-left': 'M-4.6 0L4 4.8V-4.8Z',
};
