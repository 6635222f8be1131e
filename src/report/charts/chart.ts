import { type Html, html, toText } from '../html.js';
import { drawPlot } from './draw-plot.js';
import { type Colour, colours, cssColour, type Mark, outline } from './palette.js';
import { type Plot, panelWidth } from './plot.js';
import { column, type Drawn, element, heading, type Medium, moved } from './svg.js';
import { bold, fontSize, shortened, textWidth, wrapped } from './text-width.js';

/** Charts of one kind, as data. Texts are plain. */
export interface ChartSection {
  /** Unique on a page: letters, digits and -. */
  readonly id: string;
  readonly title: string;
  /** What the charts show and how to read them: once for all charts. */
  readonly note: readonly string[];
  /** Marks that only these charts use. The page has one key for the models of all charts. */
  readonly key?: readonly Mark[];
  /** How wide the panels are drawn. */
  readonly size: keyof typeof panelWidth;
  readonly charts: readonly Chart[];
}

export interface Chart {
  /** Unique in a report; names its file: letters, digits and -. */
  readonly id: string;
  /** Absent if the section's title is enough. */
  readonly title?: string;
  /** What to note in this chart: a collapsed gate, what was left out. */
  readonly remarks?: readonly string[];
  readonly panels: readonly Panel[];
  /** Marks that a file of the chart alone has to explain. */
  readonly key?: readonly Mark[];
  /** Number of panels side by side in such a file. Default: one. */
  readonly columns?: number;
}

/** Plots below one another. */
export interface Panel {
  readonly title?: string;
  readonly plots: readonly Plot[];
}

const page: Medium = { colour: cssColour, isPage: true };
const file: Medium = { colour: (name) => colours[name][0], isPage: false };
const titleSize = 13;
/** Around a drawing. */
const padding = 4;

/** A panel for a page, at least as wide as its section's, so that all have one scale. */
export function panelSvg({ id, title: kind, size }: ChartSection, { title = '' }: Chart, panel: Panel): Html {
  const name = [title, panel.title ?? ''].filter((text) => text !== '').join(': ') || kind;
  return root(drawPanel(panel, size, page), panelWidth[size], { 'aria-label': name, 'aria-describedby': `${id}-note` });
}

/** A whole chart as a file of its own, on white, with its title and key. */
export function chartSvg({ title: kind, note, size }: ChartSection, chart: Chart): string {
  const { title, remarks = [], panels, columns = 1, key = [] } = chart;
  const name = title || kind;
  const across = Math.min(columns, panels.length);
  const width = across * panelWidth[size];
  const drawn = column(
    [
      heading(wrapped(name, titleSize * bold, width - 20), titleSize, titleStyle(file)),
      grid(
        panels.map((panel) => drawPanel(panel, size, file)),
        across,
      ),
      ...(key.length > 0 ? [drawKey(key, width - 80)] : []),
    ].map((part) => ({ ...part, left: 0 })),
    12,
  );
  const words = html`<title>${name}</title><desc>${[...note, ...remarks].join(' ')}</desc>`;
  const ground = element('rect', { width: '100%', height: '100%', fill: file.colour('page') });
  return toText(root(drawn, 0, {}, html`${words}${ground}`));
}

function drawPanel({ title, plots }: Panel, size: ChartSection['size'], medium: Medium): Drawn {
  const plot = column(
    plots.map((each) => drawPlot(each, medium)),
    14,
  );
  if (title === undefined) return plot;
  const letters = size === 'small' ? fontSize : titleSize;
  const words = heading(wrapped(title, letters * bold, panelWidth[size] - 20), letters, titleStyle(medium));
  return column([words, { ...plot, left: 0 }], 8);
}

function titleStyle({ colour }: Medium) {
  return { 'font-weight': 'bold', fill: colour('ink') };
}

/** Parts side by side in lines of so many: each column as wide as its widest, and what is below in line. */
function grid(parts: readonly Drawn[], across: number): Drawn {
  const gap = 24;
  const lines = Array.from({ length: Math.ceil(parts.length / across) }, (_, line) =>
    parts.slice(line * across, (line + 1) * across),
  );
  const widths = Array.from({ length: across }, (_, index) =>
    Math.max(...lines.map((line) => line[index]?.width ?? 0)),
  );
  const starts = widths.map((_, index) => widths.slice(0, index).reduce((sum, width) => sum + width + gap, 0));
  const width = (starts.at(-1) ?? 0) + (widths.at(-1) ?? 0);
  return column(
    lines.map((line) => {
      const height = Math.max(...line.map((part) => part.height));
      const svg = line.map((part, index) => moved(starts[index] ?? 0, height - part.height, part.svg));
      return { width, height, left: 0, svg: html`${svg}` };
    }),
    gap,
  );
}

/** Symbols and their labels, from left to right, on as many lines as needed. */
function drawKey(key: readonly Mark[], width: number): Drawn {
  let [x, line, widest] = [0, 0, 0];
  const svg = key.map((mark) => {
    const text = shortened(mark.label, fontSize, 190);
    const needed = 34 + textWidth(text, fontSize) + 16;
    if (x > 0 && x + needed > width) [x, line] = [0, line + 1];
    const start = x;
    x += needed;
    widest = Math.max(widest, x);
    const label = element('text', { x: 32, y: 0.3 * fontSize, fill: file.colour('ink') }, text);
    return moved(start, 18 * line + 9, html`${moved(12, 0, symbol(mark, file.colour))}${label}`);
  });
  return { width: widest, height: 18 * (line + 1), left: 0, svg: html`${svg}` };
}

/** A line with its dash pattern, and the symbol on it, around 0. */
export function symbol({ colour, dash, shape, filled }: Mark, paint: (name: Colour) => string): Html {
  const stroke = paint(colour);
  const line = { d: 'M-12 0H12', stroke, 'stroke-width': 1.6, 'stroke-dasharray': dash.join(' ') || undefined };
  const look = { fill: filled ? stroke : paint('page'), stroke, 'stroke-width': 1.4 };
  return html`${element('path', line)}${element('path', { d: outline(shape, 4), ...look })}`;
}

/** @param under What stands before the drawing. */
function root(drawn: Drawn, leastWidth: number, names: Record<string, string>, under = html``): Html {
  const width = Math.ceil(Math.max(drawn.width + 2 * padding, leastWidth));
  const height = Math.ceil(drawn.height + 2 * padding);
  const font = { fill: 'none', 'font-family': 'DejaVu Sans, Verdana, Arial, sans-serif', 'font-size': fontSize };
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  const look = { xmlns: 'http://www.w3.org/2000/svg', role: 'img', ...names, ...size, ...font };
  return element('svg', look, html`${under}${moved(padding, padding, drawn.svg)}`);
}
