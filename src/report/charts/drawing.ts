import { logger, Error as onlyErrors, parse, resetSVGDefIds, textMetrics, View } from 'vega';
import { type Config, compile, type TopLevelSpec } from 'vega-lite';
import type { Chart } from '../report-data.js';
import { colours, cssColour } from './palette.js';
import { textWidth, wrapped } from './text-width.js';

declare module 'vega' {
  /** vega-scenegraph's, which vega exports and does not declare: how the layout measures texts. */
  export const textMetrics: { width: (item: TextItem, text: unknown) => number };
}

interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
  /** Longer texts are cut; a width just above it has them cut, and is what they then need. */
  readonly limit?: number;
}

/** A chart before it is drawn. */
export type Drawing = Pick<Chart, 'id' | 'section' | 'title' | 'caption' | 'cell'> & {
  /** Vega-Lite, without title and configuration. Colours are CSS variables of the palette. */
  readonly spec: TopLevelSpec;
};

/** A row of a drawing's data. Not defined: null, and no mark is drawn. */
export type Datum = Readonly<Record<string, string | number | boolean | null>>;

/** Width of a chart in pixels: near that of a phone, so that its texts are not scaled down to nothing there. */
const chartWidth = 440;
export const fontSize = 11.5;
const font = 'DejaVu Sans, Verdana, Arial, sans-serif';

/** Columns of a legend below a chart. */
export function legendColumns(labels: readonly string[]): number {
  const widest = Math.max(...labels.map((label) => Math.min(textWidth(label, fontSize), labelLimit)));
  return Math.max(1, Math.floor((chartWidth - 20) / (widest + 36)));
}

/** Of lines told by colour and dash, also where an area has their colours. */
export function lineLegend(labels: readonly string[]) {
  return {
    columns: legendColumns(labels),
    symbolType: 'stroke',
    symbolSize: 400,
    symbolStrokeWidth: 2,
    symbolFillColor: 'transparent',
    symbolOpacity: 1,
  };
}

/** Title of a vertical axis, horizontal and above it: for plots that are too low for a long one beside them. */
export const titleAbove = { titleAngle: 0, titleAlign: 'left', titleAnchor: 'end', titleX: -34, titleY: -12 } as const;

/** Draws a chart for a page and for a paper. */
export async function draw({ spec, ...chart }: Drawing): Promise<Chart> {
  textMetrics.width = measured;
  const title = { text: wrapped(chart.title, titleSize * bold, chartWidth - 20) };
  const { spec: vega } = compile({ ...spec, title }, { config, logger: strict });
  const view = new View(parse(vega, layout), { renderer: 'none', logger: strict });
  resetSVGDefIds(); // ids are counted over all drawings of the process
  const drawn = await view.toSVG().finally(() => view.finalize());
  const svg = withDescription(tidied(drawn, chart.id), chart);
  return {
    ...chart,
    svg,
    standalone: inTags(svg, (tag) => tag.replace(/var\(--(\w+)\)/g, (_, name) => lightColour(name))),
  };
}

/** Vega catches errors in a chart and reports them to its logger, which prints by default. Its warnings are about style. */
const strict = logger(onlyErrors, undefined, (_method, _level, [error]) => {
  throw error instanceof Error ? error : new Error(`A chart cannot be drawn: ${error}`);
});

function measured({ fontSize: size = fontSize, fontWeight, limit }: TextItem, text: unknown): number {
  const width = textWidth(String(text ?? ''), fontWeight === 'bold' ? size * bold : size);
  return limit !== undefined && limit > 0 ? Math.min(width, limit + 1) : width;
}

/** How much wider bold letters are. */
const bold = 1.14;
const titleSize = 13;
const labelLimit = 190;
const ink = cssColour('ink');
const muted = cssColour('muted');
const rule = cssColour('rule');

const config: Config = {
  aria: false, // the root says what is to be seen
  background: cssColour('page'),
  font,
  padding: 6,
  title: { anchor: 'start', color: ink, fontSize: titleSize, fontWeight: 'bold', frame: 'bounds', offset: 12 },
  view: { stroke: null },
  axis: {
    domainColor: muted,
    gridColor: rule,
    labelColor: ink,
    labelFlush: false,
    labelFontSize: fontSize,
    tickColor: muted,
    titleColor: muted,
    titleFontSize: fontSize,
    titleFontWeight: 'normal',
    titlePadding: 8,
  },
  legend: {
    labelColor: ink,
    labelFontSize: fontSize,
    labelLimit,
    orient: 'bottom',
    symbolStrokeWidth: 2,
    title: null,
    titleColor: muted,
    titleFontSize: fontSize,
    titleFontWeight: 'normal',
  },
};

/** Legends begin at the left edge of the chart, which Vega-Lite has no word for. */
const layout = { legend: { layout: { bottom: { anchor: 'start', frame: 'bounds' } } } } as const;

function lightColour(name: string): string {
  return Object.entries(colours).find(([known]) => known === name)?.[1][0] ?? colours.ink[0];
}

/** Without what only a moving chart needs, with numbers of two decimals and with ids that no other chart of the page has. */
function tidied(svg: string, id: string): string {
  const short = legal(svg).replace(
    /<path class="(?:fore|back)ground" aria-hidden="true" d="(?:M0,0h0v0h0Z)?"[^>]*\/>/g,
    '',
  );
  return inTags(short, (tag) =>
    tag
      .replace(/ (?:class|role|aria-[a-z]+|pointer-events|stroke-miterlimit)="[^"]*"/g, '')
      .replace(/ opacity="1"/g, '')
      .replace(/-?\d+\.\d{3,}(?![\d%])/g, (number) => String(Number(Number(number).toFixed(2))))
      .replace(/ id="/g, ` id="${id}-`)
      .replace(/url\(#/g, `url(#${id}-`),
  );
}

/** An image with a name and a description, never wider than its place on a page. */
function withDescription(svg: string, { id, title, caption }: Pick<Chart, 'id' | 'title' | 'caption'>): string {
  const [width, height] = [/ width="([\d.]+)"/, / height="([\d.]+)"/].map((pattern) => pattern.exec(svg)?.[1] ?? '0');
  const root = [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="${id}-title" aria-describedby="${id}-description"`,
    `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="max-width: 100%; height: auto">`,
  ].join(' ');
  const words = `<title id="${id}-title">${escaped(title)}</title><desc id="${id}-description">${escaped(caption)}</desc>`;
  return svg.replace(/^<svg[^>]*>/, () => root + words);
}

/** Changes tags and leaves texts as they are. Attributes have no > of their own: it is escaped in them. */
function inTags(svg: string, change: (tag: string) => string): string {
  return svg.replace(/<[^>]*>/g, change);
}

function escaped(text: string): string {
  return legal(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Characters that XML does not have become a sign that one is missing. */
function legal(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');
}
