import { type Html, html, trusted } from '../html.js';
import type { Colour } from './palette.js';
import { bold, textWidth } from './text-width.js';

/** Where a drawing is seen. A page has colours by CSS variables, tips and models; a file has none of these. */
export interface Medium {
  readonly colour: (name: Colour) => string;
  readonly isPage: boolean;
}

/** A part of a drawing, with its size in pixels. */
export interface Drawn {
  readonly width: number;
  readonly height: number;
  /** Where its plot begins: plots of a column stand in line. 0: it stands at the left. */
  readonly left: number;
  readonly svg: Html;
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An SVG element. Numbers have two decimals. */
export function element(name: string, attributes: Attributes, content: readonly Html[] | Html | string = ''): Html {
  const given = Object.entries(attributes).map(([key, value]) =>
    value === undefined ? null : html` ${trusted(key)}="${typeof value === 'number' ? hundredths(value) : value}"`,
  );
  return html`${trusted(`<${name}`)}${given}>${content}${trusted(`</${name}>`)}`;
}

function hundredths(value: number): number {
  return Math.round(100 * value) / 100;
}

/** `12.34,5` */
export function pair(x: number, y: number): string {
  return `${hundredths(x)},${hundredths(y)}`;
}

export function moved(x: number, y: number, content: readonly Html[] | Html): Html {
  return element('g', { transform: `translate(${pair(x, y)})` }, content);
}

/** Lines of text. */
export function heading(lines: readonly string[], size: number, look: Attributes): Drawn {
  const svg = lines.map((line, index) => {
    return element('text', { y: (index + 0.8) * (size + 2), 'font-size': size, ...look }, line);
  });
  const width = Math.max(...lines.map((line) => textWidth(line, size) * bold));
  return { width, height: lines.length * (size + 2), left: 0, svg: html`${svg}` };
}

/** Parts below one another, their plots in line. */
export function column(parts: readonly Drawn[], gap: number): Drawn {
  const left = Math.max(...parts.map((part) => part.left));
  const starts = parts.map((part) => (part.left === 0 ? 0 : left - part.left));
  let y = 0;
  const svg = parts.map((part, index) => {
    const top = y;
    y += part.height + gap;
    return moved(starts[index] ?? 0, top, part.svg);
  });
  const width = Math.max(...parts.map((part, index) => (starts[index] ?? 0) + part.width));
  return { width, height: y - gap, left, svg: html`${svg}` };
}
