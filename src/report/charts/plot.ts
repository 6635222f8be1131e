import type { Colour } from './palette.js';
import { fontSize } from './text-width.js';

/** Width of a panel in pixels. It is close to a phone's width, so that texts stay readable there. */
export const panelWidth = { medium: 440, small: 216 };

/** A plot as data: axes, and layers of marks from the bottom to the top. `drawPlot` draws it. */
export interface Plot {
  /** Above the plot, in small letters. */
  readonly title?: string;
  /** Between the axes, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly x: Axis;
  readonly y: Axis;
  /** A second horizontal axis, above the plot. */
  readonly above?: Axis;
  readonly layers: readonly Layer[];
}

export interface Axis {
  readonly title?: string;
  /** Of names: their order, from the left or the top. */
  readonly names?: readonly string[];
  /** Of names: the room between two, as a share of the distance. */
  readonly gap?: number;
  /** Of names: labels are shortened to this width. */
  readonly limit?: number;
  /** Of numbers. Absent: what the marks need, to round numbers. */
  readonly domain?: readonly [number, number];
  readonly isRoot?: boolean;
  readonly isReversed?: boolean;
  /** About this many. Default: one in 40 pixels. */
  readonly ticks?: number;
  /** Of d3-format. */
  readonly format?: string;
  readonly hasGrid?: boolean;
  readonly fontSize?: number;
  /** A horizontal axis of names, above the plot; slanted if a name is wider than its place. */
  readonly isOnTop?: boolean;
}

/** A number or a name on an axis. Null: the mark is not drawn. */
export type Coordinate = number | string | null;

/** The three families of marks, and areas and texts. */
type Family = 'interval' | 'line' | 'point' | 'area' | 'text';

/** One mark. Without a place on an axis it goes from end to end. */
export interface Mark {
  readonly x?: Coordinate;
  readonly x2?: Coordinate;
  readonly y?: Coordinate;
  readonly y2?: Coordinate;
  /** Of several at one name: its index, and their number. */
  readonly slot?: readonly [index: number, count: number];
  /** Marks of one series are one line, in their order. */
  readonly series?: string | number;
  readonly colour?: Colour;
  /** The outline of a point or an area. */
  readonly stroke?: Colour;
  readonly width?: number;
  readonly dash?: readonly number[];
  readonly opacity?: number;
  readonly shape?: string;
  readonly radius?: number;
  readonly text?: string;
  /** In a corner of the plot, in place of x and y. */
  readonly corner?: readonly ['left' | 'right', 'top' | 'bottom'];
  readonly align?: 'start' | 'middle' | 'end';
  readonly isItalic?: boolean;
  readonly fontSize?: number;
  /** Pixels to the right, and down. */
  readonly dx?: number;
  readonly dy?: number;
  /** The lines of its tooltip on a page. */
  readonly tip?: readonly string[];
  /** The index of its model, by which a page hides it. */
  readonly model?: number | null;
}

export interface Layer {
  readonly family: Family;
  /** Whether marks end at the frame of the plot. */
  readonly isClipped: boolean;
  readonly marks: readonly Mark[];
}

/** @param look What all marks have, unless their own says otherwise. */
export function layer(
  family: Family,
  marks: readonly Mark[],
  { isClipped = false, ...look }: Mark & { readonly isClipped?: boolean } = {},
): Layer {
  return { family, isClipped, marks: marks.map((mark) => ({ ...look, ...mark })) };
}

/** A dashed line across the plot. */
export function dashedAt(place: Pick<Mark, 'x' | 'y'>): Layer {
  return layer('interval', [place], { colour: 'muted', dash: [5, 4] });
}

/** Epochs from the first to the last, with half an epoch on both sides. */
export function epochAxis(last: number, stride = 1): Axis {
  return { domain: [1 - stride / 2, Math.max(2, last) + stride / 2], format: 'd', hasGrid: false };
}

/** Gains, with a sign but for 0. */
export function gainAxis(title: string, domain?: readonly [number, number]): Axis {
  return { title, format: '+f', ticks: 4, ...(domain ? { domain } : {}) };
}

export const smallLabels = { ticks: 4, fontSize: fontSize - 1.5 };
