import { type Html, html } from '../html.js';
import type { TableColumn } from '../text-table.js';

/** A table. It scrolls on its own if it is wider than the page, with the keyboard too. On a phone a row is a block. */
export function htmlTable(caption: string, columns: readonly TableColumn[]): Html {
  const rows = (columns[0]?.cells ?? []).map(
    (_, row) => html`<tr>${columns.map((column) => bodyCell(column, row))}</tr>\n`,
  );
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table class="gains">
<caption class="unseen">${caption}</caption>
<thead><tr>${columns.map(({ head, kind }) => html`<th scope="col" class="${kind}">${head}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
}

function bodyCell({ head, kind, cells }: TableColumn, row: number): Html {
  const cell = cells[row] ?? '';
  const text = typographic(typeof cell === 'object' ? cell.text : String(cell));
  if (kind === 'label' && text !== '') return html`<th scope="row">${text}</th>`;
  const classes = typeof cell === 'object' ? `${kind} ${cell.verdict}` : kind;
  return html`<td class="${classes}" data-label="${head}">${text}</td>`;
}

/** Replaces hyphens by minus signs, and prevents line breaks before percent signs and signs of verdicts. */
export function typographic(text: string): string {
  return text
    .replace(/(^|[[(\s])-(?=\d)/g, '$1\u2212')
    .replace(/(\d) %/g, '$1\u00a0%')
    .replace(/ ([▲▼=?…])$/, '\u00a0$1');
}
