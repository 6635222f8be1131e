import { scaleLinear } from 'd3-scale';
import { type Html, html, trusted } from '../html.js';
import { outlines, type Series } from './palette.js';

/** A plot as data: two axes, and marks from the bottom to the top. */
export interface Plot {
  readonly title?: string;
  /** Between the axes, in pixels. */
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
}

/** Numbers, or names from the left or the top. The position of a name is its index. */
interface Axis {
  readonly title?: string;
  readonly names?: readonly string[];
  readonly domain?: Pair;
  /** A specifier of d3-format. */
  readonly format?: string;
}

/** Draws itself. A position of plus or minus infinity is an end of its axis. */
export type Mark = (x: Scale, y: Scale) => Html;

export type Pair = readonly [number, number];

/** From end to end of an axis. */
export const whole: Pair = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

interface Scale {
  readonly toPixel: (position: number) => number;
  /** The width of a name. */
  readonly band: number;
  readonly ticks: readonly { readonly position: number; readonly text: string }[];
}

/** A series' look, or part of it. Lengths are in pixels. */
export interface Look extends Partial<Series> {
  readonly width?: number;
  readonly opacity?: number;
  readonly radius?: number;
  readonly align?: 'start' | 'middle' | 'end';
  readonly weight?: 'bold';
  readonly dy?: number;
  /** The lines of its tooltip. */
  readonly tip?: readonly string[] | undefined;
}

export function line(positions: readonly Pair[], look: Look): Mark {
  const { colour = 'ink', width = 1, dash, opacity } = look;
  const stroke = { fill: 'none', stroke: paint(colour), 'stroke-width': width, 'stroke-dasharray': dash || undefined };
  return (x, y) => {
    const d = `M${positions.map((position) => `${hundredths(x.toPixel(position[0]))},${hundredths(y.toPixel(position[1]))}`).join('L')}`;
    return element('path', { d, ...stroke, opacity, ...about(look) });
  };
}

/** A line along an axis, unless it has no ends. */
export function bar(x: Pair | number | null, y: Pair | number | null, look: Look = {}): readonly Mark[] {
  if (x === null || y === null) return [];
  const ends = (position: Pair | number): Pair => (typeof position === 'number' ? [position, position] : position);
  const [[left, right], [bottom, top]] = [ends(x), ends(y)];
  return [
    line(
      [
        [left, bottom],
        [right, top],
      ],
      look,
    ),
  ];
}

export function dot([across, up]: Pair, look: Look): Mark {
  const { colour = 'ink', shape = 'circle', radius = 4, isHollow, opacity, dy = 0 } = look;
  const fill = { fill: paint(isHollow ? 'page' : colour), stroke: paint(colour), 'stroke-width': 1.4 / radius };
  return (x, y) => {
    const transform = `translate(${hundredths(x.toPixel(across))},${hundredths(y.toPixel(up) + dy)}) scale(${radius})`;
    return element('path', { d: outlines[shape], transform, ...fill, opacity, ...about(look) });
  };
}

/** A rectangle. Names have their width. */
export function area(across: Pair, up: Pair, look: Look): Mark {
  const side = ({ toPixel, band }: Scale, [from, to]: Pair) =>
    [Math.min(toPixel(from), toPixel(to)) - band / 2, Math.abs(toPixel(to) - toPixel(from)) + band] as const;
  return (x, y) => {
    const [[left, width], [top, height]] = [side(x, across), side(y, up)];
    const fill = { fill: paint(look.colour ?? 'ink'), 'fill-opacity': look.opacity };
    return element('rect', { x: left, y: top, width, height, ...fill, ...about(look) });
  };
}

export function words(text: string, [across, up]: Pair, look: Look): Mark {
  return (x, y) => written(text, x.toPixel(across), y.toPixel(up) + (look.dy ?? 0) + 4, look);
}

function written(text: string, x: number, y: number, look: Look = {}, turn = 0): Html {
  const transform = `translate(${hundredths(x)},${hundredths(y)})${turn === 0 ? '' : ` rotate(${turn})`}`;
  const letters = {
    'text-anchor': look.align ?? 'middle',
    fill: paint(look.colour ?? 'ink'),
    'font-weight': look.weight,
  };
  return element('text', { transform, ...letters, ...about(look) }, text);
}

function about({ model, tip }: Look) {
  return { 'data-model': model, 'data-tip': tip?.join('\n') };
}

