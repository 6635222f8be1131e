import { cssColour } from './palette.js';

/** Vega-Lite, without title and configuration. Colours are CSS variables of the palette. */
export type PanelSpec = Readonly<Record<string, unknown>>;

/** Panel width in pixels. It is close to a phone's width, so that texts stay readable there. */
export const panelWidth = { medium: 440, small: 216 };
export const fontSize = 11.5;

/**
 * A private character that no label contains. It distinguishes tooltips from the descriptions that Vega adds to other
 * marks.
 */
export const tipStart = '\ue000';

/**
 * The tooltip of a mark: its lines, and the index of its model. The page's script shows it. Stand-alone drawings have
 * none.
 */
export function tip(model: number | null, ...lines: readonly string[]): string {
  return `${tipStart}${model ?? ''}${tipStart}${lines.join('\n')}`;
}

/** An axis of a plot. */
export interface Axis {
  readonly title: string | null;
  /** Of names: their order. */
  readonly names?: readonly string[];
  /** Of numbers. Absent: what the data need. */
  readonly domain?: readonly [number, number];
  /** More of Vega-Lite's scale and axis. */
  readonly scale?: Options;
  readonly look?: Options;
}

/** What is drawn for a row of data. Rows of one layer have the same keys. A row whose place is null draws nothing. */
export interface Row {
  /** Places on the axes. */
  readonly x?: Place;
  readonly x2?: Place;
  readonly y?: Place;
  readonly y2?: Place;
  /** Places in pixels from the upper left corner. */
  readonly left?: number | null;
  readonly right?: number | null;
  readonly top?: number | null;
  readonly bottom?: number | null;
  /** The place among bars at the same x. */
  readonly offset?: string;
  /** Of the whole mark, or of its parts. */
  readonly colour?: string;
  readonly stroke?: string;
  readonly fill?: string;
  readonly dash?: readonly number[];
  readonly shape?: string;
  readonly size?: number;
  readonly width?: number;
  readonly opacity?: number;
  readonly fillOpacity?: number;
  readonly text?: string;
  /** Rows of one series are one line, by `order` if it is there, else by x. */
  readonly series?: string | number;
  readonly order?: number;
  readonly tip?: string;
}

type Place = number | string | null;
type Options = Readonly<Record<string, unknown>>;
type MarkType = 'line' | 'rule' | 'rect' | 'bar' | 'circle' | 'point' | 'text';

export interface Layer {
  readonly mark: Options & { readonly type: MarkType };
  readonly rows: readonly Row[];
}

export function layer(type: MarkType, rows: readonly Row[], look: Options = {}): Layer {
  return { mark: { type, ...look }, rows };
}

/** A dashed line across the plot. */
export function dashedAt(place: Pick<Row, 'x' | 'y'>): Layer {
  return layer('rule', [place], { color: cssColour('muted'), strokeDash: [5, 4] });
}

export interface Plot {
  readonly width: number;
  /** In pixels, or those of each name of the vertical axis. */
  readonly height: number | { readonly step: number };
  readonly x: Axis;
  readonly y: Axis;
  /** A second horizontal axis, above the plot. */
  readonly above?: Axis;
  /** The order of bars at the same x. */
  readonly offsets?: readonly string[];
  readonly layers: readonly Layer[];
}

const [plain, number, pixel] = [
  { type: 'nominal', scale: null },
  { type: 'quantitative', scale: null },
  { type: 'quantitative', scale: null, axis: null },
];

/** The channel of Vega-Lite for each key of a row, but for x and y. */
const channels: Readonly<Record<string, readonly [channel: string, definition: Options]>> = {
  x2: ['x2', {}],
  y2: ['y2', {}],
  left: ['x', pixel],
  right: ['x2', {}],
  top: ['y', pixel],
  bottom: ['y2', {}],
  colour: ['color', plain],
  stroke: ['stroke', plain],
  fill: ['fill', plain],
  dash: ['strokeDash', plain],
  shape: ['shape', plain],
  size: ['size', number],
  width: ['strokeWidth', number],
  opacity: ['opacity', number],
  fillOpacity: ['fillOpacity', number],
  text: ['text', { type: 'nominal' }],
  series: ['detail', { type: 'nominal' }],
  order: ['order', { type: 'quantitative' }],
  tip: ['description', { type: 'nominal' }],
};

/** The plot in Vega-Lite. Layers without a row are left out. */
export function plot({ width, height, x, y, above, offsets, layers }: Plot): PanelSpec {
  const own: typeof channels = {
    ...channels,
    x: ['x', axisOf(x)],
    y: ['y', axisOf(y)],
    offset: ['xOffset', { type: 'nominal', scale: { domain: offsets } }],
  };
  const drawn = layers.flatMap(({ mark, rows }) => {
    const values = rows.filter((row) => places.every((key) => row[key] !== null));
    const used = Object.entries(own).filter(([key]) => values.some((row) => key in row));
    const encoding = used.map(([key, [channel, definition]]) => [channel, { field: key, ...definition }]);
    return values.length === 0 ? [] : [{ data: { values }, mark, encoding: Object.fromEntries(encoding) }];
  });
  if (!above) return { width, height, layer: drawn };
  return { width, height, layer: [{ layer: drawn }, axisAbove(above)], resolve: { scale: { x: 'independent' } } };
}

const places = ['x', 'x2', 'y', 'y2', 'left', 'right', 'top', 'bottom'] as const;

/** A mark that is not seen, which gives the axis its place. */
function axisAbove({ look, ...axis }: Axis): Options {
  const x = { field: 'x', ...axisOf({ ...axis, look: { ...look, orient: 'top', grid: false } }) };
  return { data: { values: [{ x: 0 }] }, mark: { type: 'rule', opacity: 0 }, encoding: { x } };
}

function axisOf({ title, names, domain, scale, look }: Axis): Options {
  if (names) return { type: 'nominal', scale: { domain: names, ...scale }, axis: { title, ...look } };
  const range = domain ? { domain, nice: false } : {};
  return { type: 'quantitative', scale: { zero: false, ...range, ...scale }, axis: { title, ...look } };
}

/** Epochs from the first to the last. A panel has half an epoch on both sides. */
export function epochAxis(last: number, stride = 1, look: Options = {}): Axis {
  const domain = [1 - stride / 2, Math.max(2, last) + stride / 2] as const;
  return { title: 'epoch', domain, look: { format: 'd', grid: false, tickMinStep: 1, ...look } };
}

/** Names on the left of lines. */
export function nameAxis(names: readonly string[], limit: number, look: Options = {}): Axis {
  return { title: null, names, look: { labelLimit: limit, ticks: false, domain: false, labelPadding: 8, ...look } };
}

/** Gains, with a sign but for 0. */
export function gainAxis(title: string, domain: readonly [number, number] | undefined, look: Options = {}): Axis {
  const signs = { format: '+f', labelExpr: "datum.value === 0 ? '0' : datum.label", tickCount: 4 };
  return { title, ...(domain ? { domain } : {}), look: { ...signs, ...look } };
}
