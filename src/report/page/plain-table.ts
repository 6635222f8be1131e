import { type Html, html } from '../html.js';
import { scrolling, typographic } from './cells.js';

/** A table that cannot be sorted. The first column heads its row; columns from `numbersFrom` on are numbers. */
export function plainTable(
  label: string,
  heads: readonly string[],
  numbersFrom: number,
  rows: readonly (readonly string[])[],
): Html {
  const kind = (column: number) => (column < numbersFrom ? null : html` class="number"`);
  const cells = ([first = '', ...others]: readonly string[]) => html`<tr><th scope="row">${first}</th>${others.map(
    (text, index) => html`<td${kind(index + 1)} data-label="${heads[index + 1] ?? ''}">${typographic(text)}</td>`,
  )}</tr>
`;
  return scrolling(
    label,
    html`<table class="stacks">
<thead><tr>${heads.map((head, column) => html`<th scope="col"${kind(column)}>${head}</th>`)}</tr></thead>
<tbody>
${rows.map(cells)}</tbody></table>`,
  );
}
