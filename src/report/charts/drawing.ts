import { logger, Error as onlyErrors, parse, resetSVGDefIds, textMetrics, View } from 'vega';
import { type Config, compile, type TopLevelSpec } from 'vega-lite';
import { joined } from '../../support/joined.js';
import { colours, cssColour, type Mark } from './palette.js';
import { fontSize, layer, type PanelSpec, panelWidth, plot, tipStart } from './plot.js';
import { shortened, textWidth, wrapped } from './text-width.js';

/** Charts of one kind. */
export interface ChartSection {
  /** Unique on a page: letters, digits and -. */
  readonly id: string;
  readonly title: string;
  /** What the charts show and how to read them: once for all charts. Plain text. */
  readonly note: string;
  /** Marks that only these charts use. The page has one key for the models of all charts. */
  readonly key: readonly Mark[];
  /** How wide the panels are drawn. */
  readonly size: 'small' | 'medium';
  readonly charts: readonly Chart[];
}

export interface Chart {
  /** Unique in a report; names its file: letters, digits and -. */
  readonly id: string;
  /** Empty if the section's title is enough. */
  readonly title: string;
  /** What to note in this chart: a collapsed gate, what was left out. Plain text, often empty. */
  readonly remarks: readonly string[];
  /**
   * Complete `<svg>`s for a page. Colours are CSS variables. Marks have `data-tip` (one line per entry) and
   * `data-model`, the model's index.
   */
  readonly panels: readonly string[];
  /** All panels with a title and a key in one `<svg>`, with literal colours on white. */
  standalone(): Promise<string>;
}

declare module 'vega' {
  /** vega-scenegraph's, which vega exports but does not declare: the layout measures texts with it. */
  export const textMetrics: { width: (item: TextItem, text: unknown) => number };
}

interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
  /** Longer texts are cut. They are measured as just above the limit, so that vega cuts them. */
  readonly limit?: number;
}

/** Charts of one kind before they are drawn. */
export interface Section extends Pick<ChartSection, 'id' | 'title' | 'size'> {
  /** Sentences of the note. */
  readonly note: readonly string[];
  readonly key?: readonly Mark[];
  readonly drawings: readonly Drawing[];
}

export interface Drawing {
  readonly id: string;
  readonly title?: string;
  readonly remarks?: readonly string[];
  readonly panels: readonly Panel[];
  /** Marks that a stand-alone drawing has to explain. */
  readonly key?: readonly Mark[];
  /** Number of panels side by side in a stand-alone drawing. Default: one. */
  readonly columns?: number;
}

export interface Panel {
  readonly title?: string;
  /** Vega-Lite, without title and configuration. Colours are CSS variables of the palette. */
  readonly spec: PanelSpec;
}

const font = 'DejaVu Sans, Verdana, Arial, sans-serif';

/** Draws the charts of a section. A stand-alone drawing is made only when it is requested. */
export async function drawSection({ id, title, size, note, key = [], drawings }: Section): Promise<ChartSection> {
  const section = { id, title, size, key, note: note.join(' ') };
  const charts: Chart[] = [];
  for (const drawing of drawings) charts.push(await draw(drawing, section));
  return { ...section, charts };
}

type Common = Omit<ChartSection, 'charts'>;

async function draw(drawing: Drawing, section: Common): Promise<Chart> {
  const { id, title = '', remarks = [], panels } = drawing;
  const width = panelWidth[section.size];
  const drawn: string[] = [];
  for (const [index, panel] of panels.entries()) {
    const own = panels.length === 1 ? id : `${id}-${index + 1}`;
    const svg = tidied(await svgOf({ vconcat: [titled(panel, width)] }), own);
    const name = joined(': ', title, panel.title ?? '') || section.title;
    drawn.push(withRoot(svg, width, ` aria-label="${escaped(name)}" aria-describedby="${section.id}-note"`));
  }
  return { id, title, remarks, panels: drawn, standalone: () => standalone(drawing, section) };
}

async function standalone(drawing: Drawing, section: Common): Promise<string> {
  const { id, title = '', remarks = [], panels, columns = 1, key = [] } = drawing;
  const width = panelWidth[section.size];
  const across = Math.min(columns, panels.length);
  const heading = title === '' ? section.title : title;
  const spec: PanelSpec = {
    title: { text: wrapped(heading, titleSize * bold, across * width - 20) },
    vconcat: [
      { concat: panels.map((panel) => titled(panel, width)), columns: across, spacing: 24 },
      ...(key.length > 0 ? [keyPanel(key, across * width - 80)] : []),
    ],
  };
  const svg = tidied(await svgOf(spec), id).replace(/ data-(?:tip|model)="[^"]*"/g, '');
  const words = `<title>${escaped(heading)}</title><desc>${escaped([section.note, ...remarks].join(' '))}</desc>`;
  const named = withRoot(svg, 0, '').replace(/^<svg[^>]*>/, (root) => root + words);
  return inTags(named, (tag) => tag.replace(/var\(--(\w+)\)/g, (_, name) => lightColour(name)));
}

async function svgOf(spec: PanelSpec): Promise<string> {
  textMetrics.width = measured;
  const json: TopLevelSpec = JSON.parse(JSON.stringify(spec));
  const { spec: vega } = compile(json, { config, logger: strict });
  const view = new View(parse(vega), { renderer: 'none', logger: strict });
  resetSVGDefIds(); // ids are counted over all drawings of the process
  return view.toSVG().finally(() => view.finalize());
}

