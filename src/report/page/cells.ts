import { type Html, html } from '../html.js';
import { dash } from '../numbers.js';

/** Smaller text below a cell's main text: one entry per line, each of parts that do not break. */
export type Below = readonly (readonly string[])[];

/** A number's cell, with the value that sorts the column. Null is a dash and sorts last. */
export function numberCell(value: number | null, shown: string, below: Below, label: string): Html {
  return html`<td class="number" data-value="${value ?? ''}" data-label="${label}">${typographic(shown)}${smallLines(below)}</td>`;
}

export function smallLines(lines: Below, attributes: Html | null = null): readonly Html[] {
  return lines.flatMap((line) => {
    const parts = line.filter((part) => part !== '');
    return parts.length === 0
      ? []
      : html`<small${attributes}>${parts.map((part) => html` <span>${typographic(part)}</span>`)}</small>`;
  });
}

/** A column head that sorts its column. */
export function sortableHead(text: string, kind: 'number' | 'number task' | 'text', below = ''): Html {
  const small = below === '' ? null : html` <small>${below}</small>`;
  return html`<th scope="col" class="${kind}" aria-sort="none"><button type="button">${text}</button>${small}</th>`;
}

/**
 * Replaces hyphens by minus signs, prevents line breaks before percent signs, and prints a dash for undefined values.
 */
export function typographic(text: string): string {
  return text === dash ? '–' : text.replace(/(^|[[(\s])-(?=\d)/g, '$1\u2212').replace(/(\d) %/g, '$1\u00a0%');
}

/** A table that scrolls on its own if a word is wider than the page, with the keyboard too. */
export function scrolling(label: string, table: Html): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}
