import { scaleBand, scaleLinear, scaleSqrt } from 'd3-scale';
import { type Html, html, trusted } from '../html.js';
import { type Colour, outline } from './palette.js';
import type { Axis, Layer, Mark, Place, Plot } from './plot.js';
import { bold, fontSize, shortened, textWidth } from './text-width.js';

/** A part of a drawing, with its size in pixels. */
export interface Drawn {
  readonly width: number;
  readonly height: number;
  /** Where its plot begins: plots of a column stand in line. */
  readonly left: number;
  readonly svg: Html;
}

/** Where a drawing is seen. A page has colours by CSS variables, tips and models; a file has none of these. */
export interface Medium {
  readonly colour: (name: Colour) => string;
  readonly isPage: boolean;
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An SVG element. Numbers have two decimals. */
export function element(name: string, attributes: Attributes, content: readonly Html[] | Html | string = ''): Html {
  const given = Object.entries(attributes).map(([key, value]) => {
    if (value === undefined) return null;
    return html` ${trusted(key)}="${typeof value === 'number' ? hundredths(value) : value}"`;
  });
  return html`${trusted(`<${name}`)}${given}>${content}${trusted(`</${name}>`)}`;
}

function hundredths(value: number): number {
  return Math.round(100 * value) / 100;
}

export function moved(x: number, y: number, content: readonly Html[] | Html): Html {
  return element('g', { transform: `translate(${hundredths(x)},${hundredths(y)})` }, content);
}

/** Lines of text from the left. */
export function heading(lines: readonly string[], size: number, look: Attributes): Drawn {
  const svg = lines.map((line, index) => {
    return element('text', { y: (index + 0.8) * (size + 2), 'font-size': size, ...look }, line);
  });
  const widest = Math.max(...lines.map((line) => textWidth(line, size) * bold));
  return { width: widest, height: lines.length * (size + 2), left: 0, svg: html`${svg}` };
}

/** Parts below one another, their plots in line. */
export function column(parts: readonly Drawn[], gap: number): Drawn {
  const left = Math.max(...parts.map((part) => part.left));
  let y = 0;
  const svg = parts.map((part) => {
    const top = y;
    y += part.height + gap;
    return moved(part.left === 0 ? 0 : left - part.left, top, part.svg);
  });
  const width = Math.max(...parts.map((part) => part.width + (part.left === 0 ? 0 : left - part.left)));
  return { width, height: y - gap, left, svg: html`${svg}` };
}

const [tickSize, besideTick, besideTitle] = [5, 7, 8];

export function drawPlot(plot: Plot, medium: Medium): Drawn {
  const { width, height, title } = plot;
  const [x, y] = [
    scaleOf(plot, plot.x, 'x', [0, width]),
    scaleOf(plot, plot.y, 'y', plot.y.names ? [0, height] : [height, 0]),
  ];
  const above = plot.above && scaleOf(plot, plot.above, 'x', [0, width]);
  const sides = [
    horizontal(x, plot.x, plot, plot.x.isOnTop ? -1 : 1, medium),
    ...(above && plot.above ? [horizontal(above, { ...plot.above, hasGrid: false }, plot, -1, medium)] : []),
    vertical(y, plot.y, plot, medium),
  ];
  const most = (of: keyof Margin) => Math.max(0, ...sides.map(({ margin }) => margin[of] ?? 0));
  const [left, top] = [most('left'), most('top')];
  const draw = { plot, x, y, medium };
  const svg = moved(left, top, [
    ...sides.map(({ grid }) => grid),
    ...sides.map(({ axis }) => axis),
    ...plot.layers.map((layer) => drawLayer(layer, draw)),
  ]);
  const drawn = { width: left + width + most('right'), height: top + height + most('bottom'), left, svg };
  if (title === undefined) return drawn;
  const words = heading([title], fontSize, { fill: medium.colour('muted') });
  return { ...column([{ ...words, left: 0 }, drawn], 6), left };
}

interface Scale {
  /** In pixels; of a name, the middle. */
  readonly at: (place: number | string) => number;
  /** The width of a name; 0 of a number. */
  readonly band: number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

function scaleOf({ layers }: Plot, axis: Axis, key: 'x' | 'y', [from, to]: readonly [number, number]): Scale {
  const { names, gap = 0, limit = Number.POSITIVE_INFINITY, fontSize: size = fontSize } = axis;
  if (names) {
    const band = scaleBand(names, [from, to])
      .paddingInner(gap)
      .paddingOuter(gap / 2);
    const middle = (name: number | string) => (band(String(name)) ?? Number.NaN) + band.bandwidth() / 2;
    const ticks = names.map((name) => ({ at: middle(name), text: shortened(name, size, limit) }));
    return { at: middle, band: band.bandwidth(), ticks };
  }
  const { isRoot, isReversed, domain, format, ticks: count = Math.ceil(Math.abs(to - from) / 40) } = axis;
  const scale = (isRoot ? scaleSqrt : scaleLinear)().range(isReversed ? [to, from] : [from, to]);
  if (domain) scale.domain(domain);
  else {
    const marks = layers.flatMap((layer) => layer.marks.filter(isPlaced));
    const numbers = marks.flatMap((mark) => [mark[key], mark[`${key}2`]]).filter((place) => typeof place === 'number');
    const ends = axis.isFromZero ? [0, ...numbers] : numbers;
    scale.domain([Math.min(...ends), Math.max(...ends)]).nice();
  }
  const text = scale.tickFormat(count, format);
  const values = scale.ticks(count).filter((value) => format !== 'd' || Number.isInteger(value));
  const ticks = values.map((value) => ({ at: scale(value), text: value === 0 && format === '+f' ? '0' : text(value) }));
  return { at: (place) => scale(Number(place)), band: 0, ticks };
}

interface Side {
  readonly grid: Html;
  readonly axis: Html;
  readonly margin: Margin;
}

/** How far an axis reaches over the sides of the plot. */
interface Margin {
  readonly left?: number;
  readonly right?: number;
  readonly top?: number;
  readonly bottom?: number;
}

/** @param side 1: below the plot; -1: above it. */
function horizontal(
  { ticks, band }: Scale,
  { title, names, hasGrid = !names, fontSize: size = fontSize }: Axis,
  { width, height }: Plot,
  side: 1 | -1,
  { colour }: Medium,
): Side {
  const base = side > 0 ? height : 0;
  const isSlanted = names !== undefined && side < 0 && ticks.some(({ text }) => textWidth(text, size) > band * 0.95);
  const shown = names ? ticks : thinned(ticks, (text) => textWidth(text, size));
  const deep = isSlanted ? slant.sine * Math.max(...ticks.map(({ text }) => textWidth(text, size))) + 4 : size;
  const baseline = (depth: number, letters: number) => base + side * depth + (side > 0 ? 0.79 : -0.21) * letters;
  const labels = shown.map(({ at, text }) => {
    const look = { 'font-size': size, fill: colour('ink') };
    if (!isSlanted)
      return element('text', { x: at, y: baseline(besideTick, size), 'text-anchor': 'middle', ...look }, text);
    return element('text', { transform: `translate(${hundredths(at)},-5) rotate(-${slant.degrees})`, ...look }, text);
  });
  const titleAt = besideTick + deep + besideTitle;
  const look = { x: width / 2, y: baseline(titleAt, fontSize), 'text-anchor': 'middle', fill: colour('muted') };
  const lines = names ? [] : ticks.map(({ at }) => `M${half(at)},${base}v${side * tickSize}`);
  const domain = names && side < 0 ? [] : [`M0,${half(base)}H${width}`];
  const ends = shown.map(({ at, text }) => {
    const wide = textWidth(text, size);
    return isSlanted ? [at, at + slant.cosine * wide] : [at - wide / 2, at + wide / 2];
  });
  return {
    grid: stroked(hasGrid ? ticks.map(({ at }) => `M${half(at)},0V${height}`) : [], colour('rule')),
    axis: html`${stroked([...domain, ...lines], colour('muted'))}${labels}${title === undefined ? '' : element('text', look, title)}`,
    margin: {
      left: Math.max(0, ...ends.map(([start = 0]) => -start)),
      right: Math.max(1, ...ends.map(([, end = 0]) => end - width)),
      [side > 0 ? 'bottom' : 'top']: title === undefined ? besideTick + deep : titleAt + fontSize,
    },
  };
}

const slant = { degrees: 40, sine: Math.sin((40 * Math.PI) / 180), cosine: Math.cos((40 * Math.PI) / 180) };

function vertical(
  { ticks }: Scale,
  { title, names, hasGrid = !names, fontSize: size = fontSize }: Axis,
  { width, height }: Plot,
  { colour }: Medium,
): Side {
  const shown = names ? ticks : thinned(ticks, () => size);
  const beside = names ? besideTick + 1 : besideTick;
  const labels = shown.map(({ at, text }) => {
    return element(
      'text',
      { x: -beside, y: at + 0.3 * size, 'text-anchor': 'end', 'font-size': size, fill: colour('ink') },
      text,
    );
  });
  const deep = beside + Math.max(0, ...shown.map(({ text }) => textWidth(text, size)));
  const place = `translate(${hundredths(-deep - besideTitle - 0.21 * fontSize)},${hundredths(height / 2)}) rotate(-90)`;
  const words =
    title === undefined
      ? ''
      : element('text', { transform: place, 'text-anchor': 'middle', fill: colour('muted') }, title);
  const lines = names ? [] : [`M0.5,0V${height}`, ...ticks.map(({ at }) => `M0,${half(at)}h-${tickSize}`)];
  return {
    grid: stroked(hasGrid ? ticks.map(({ at }) => `M0,${half(at)}H${width}`) : [], colour('rule')),
    axis: html`${stroked(lines, colour('muted'))}${labels}${words}`,
    margin: {
      left: title === undefined ? deep : deep + besideTitle + fontSize,
      top: Math.max(0, ...shown.map(({ at }) => size / 2 - at)),
      bottom: Math.max(1, ...shown.map(({ at }) => at + size / 2 - height)),
    },
  };
}

function stroked(lines: readonly string[], stroke: string): Html {
  return lines.length === 0 ? html`` : element('path', { d: lines.join(''), stroke, fill: 'none' });
}

/** In the middle of a pixel, where a thin line is sharp. */
function half(at: number): number {
  return Math.round(at) + 0.5;
}

/** Every label, or every second, fourth, … until none touches another. */
function thinned(labels: Scale['ticks'], size: (text: string) => number): Scale['ticks'] {
  const isTight = labels.some(({ at, text }, index) => {
    const before = labels[index - 1];
    return before && Math.abs(at - before.at) < (size(text) + size(before.text)) / 2;
  });
  return isTight
    ? thinned(
        labels.filter((_, index) => index % 2 === 0),
        size,
      )
    : labels;
}

interface Draw {
  readonly plot: Plot;
  readonly x: Scale;
  readonly y: Scale;
  readonly medium: Medium;
}

function drawLayer({ family, isClipped, marks }: Layer, draw: Draw): Html {
  const placed = marks.filter(isPlaced);
  const drawn =
    family === 'line'
      ? [...new Set(placed.map(({ series }) => series))].map((own) =>
          line(
            placed.filter(({ series }) => series === own),
            draw,
          ),
        )
      : placed.map((mark) => drawings[family](mark, draw));
  if (!isClipped || drawn.length === 0) return html`${drawn}`;
  const { width, height } = draw.plot;
  return element('svg', { width, height }, drawn); // an inner svg ends at its frame
}

function isPlaced({ x, x2, y, y2 }: Mark): boolean {
  return [x, x2, y, y2].every((place) => place !== null);
}

/** The two ends of a mark on an axis, in pixels. */
function ends(
  scale: Scale,
  [from, to]: readonly [Place | undefined, Place | undefined],
  size: number,
  slot?: Mark['slot'],
) {
  if (from == null) return [0, size] as const;
  const at = scale.at(from);
  if (to != null) return [at, scale.at(to)] as const;
  const [index, count] = slot ?? [0, 1];
  const start = at - scale.band / 2 + (scale.band * index) / count;
  return [start, start + scale.band / count] as const;
}

/** The middle of a mark, in pixels. */
function middle(mark: Mark, { plot, x, y }: Draw): readonly [number, number] {
  const [left, right] = ends(x, [mark.x, undefined], plot.width, mark.slot);
  const [top, bottom] = ends(y, [mark.y, undefined], plot.height);
  return [(left + right) / 2 + (mark.dx ?? 0), (top + bottom) / 2 + (mark.dy ?? 0)];
}

function about({ tip, model, opacity }: Mark, { isPage }: Medium): Attributes {
  return {
    opacity,
    'data-model': isPage ? (model ?? undefined) : undefined,
    'data-tip': isPage && tip ? tip.join('\n') : undefined,
  };
}

/** How lines are drawn. */
function drawnLine({ colour = 'ink', width, dash = [] }: Mark, { medium }: Draw): Attributes {
  return { stroke: medium.colour(colour), 'stroke-width': width, 'stroke-dasharray': dash.join(' ') || undefined };
}

function line(marks: readonly Mark[], draw: Draw): Html {
  const [first = {}, ...others] = marks;
  if (others.length === 0) return point({ ...first, radius: 2.5, shape: 'circle' }, draw);
  const path = marks.map((mark) => middle(mark, draw).map(hundredths).join(',')).join('L');
  const { tip: _, ...whole } = first;
  return element('path', { d: `M${path}`, fill: 'none', ...drawnLine(first, draw), ...about(whole, draw.medium) });
}

function point(mark: Mark, draw: Draw): Html {
  const [x, y] = middle(mark, draw);
  const { colour = 'ink', stroke, width, shape = 'circle', radius = 3 } = mark;
  const outlined = stroke && { stroke: draw.medium.colour(stroke), 'stroke-width': width };
  const transform = `translate(${hundredths(x)},${hundredths(y)})`;
  return element('path', {
    d: outline(shape, radius),
    transform,
    fill: draw.medium.colour(colour),
    ...outlined,
    ...about(mark, draw.medium),
  });
}

const drawings = {
  point,
  interval(mark: Mark, draw: Draw): Html {
    const { plot, x, y } = draw;
    const [centre, level] = middle(mark, draw);
    const along = (scale: Scale, from: Place | undefined, to: Place | undefined, size: number, at: number) =>
      from === undefined || to !== undefined ? ends(scale, [from, to], size) : [at, at];
    const [x1, x2] = along(x, mark.x, mark.x2, plot.width, centre);
    const [y1, y2] = along(y, mark.y, mark.y2, plot.height, level);
    return element('line', { x1, x2, y1, y2, ...drawnLine(mark, draw), ...about(mark, draw.medium) });
  },
  area(mark: Mark, draw: Draw): Html {
    const { plot, x, y, medium } = draw;
    const [left, right] = ends(x, [mark.x, mark.x2], plot.width, mark.slot);
    const [top, bottom] = ends(y, [mark.y, mark.y2], plot.height);
    const { colour = 'ink', stroke, width, opacity } = mark;
    return element('rect', {
      ...{
        x: Math.min(left, right),
        y: Math.min(top, bottom),
        width: Math.abs(right - left),
        height: Math.abs(bottom - top),
      },
      ...{ fill: medium.colour(colour), ...(stroke && { stroke: medium.colour(stroke), 'stroke-width': width }) },
      ...{ ...about(mark, medium), opacity: undefined, 'fill-opacity': opacity },
    });
  },
  text(mark: Mark, draw: Draw): Html {
    const { text = '', align = 'middle', colour = 'ink', isItalic, fontSize: size = fontSize, corner } = mark;
    const { width, height } = draw.plot;
    const [x, y] = corner
      ? [corner[0] === 'left' ? 4 : width - 4, corner[1] === 'top' ? 5 + size / 2 : height - 5 - size / 2]
      : middle(mark, draw);
    const anchor = corner ? (corner[0] === 'left' ? 'start' : 'end') : align;
    const look = { 'font-size': size, 'font-style': isItalic ? 'italic' : undefined, fill: draw.medium.colour(colour) };
    return element('text', { x, y: y + 0.3 * size, 'text-anchor': anchor, ...look, ...about(mark, draw.medium) }, text);
  },
};
