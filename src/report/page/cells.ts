import { dash } from '../numbers.js';
import { type Html, html } from './html.js';

/** A number's cell, with the value that the column is sorted by; null is a dash and sorts last. */
export function numberCell(value: number | null, shown: string, below = ''): Html {
  const small = below === '' ? null : html`<small>${typographic(below)}</small>`;
  return html`<td class="number" data-value="${value ?? ''}">${typographic(shown)}${small}</td>`;
}

/** A head that sorts its column. */
export function sortableHead(text: string, kind: 'number' | 'text', scope = 'col'): Html {
  return html`<th scope="${scope}" class="${kind}" aria-sort="none"><button type="button">${text}</button></th>`;
}

/** Minus signs instead of hyphens; a dash for what is not defined. */
export function typographic(text: string): string {
  return text === dash ? '–' : text.replace(/(^|[[\s])-(?=\d)/g, '$1\u2212');
}

/** A table that scrolls by itself where the page is narrow, and can be scrolled from the keyboard. */
export function scrolling(label: string, table: Html): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}
