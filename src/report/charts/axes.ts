import { scaleBand, scaleLinear, scaleSqrt } from 'd3-scale';
import { type Html, html } from '../html.js';
import type { Axis, Plot } from './plot.js';
import { element, type Medium, pair } from './svg.js';
import { fontSize, shortened, textWidth } from './text-width.js';

export interface Scale {
  /** In pixels; of a name, the middle. */
  readonly at: (place: number | string) => number;
  /** The width of a name; 0 of a number. */
  readonly band: number;
  readonly ticks: readonly Tick[];
}

interface Tick {
  readonly at: number;
  readonly text: string;
}

/** @param numbers The numbers of the marks, for an axis that has no domain of its own. */
export function buildScale(axis: Axis, numbers: readonly number[], [from, to]: readonly [number, number]): Scale {
  const { names, gap = 0, limit = Number.POSITIVE_INFINITY, fontSize: size = fontSize } = axis;
  if (names) {
    const band = scaleBand(names, [from, to]);
    band.paddingInner(gap).paddingOuter(gap / 2);
    const at = (name: number | string) => (band(String(name)) ?? Number.NaN) + band.bandwidth() / 2;
    const ticks = names.map((name) => ({ at: at(name), text: shortened(name, size, limit) }));
    return { at, band: band.bandwidth(), ticks };
  }
  const { isRoot, isReversed, domain, format, ticks: count = Math.ceil(Math.abs(to - from) / 40) } = axis;
  const scale = (isRoot ? scaleSqrt : scaleLinear)().range(isReversed ? [to, from] : [from, to]);
  scale.domain(domain ?? [Math.min(...numbers), Math.max(...numbers)]);
  if (!domain) scale.nice();
  const text = scale.tickFormat(count, format);
  const values = scale.ticks(count).filter((value) => format !== 'd' || Number.isInteger(value));
  const ticks = values.map((value) => ({ at: scale(value), text: value === 0 && format === '+f' ? '0' : text(value) }));
  return { at: (place) => scale(Number(place)), band: 0, ticks };
}

type Side = 'bottom' | 'top' | 'left';

export interface DrawnAxis {
  readonly grid: Html;
  readonly axis: Html;
  /** How far it reaches over the sides of the plot. */
  readonly margin: Readonly<Partial<Record<Side | 'right', number>>>;
}

const [tickSize, besideTick, besideTitle] = [5, 7, 8];
const baseline = { bottom: '.79em', top: '-.21em', left: '.3em' };
const slant = { degrees: 40, sine: Math.sin((40 * Math.PI) / 180), cosine: Math.cos((40 * Math.PI) / 180) };

/** Grid, line, ticks, labels and title. Names have labels alone. Names above the plot are slanted if one is too wide. */
export function drawAxis(
  { ticks, band }: Scale,
  { title, names, hasGrid = !names, fontSize: size = fontSize }: Axis,
  { width, height }: Pick<Plot, 'width' | 'height'>,
  side: Side,
  { colour }: Medium,
): DrawnAxis {
  const [length, across] = side === 'left' ? [height, width] : [width, height];
  /** A place along the axis and outside the plot. */
  const place = (along: number, out: number) =>
    ({ bottom: pair(along, height + out), top: pair(along, -out), left: pair(-out, along) })[side];
  const widths = ticks.map(({ text }) => textWidth(text, size));
  const isSlanted = names !== undefined && side === 'top' && Math.max(...widths) > band * 0.95;
  const extent = ({ text }: Tick) => (side === 'left' ? size : textWidth(text, size)) / 2;
  const shown = names ? ticks : thinned(ticks, extent);
  const deep = side === 'left' ? Math.max(...widths) : isSlanted ? slant.sine * Math.max(...widths) + 4 : size;
  const lines = (along: readonly number[], from: number, to: number) =>
    along.map((at) => `M${place(Math.round(at) + 0.5, from)}L${place(Math.round(at) + 0.5, to)}`); // sharp in the middle of a pixel
  const labels = shown.map(({ at, text }) => {
    const turned = isSlanted && { transform: `translate(${place(at, tickSize)}) rotate(-${slant.degrees})` };
    const straight = { transform: `translate(${place(at, besideTick)})`, dy: baseline[side] };
    const anchor = side === 'left' ? 'end' : isSlanted ? 'start' : 'middle';
    return element(
      'text',
      { 'font-size': size, fill: colour('ink'), 'text-anchor': anchor, ...(turned || straight) },
      text,
    );
  });
  const depth = besideTick + deep + (title === undefined ? 0 : besideTitle);
  const words = {
    transform: `translate(${place(length / 2, depth)})${side === 'left' ? ' rotate(-90)' : ''}`,
    ...{ dy: side === 'bottom' ? baseline.bottom : baseline.top, 'text-anchor': 'middle', fill: colour('muted') },
  };
  const all = ticks.map(({ at }) => at);
  const domain = names && side !== 'bottom' ? [] : [`M${place(0, 0.5)}L${place(length, 0.5)}`];
  const before = Math.max(0, ...shown.map((tick) => (isSlanted ? 0 : extent(tick) - tick.at)));
  const after = Math.max(
    1,
    ...shown.map((tick) => tick.at + (isSlanted ? 2 * slant.cosine : 1) * extent(tick) - length),
  );
  const reach = depth + (title === undefined ? 0 : fontSize);
  return {
    grid: stroked(hasGrid ? lines(all, 0, -across) : [], colour('rule')),
    axis: html`${stroked([...domain, ...(names ? [] : lines(all, 0, tickSize))], colour('muted'))}${labels}${title === undefined ? '' : element('text', words, title)}`,
    margin:
      side === 'left' ? { left: reach, top: before, bottom: after } : { [side]: reach, left: before, right: after },
  };
}

function stroked(lines: readonly string[], stroke: string): Html {
  return lines.length === 0 ? html`` : element('path', { d: lines.join(''), stroke });
}

/** Every label, or every second, fourth, … until none touches another. */
function thinned(labels: readonly Tick[], extent: (label: Tick) => number): readonly Tick[] {
  const isTight = labels.some((label, index) => {
    const before = labels[index - 1];
    return before && Math.abs(label.at - before.at) < extent(label) + extent(before);
  });
  return isTight
    ? thinned(
        labels.filter((_, index) => index % 2 === 0),
        extent,
      )
    : labels;
}
