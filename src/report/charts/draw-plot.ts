import { type Html, html } from '../html.js';
import { buildScale, type DrawnAxis, drawAxis, type Scale } from './axes.js';
import { outline } from './palette.js';
import type { Coordinate, Layer, Mark, Plot } from './plot.js';
import { type Attributes, column, type Drawn, element, heading, type Medium, moved, pair } from './svg.js';
import { fontSize } from './text-width.js';

export function drawPlot(plot: Plot, medium: Medium): Drawn {
  const { width, height, title, above } = plot;
  const marks = plot.layers.flatMap((layer) => layer.marks.filter(isPlaced));
  const numbers = (key: 'x' | 'y') =>
    marks.flatMap((mark) => [mark[key], mark[`${key}2`]]).filter((place) => typeof place === 'number');
  const x = buildScale(plot.x, numbers('x'), [0, width]);
  const y = buildScale(plot.y, numbers('y'), plot.y.names ? [0, height] : [height, 0]);
  const axes = [
    drawAxis(x, plot.x, plot, plot.x.isOnTop ? 'top' : 'bottom', medium),
    drawAxis(y, plot.y, plot, 'left', medium),
    ...(above ? [drawAxis(buildScale(above, [], [0, width]), { ...above, hasGrid: false }, plot, 'top', medium)] : []),
  ];
  const margin = (side: keyof DrawnAxis['margin']) => Math.max(0, ...axes.map((axis) => axis.margin[side] ?? 0));
  const [left, top] = [margin('left'), margin('top')];
  const svg = moved(left, top, [
    ...axes.map(({ grid }) => grid),
    ...axes.map(({ axis }) => axis),
    ...plot.layers.map((layer) => drawLayer(layer, { plot, x, y, medium })),
  ]);
  const drawn = { width: left + width + margin('right'), height: top + height + margin('bottom'), left, svg };
  return title === undefined ? drawn : column([heading([title], fontSize, { fill: medium.colour('muted') }), drawn], 6);
}

interface Draw {
  readonly plot: Plot;
  readonly x: Scale;
  readonly y: Scale;
  readonly medium: Medium;
}

function drawLayer({ family, isClipped, marks }: Layer, draw: Draw): Html {
  const placed = marks.filter(isPlaced);
  const series = [...new Set(placed.map((mark) => mark.series))];
  const drawn =
    family === 'line'
      ? series.map((own) =>
          line(
            placed.filter((mark) => mark.series === own),
            draw,
          ),
        )
      : placed.map((mark) => families[family](mark, draw));
  if (!isClipped || drawn.length === 0) return html`${drawn}`;
  return element('svg', { width: draw.plot.width, height: draw.plot.height }, drawn); // ends at its frame
}

function isPlaced({ x, x2, y, y2 }: Mark): boolean {
  return ![x, x2, y, y2].includes(null);
}

type Ends = readonly [from: number, to: number];

/** The two ends of a mark on an axis, in pixels. A name has its width; without a place it is the whole axis. */
function ends(
  scale: Scale,
  from: Coordinate | undefined,
  to: Coordinate | undefined,
  whole: number,
  slot: Mark['slot'],
): Ends {
  if (from == null) return [0, whole];
  if (to != null) return [scale.at(from), scale.at(to)];
  const [index, count] = slot ?? [0, 1];
  const start = scale.at(from) + scale.band * (index / count - 0.5);
  return [start, start + scale.band / count];
}

function box(mark: Mark, { plot, x, y }: Draw): { readonly across: Ends; readonly down: Ends } {
  return {
    across: ends(x, mark.x, mark.x2, plot.width, mark.slot),
    down: ends(y, mark.y, mark.y2, plot.height, undefined),
  };
}

/** The middle of a mark. */
function middle(mark: Mark, draw: Draw): readonly [number, number] {
  const { across, down } = box(mark, draw);
  return [half(across) + (mark.dx ?? 0), half(down) + (mark.dy ?? 0)];
}

function half([from, to]: Ends): number {
  return (from + to) / 2;
}

/** What a page knows of a mark. */
function about({ tip, model }: Mark, { medium: { isPage } }: Draw): Attributes {
  return isPage ? { 'data-model': model ?? undefined, 'data-tip': tip?.join('\n') } : {};
}

function stroke({ colour = 'ink', width, dash = [], opacity }: Mark, { medium }: Draw): Attributes {
  const dashes = dash.join(' ') || undefined;
  return { stroke: medium.colour(colour), 'stroke-width': width, 'stroke-dasharray': dashes, opacity };
}

/** A shape with its outline. */
function fill({ colour = 'ink', stroke, width, opacity }: Mark, { medium }: Draw, faded = 'opacity'): Attributes {
  const outlined = stroke && { stroke: medium.colour(stroke), 'stroke-width': width };
  return { fill: medium.colour(colour), ...outlined, [faded]: opacity };
}

function line(marks: readonly Mark[], draw: Draw): Html {
  const [first = {}, ...others] = marks;
  if (others.length === 0) return families.point({ ...first, shape: 'circle', radius: 2.5 }, draw);
  const path = marks.map((mark) => pair(...middle(mark, draw))).join('L');
  return element('path', { d: `M${path}`, ...stroke(first, draw), ...about({ model: first.model ?? null }, draw) });
}

const families = {
  point(mark: Mark, draw: Draw): Html {
    const transform = `translate(${pair(...middle(mark, draw))})`;
    const d = outline(mark.shape ?? 'circle', mark.radius ?? 3);
    return element('path', { d, transform, ...fill(mark, draw), ...about(mark, draw) });
  },
  interval(mark: Mark, draw: Draw): Html {
    const { across, down } = box(mark, draw);
    const [x1, x2] = mark.x === undefined || mark.x2 !== undefined ? across : [half(across), half(across)];
    const [y1, y2] = mark.y === undefined || mark.y2 !== undefined ? down : [half(down), half(down)];
    return element('line', { x1, x2, y1, y2, ...stroke(mark, draw), ...about(mark, draw) });
  },
  area(mark: Mark, draw: Draw): Html {
    const { across, down } = box(mark, draw);
    const size = { width: Math.abs(across[1] - across[0]), height: Math.abs(down[1] - down[0]) };
    const place = { x: Math.min(...across), y: Math.min(...down), ...size };
    return element('rect', { ...place, ...fill(mark, draw, 'fill-opacity'), ...about(mark, draw) });
  },
  text(mark: Mark, draw: Draw): Html {
    const { text = '', align = 'middle', isItalic, fontSize: size = fontSize, corner } = mark;
    const { width, height } = draw.plot;
    const [x, y] = corner
      ? [corner[0] === 'left' ? 4 : width - 4, corner[1] === 'top' ? 5 + size / 2 : height - 5 - size / 2]
      : middle(mark, draw);
    const anchor = corner ? (corner[0] === 'left' ? 'start' : 'end') : align;
    const look = { 'text-anchor': anchor, 'font-size': size, 'font-style': isItalic ? 'italic' : undefined };
    return element('text', { x, y: y + 0.3 * size, ...look, ...fill(mark, draw), ...about(mark, draw) }, text);
  },
};
