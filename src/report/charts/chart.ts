import { type Html, html, toText } from '../html.js';
import { colours, type Series } from './palette.js';
import { bar, dot, drawPlot, element, fontSize, type Mark, type Pair, type Plot, paint, whole } from './plot.js';

/** Charts of one kind, as data. Texts are plain. */
export interface Section {
  /** Unique on a page, and the name of a file: letters, digits and -. */
  readonly id: string;
  readonly title: string;
  /** What the charts show and how to read them. */
  readonly note: string;
  /** The marks that a reader has to know. */
  readonly key: readonly Series[];
  readonly size: keyof typeof widths;
  readonly charts: readonly Chart[];
}

/** Plots side by side. */
export interface Chart {
  readonly title?: string;
  readonly plots: readonly Plot[];
}

/** Widths of a plot, in pixels. A phone of 390 pixels shows a medium one in full width, two small ones side by side, and letters of 11 pixels. */
const widths = { medium: 368, small: 176 };
/** The most plots of one chart that a reader looks at. */
const most = { medium: 24, small: 40 };

/** A section, unless it has nothing to draw. */
export function section({ charts, note, ...rest }: Section): readonly Section[] {
  const limit = most[rest.size];
  const isCut = charts.some(({ plots }) => plots.length > limit);
  const drawn = charts.map((chart) => ({ ...chart, plots: chart.plots.slice(0, limit) }));
  const full = drawn.filter(({ plots }) => plots.length > 0);
  if (full.length === 0) return [];
  return [{ ...rest, note: isCut ? `${note} Of each chart, the first ${limit} plots are drawn.` : note, charts: full }];
}

/** On a page: how to read the charts, and their plots side by side as space allows. */
export function sectionHtml({ id, title, note, key, size, charts }: Section): Html {
  const figures = charts.map((chart) => {
    const plots = chart.plots.map((plot) => {
      const { height, svg } = drawPlot(plot, widths[size]);
      const name = [title, chart.title, plot.title].filter(Boolean).join(': ');
      return root(widths[size], height, { 'aria-label': name, 'aria-describedby': `${id}-note` }, svg);
    });
    const heading = chart.title ? html`<figcaption>${chart.title}</figcaption>` : null;
    return html`<figure class="${size}">${heading}<div class="plots">${plots}</div></figure>\n`;
  });
  const marks = key.filter(({ model }) => model === undefined); // the page has a key of the models
  return html`<section id="${id}"><h2>${title}</h2>
<p class="reading" id="${id}-note">${note}</p>
${marks.length === 0 ? null : html`<ul class="key">${marks.map((mark) => html`<li>${keySymbol(mark)}${mark.label}</li>`)}</ul>\n`}${figures}</section>
`;
}

/** The models of all charts: a button for each, which hides the model's marks. */
export function modelKey(models: readonly Series[]): Html {
  const items = models.map(
    (mark) =>
      html`<li><button type="button" data-model="${mark.model ?? null}" aria-pressed="true">${keySymbol(mark)}${mark.label}</button></li>`,
  );
  return html`<div class="models" role="group" aria-label="Models in the charts"><ul class="key">${items}</ul></div>\n`;
}

function keySymbol({ model: _, ...mark }: Series): Html {
  const here = { toPixel: (position: number) => position, band: 0, ticks: [] };
  const drawn = keyMarks(mark, [-12, 12], 0).map((draw) => draw(here, here));
  return html`<svg class="symbol" width="26" height="12" viewBox="-13 -6 26 12" aria-hidden="true">${drawn}</svg>`;
}

/** A line with its dashes, and the symbol on it. */
function keyMarks(mark: Series, x: Pair, y: number): readonly Mark[] {
  return [...bar(x, y, { ...mark, width: 1.6 }), dot([0, y], mark)];
}

/** Each chart as an SVG file of its own, dark on white, with its key. */
export function chartFiles(section: Section): readonly { readonly name: string; readonly svg: string }[] {
  return section.charts.map((chart, index) => {
    // No text has a plain quote: what is replaced are attributes.
    const svg = Object.entries(colours).reduce(
      (text, [colour, [light]]) => text.replaceAll(`"${paint(colour)}"`, `"${light}"`),
      toText(chartFile(section, chart)).replace(/ data-(model|tip)="[^"]*"/g, ''),
    );
    return { name: `${section.id}${section.charts.length === 1 ? '' : `-${index + 1}`}.svg`, svg };
  });
}

function chartFile({ title: kind, note, key, size }: Section, { title, plots }: Chart): Html {
  const [step, across] = [widths[size], size === 'small' ? 4 : 2];
  const drawn = [
    ...plots.map((plot) => drawPlot(plot, step)),
    ...keyPlot(key).map((plot) => drawPlot(plot, widths.small)),
  ];
  const columns = Math.min(drawn.length, across);
  const row = Math.max(...drawn.map(({ height }) => height)) + 10;
  const parts = drawn.map(({ svg }, index) => {
    const transform = `translate(${(index % columns) * step},${4 + Math.floor(index / columns) * row})`;
    return element('g', { transform }, svg);
  });
  const about = html`<title>${title ? `${kind}: ${title}` : kind}</title><desc>${note}</desc>`;
  const ground = element('rect', { width: '100%', height: '100%', fill: paint('page') });
  return root(columns * step, Math.ceil(drawn.length / columns) * row, {}, html`${about}${ground}${parts}`);
}

/** The key as a plot: a line for each mark. */
function keyPlot(key: readonly Series[]): readonly Plot[] {
  const marks = key.flatMap((mark, y) => keyMarks(mark, whole, y));
  const y = { names: key.map(({ label }) => label) };
  return key.length === 0 ? [] : [{ height: 20 * key.length, x: { names: [''] }, y, marks }];
}

function root(width: number, height: number, names: Record<string, string>, content: Html): Html {
  const font = { 'font-family': 'DejaVu Sans, Verdana, Arial, sans-serif', 'font-size': fontSize };
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  return element('svg', { xmlns: 'http://www.w3.org/2000/svg', role: 'img', ...names, ...size, ...font }, content);
}
