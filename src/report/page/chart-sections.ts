import { type Chart, type ChartSection, panelSvg, symbol } from '../charts/chart.js';
import { cssColour, type Mark } from '../charts/palette.js';
import { type Html, html } from '../html.js';
import { typographic } from './html-table.js';

/** Charts of one kind: a heading, how to read them, and the panels side by side as space allows. */
export function chartSection(section: ChartSection): Html {
  const { id, title, note, key = [], size, charts } = section;
  const panels = charts.flatMap((chart) => chart.panels).length;
  const figures = charts.map((chart) => figure(section, chart));
  return html`<section id="${id}"${size === 'medium' && panels === 1 ? html` class="lone"` : null}><h2>${title}</h2>
<div class="words"><p class="reading" id="${id}-note">${typographic(note.join(' '))}</p>
${key.length === 0 ? null : html`<ul class="key">${key.map((mark) => html`<li>${symbolSvg(mark)}${mark.label}</li>`)}</ul>\n`}</div>
${size === 'small' ? figures : html`<div class="charts${across(charts.length)}">\n${figures}</div>`}</section>
`;
}

function figure(section: ChartSection, chart: Chart): Html {
  const { title = '', remarks = [], panels } = chart;
  const { size } = section;
  const several = panels.length > 1 && size === 'medium';
  return html`<figure class="${size}${several ? ' several' : ''}">${title === '' ? null : html`<h3>${title}</h3>`}
<div class="panels${across(panels.length)}">${panels.map((panel) => panelSvg(section, chart, panel))}</div>
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
      html`<li><button type="button" data-model="${index}" aria-pressed="true">${symbolSvg(mark)}${mark.label}</button></li>`,
  )}</ul></div>
`;
}

function symbolSvg(mark: Mark): Html {
  return html`<svg class="symbol" width="26" height="12" viewBox="-13 -6 26 12" aria-hidden="true">${symbol(mark, cssColour)}</svg>`;
}