function titled({ title = '', spec }: Panel, width: number): PanelSpec {
  if (title === '') return spec;
  const size = width < 300 ? fontSize : titleSize;
  return { ...spec, title: { text: wrapped(title, size * bold, width - 20), fontSize: size } };
}

/** Symbols and their labels, from left to right, on as many lines as needed. */
function keyPanel(key: readonly Mark[], width: number): PanelSpec {
  let [x, line, widest] = [0, 0, 0];
  const items = key.map(({ label, colour, shape, dash, filled }) => {
    const text = shortened(label, fontSize, 190);
    const needed = 34 + textWidth(text, fontSize) + 16;
    if (x > 0 && x + needed > width) [x, line] = [0, line + 1];
    const left = x;
    x += needed;
    widest = Math.max(widest, x);
    return { left, top: 18 * line + 9, text, colour, shape, dash, fill: filled ? colour : cssColour('page') };
  });
  const lines = items.map(({ left, top, colour, dash }) => ({ left, right: left + 24, top, colour, dash }));
  const points = items.map(({ left, top, colour, shape, fill }) => ({
    left: left + 12,
    top,
    stroke: colour,
    fill,
    shape,
  }));
  const texts = items.map(({ left, top, text }) => ({ left: left + 32, top, text }));
  return plot({
    width: widest,
    height: 18 * (line + 1),
    x: { title: null },
    y: { title: null },
    layers: [
      layer('rule', lines, { strokeWidth: 2 }),
      layer('point', points, { size: 60, strokeWidth: 1.6, opacity: 1 }),
      layer('text', texts, { align: 'left', baseline: 'middle', color: cssColour('ink'), fontSize }),
    ],
  });
}

/**
 * Vega catches errors in a chart and passes them to its logger, which prints by default. This logger throws them and
 * ignores warnings, which concern style.
 */
const strict = logger(onlyErrors, undefined, (_method, _level, [error]) => {
  throw error instanceof Error ? error : new Error(`A chart cannot be drawn: ${error}`);
});

function measured({ fontSize: size = fontSize, fontWeight, limit }: TextItem, text: unknown): number {
  const width = textWidth(String(text ?? ''), fontWeight === 'bold' ? size * bold : size);
  return limit !== undefined && limit > 0 ? Math.min(width, limit + 1) : width;
}

/** Width of bold letters relative to regular ones. */
const bold = 1.14;
const titleSize = 13;
const ink = cssColour('ink');
const muted = cssColour('muted');
const rule = cssColour('rule');

const config: Config = {
  aria: false, // only marks with a description have an accessible text
  background: cssColour('page'),
  font,
  padding: 4,
  title: { anchor: 'start', color: ink, fontSize: titleSize, fontWeight: 'bold', frame: 'bounds', offset: 10 },
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
};

function lightColour(name: string): string {
  return Object.entries(colours).find(([known]) => known === name)?.[1][0] ?? colours.ink[0];
}

/** Removes what only an animated chart needs, rounds numbers to two decimals, and makes ids unique on the page. */
function tidied(svg: string, id: string): string {
  const short = legal(svg).replace(
    /<path class="(?:fore|back)ground" aria-hidden="true" d="(?:M0,0h0v0h0Z)?"[^>]*\/>/g,
    '',
  );
  return inTags(short, (tag) =>
    tag.replace(/ ([\w:-]+)="([^"]*)"/g, (_, name: string, value: string) => {
      if (name === 'aria-label') return dataOf(value);
      if (/^(?:class|role|aria-.*|pointer-events|stroke-miterlimit)$/.test(name)) return '';
      if (name === 'opacity' && value === '1') return '';
      if (name === 'id') return ` id="${id}-${value}"`;
      const rounded = value.replace(/-?\d+\.\d{3,}(?![\d%])/g, (number) => String(Number(Number(number).toFixed(2))));
      return ` ${name}="${rounded.replace(/url\(#/g, `url(#${id}-`)}"`;
    }),
  );
}

/** Converts a `tip` description to attributes. */
function dataOf(description: string): string {
  const [before, model, ...lines] = description.split(tipStart);
  if (before !== '' || model === undefined) return '';
  const text = lines.join(tipStart);
  return `${model === '' ? '' : ` data-model="${model}"`}${text === '' ? '' : ` data-tip="${text}"`}`;
}

/** Replaces the root element. A narrow image is padded to the width of the others, so that all have one scale. */
function withRoot(svg: string, leastWidth: number, attributes: string): string {
  const [width = 0, height = 0] = [/ width="([\d.]+)"/, / height="([\d.]+)"/].map((pattern) =>
    Number(pattern.exec(svg)?.[1]),
  );
  const size = [Math.max(width, leastWidth), height] as const;
  const root = `<svg xmlns="http://www.w3.org/2000/svg" role="img"${attributes} width="${size[0]}" height="${size[1]}" viewBox="0 0 ${size.join(' ')}">`;
  return svg.replace(/^<svg[^>]*>/, () => root);
}

/** Changes tags and leaves texts unchanged. Attributes contain no `>`, because it is escaped. */
function inTags(svg: string, change: (tag: string) => string): string {
  return svg.replace(/<[^>]*>/g, change);
}

function escaped(text: string): string {
  return legal(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Replaces characters that XML does not allow by U+FFFD. */
function legal(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');
}
