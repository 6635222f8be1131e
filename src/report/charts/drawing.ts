import { logger, Error as onlyErrors, parse, resetSVGDefIds, textMetrics, View } from 'vega';
import { type Config, compile, type TopLevelSpec } from 'vega-lite';
import { colours, cssColour, type Mark } from './palette.js';
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

/** A section before its charts are drawn. */
export type Section = Omit<ChartSection, 'charts'> & { readonly drawings: readonly Drawing[] };

export type Drawing = Pick<Chart, 'id' | 'title' | 'remarks'> & {
  readonly panels: readonly Panel[];
  /** Marks that a stand-alone drawing has to explain. */
  readonly key: readonly Mark[];
  /** Number of panels side by side in a stand-alone drawing. */
  readonly columns: number;
};

export interface Panel {
  /** Empty if the drawing's title is enough. */
  readonly title: string;
  /** Vega-Lite, without title and configuration. Colours are CSS variables of the palette. */
  readonly spec: PanelSpec;
}

export type PanelSpec = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];
export type LayerSpec = Extract<PanelSpec, { layer: unknown }>;

/** A row of a drawing's data. Undefined values are null and draw no mark. */
export type Datum = Readonly<Record<string, string | number | boolean | null | readonly number[]>>;

/** Panel width in pixels. It is close to a phone's width, so that texts stay readable there. */
export const panelWidth = { medium: 440, small: 216 };
export const fontSize = 11.5;
const font = 'DejaVu Sans, Verdana, Arial, sans-serif';

/**
 * The tooltip of a mark, for the channel `description`: its lines, and the index of its model. The page's script shows
 * it. Stand-alone drawings have none.
 */
export function tip(model: number | null, ...lines: readonly string[]): string {
  return `${tipStart}${model ?? ''}${tipStart}${lines.join('\n')}`;
}

/**
 * A private character that no label contains. It distinguishes tooltips from the descriptions that Vega adds to other
 * marks.
 */
const tipStart = '\ue000';

export const description = { description: { field: 'tip', type: 'nominal' } } as const;

/** Draws the charts of a section. A stand-alone drawing is made only when it is requested. */
export async function drawSection({ drawings, ...section }: Section): Promise<ChartSection> {
  const charts: Chart[] = [];
  for (const drawing of drawings) charts.push(await draw(drawing, section));
  return { ...section, charts };
}

async function draw(drawing: Drawing, section: Omit<Section, 'drawings'>): Promise<Chart> {
  const { id, title, remarks, panels } = drawing;
  const width = panelWidth[section.size];
  const drawn: string[] = [];
  for (const [index, panel] of panels.entries()) {
    const own = panels.length === 1 ? id : `${id}-${index + 1}`;
    const svg = tidied(await svgOf({ vconcat: [titled(panel, width)] }), own);
    const name = [title, panel.title].filter((text) => text !== '').join(': ') || section.title;
    drawn.push(onPage(svg, { name, describedBy: `${section.id}-note`, width }));
  }
  return { id, title, remarks, panels: drawn, standalone: () => standalone(drawing, section) };
}

async function standalone(drawing: Drawing, section: Omit<Section, 'drawings'>): Promise<string> {
  const { id, title, remarks, panels, columns, key } = drawing;
  const width = panelWidth[section.size];
  const across = Math.min(columns, panels.length);
  const parts = panels.map((panel) => titled(panel, width));
  const heading = title === '' ? section.title : title;
  const spec: TopLevelSpec = {
    title: { text: wrapped(heading, titleSize * bold, across * width - 20) },
    vconcat: [
      { concat: parts, columns: across, spacing: 24 },
      ...(key.length > 0 ? [keyPanel(key, across * width - 80)] : []),
    ],
  };
  const svg = tidied(await svgOf(spec), id).replace(/ data-(?:tip|model)="[^"]*"/g, '');
  const named = withText(svg, heading, [section.note, ...remarks].join(' '));
  return inTags(named, (tag) => tag.replace(/var\(--(\w+)\)/g, (_, name) => lightColour(name)));
}

async function svgOf(spec: TopLevelSpec): Promise<string> {
  textMetrics.width = measured;
  const { spec: vega } = compile(spec, { config, logger: strict });
  const view = new View(parse(vega), { renderer: 'none', logger: strict });
  resetSVGDefIds(); // ids are counted over all drawings of the process
  return view.toSVG().finally(() => view.finalize());
}

function titled({ title, spec }: Panel, width: number): PanelSpec {
  if (title === '') return spec;
  return {
    ...spec,
    title: {
      text: wrapped(title, (width < 300 ? fontSize : titleSize) * bold, width - 20),
      fontSize: width < 300 ? fontSize : titleSize,
    },
  };
}

/** Symbols and their labels, from left to right, on as many lines as needed. */
function keyPanel(key: readonly Mark[], width: number): PanelSpec {
  let [x, line, widest] = [0, 0, 0];
  const values = key.map(({ label, colour, shape, dash, filled }): Datum => {
    const text = shortened(label, fontSize, 190);
    const needed = 34 + textWidth(text, fontSize) + 16;
    if (x > 0 && x + needed > width) [x, line] = [0, line + 1];
    const at = x;
    x += needed;
    widest = Math.max(widest, x);
    const middle = at + 12;
    return {
      text,
      colour,
      fill: filled ? colour : cssColour('page'),
      shape,
      dash: [...dash],
      from: at,
      middle,
      to: at + 24,
      textAt: at + 32,
      y: 18 * line + 9,
    };
  });
  const pixel = { type: 'quantitative', scale: null, axis: null } as const;
  const y = { field: 'y', ...pixel };
  const colour = { field: 'colour', type: 'nominal', scale: null } as const;
  return {
    width: widest,
    height: 18 * (line + 1),
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: {
          x: { field: 'from', ...pixel },
          x2: { field: 'to' },
          y,
          color: colour,
          strokeDash: { field: 'dash', scale: null },
        },
      },
      {
        mark: { type: 'point', size: 60, strokeWidth: 1.6, opacity: 1 },
        encoding: {
          x: { field: 'middle', ...pixel },
          y,
          stroke: colour,
          fill: { field: 'fill', scale: null },
          shape: { field: 'shape', type: 'nominal', scale: null },
        },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', color: cssColour('ink'), fontSize },
        encoding: { x: { field: 'textAt', ...pixel }, y, text: { field: 'text' } },
      },
    ],
  };
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

/** Places the title of a vertical axis horizontally above it, for plots too low for a long vertical title. */
export const titleAbove = { titleAngle: 0, titleAlign: 'left', titleAnchor: 'end', titleX: -34, titleY: -12 } as const;

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

/** An image with a name. A narrow one is padded to the width of the others, so that all have one scale. */
function onPage(
  svg: string,
  { name, describedBy, width }: { readonly name: string; readonly describedBy: string; readonly width: number },
): string {
  return withRoot(svg, width, ` aria-label="${escaped(name)}" aria-describedby="${describedBy}"`);
}

/**
 * An image with a title and a description. On a page, tooltips replace them, because a browser would show the title
 * too.
 */
function withText(svg: string, title: string, words: string): string {
  const texts = `<title>${escaped(title)}</title><desc>${escaped(words)}</desc>`;
  return withRoot(svg, 0, '').replace(/^<svg[^>]*>/, (root) => root + texts);
}

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