/** A plot of a width in pixels: grid, labels, titles, and the marks, which end at its frame. */
export function drawPlot({ title = '', height, x, y, marks }: Plot, width: number): { height: number; svg: Html } {
  const up = buildScale(y, y.names ? [0, height] : [height, 0], () => 28);
  const left = widest(up) + (y.title ? 28 : 10);
  const right = width - left - 14;
  const across = buildScale(x, [0, right], (text) => textWidth(text) + 16);
  const isSlanted = across.band > 0 && widest(across) > across.band;
  const foot = height + (isSlanted ? 12 + 0.64 * widest(across) : 20);
  const top = title === '' ? 8 : 28;
  const grid = [
    ...(x.names ? [] : across.ticks).flatMap(({ position }) => bar(position, whole, { colour: 'rule' })),
    ...(y.names ? [] : up.ticks).flatMap(({ position }) => bar(whole, position, { colour: 'rule' })),
  ];
  const labels = [
    written(shortened(title, width - 12), 6 - left, -12, { align: 'start', weight: 'bold' }),
    ...up.ticks.map(({ position, text }) => written(text, -7, up.toPixel(position) + 4, { align: 'end' })),
    ...across.ticks.map(({ position, text }) =>
      isSlanted
        ? written(text, across.toPixel(position) + 3, height + 10, { align: 'end' }, -40)
        : written(text, across.toPixel(position), height + 16),
    ),
    written(x.title ?? '', right / 2, foot + 14, { colour: 'muted' }),
    written(y.title ?? '', 14 - left, height / 2, { colour: 'muted' }, -90),
  ];
  const drawn = [...grid, ...marks].map((mark) => mark(across, up));
  const box = { x: -6, y: -6, width: right + 12, height: height + 12, viewBox: `-6 -6 ${right + 12} ${height + 12}` };
  const transform = `translate(${hundredths(left)},${top})`;
  const svg = element('g', { transform }, html`${labels}${element('svg', box, drawn)}`);
  return { height: Math.ceil(top + foot + (x.title ? 20 : 4)), svg };
}

/** @param room What a tick with this label needs, in pixels. */
function buildScale(
  { names, domain = [0, 1], format = ',f' }: Axis,
  [from, to]: Pair,
  room: (text: string) => number,
): Scale {
  const length = Math.abs(to - from);
  const numbers = scaleLinear(domain, [from, to]);
  const band = names ? length / names.length : 0;
  const scale = names ? (position: number) => (position + 0.5) * band : numbers;
  const toPixel = (position: number) => (Number.isFinite(position) ? scale(position) : position < 0 ? from : to);
  if (names) return { toPixel, band, ticks: names.map((name, position) => ({ position, text: shortened(name, 165) })) };
  const shown = Math.max(-domain[0], domain[1]) > 1e6 ? format.replace('f', '~e') : format;
  const choices = [9, 7, 5, 4, 3, 2].map((count) => {
    const text = numbers.tickFormat(count, shown);
    const positions = numbers.ticks(count).filter((position) => format !== 'd' || Number.isInteger(position));
    return positions.map((position) => ({ position, text: position === 0 ? '0' : text(position) }));
  });
  const fits = choices.find((ticks) => ticks.reduce((sum, { text }) => sum + room(text), 0) < length);
  return { toPixel, band, ticks: fits ?? [] };
}

function widest({ ticks }: Scale): number {
  return Math.max(0, ...ticks.map(({ text }) => textWidth(text)));
}

/** The size of labels, in pixels. */
export const fontSize = 11.5;

/** About how wide a text is, in pixels: the font is the reader's. */
function textWidth(text: string): number {
  const narrow = text.match(/[ijlrtfI.,:;!|'()[\] -]/g)?.length ?? 0;
  const wide = text.match(/[mwMW@%\u1100-\uffff]/g)?.length ?? 0;
  return fontSize * (0.63 * text.length - 0.25 * narrow + 0.33 * wide);
}

/** Shortens a text to a width in pixels: its beginning and end around an ellipsis. */
function shortened(text: string, width: number): string {
  const letters = [...text];
  const kept = Math.floor((letters.length * width) / (textWidth(text) || 1)) - 1;
  if (kept >= letters.length - 1) return text;
  return `${letters.slice(0, kept / 2).join('')}…${letters.slice(letters.length - kept / 2).join('')}`;
}

/** From the least to the largest value, with room, and on both sides of 0 at least a share. */
export function extent(values: readonly number[], share = 0): Pair {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.06 * (high - low) || 1e-6;
  const least = share * (high - low + 2 * room);
  return share === 0 ? [low - room, high + room] : [Math.min(low - room, -least), Math.max(high + room, least)];
}

export function paint(colour: string): string {
  return `var(--${colour})`;
}

/** An SVG element. Numbers have two decimals. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content: readonly Html[] | Html | string = '',
): Html {
  const texts = Object.entries(attributes).map(([key, value]) =>
    value === undefined ? null : html` ${trusted(key)}="${typeof value === 'number' ? hundredths(value) : value}"`,
  );
  return html`${trusted(`<${name}`)}${texts}>${content}${trusted(`</${name}>`)}`;
}

function hundredths(value: number): number {
  return Math.round(100 * value) / 100;
}
