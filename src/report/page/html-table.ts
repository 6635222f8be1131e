import { joined } from '../../support/joined.js';
import type { Column } from '../columns.js';
import { type Html, html } from '../html.js';
import { dash } from '../numbers.js';

/** A cell of a page. A text alone is its content. */
export type HtmlCell = string | Content;

interface Content {
  readonly content: Html | string;
  readonly below?: Below;
  /** Sorts the column; null sorts last. Absent: the text sorts. */
  readonly value?: number | null;
  readonly classes?: string;
}

/** Smaller text below a cell's main text: one entry per line, each of parts that do not break. */
export type Below = readonly (readonly string[])[];

export interface HtmlColumn<Row> extends Column<Row, HtmlCell> {
  /** Below the head. */
  readonly note?: string;
  /** Before the cell on a phone. Default: the head. */
  readonly label?: string;
}

interface TableStyle<Row> {
  readonly classes: string;
  readonly rowClass: (row: Row) => string;
}

/**
 * A table with heads that sort. It scrolls on its own if a word is wider than the page, with the keyboard too. The first
 * column heads its row. On a phone the cells of a row are stacked.
 */
export function htmlTable<Row>(
  label: string,
  columns: readonly HtmlColumn<Row>[],
  rows: readonly Row[],
  { classes, rowClass }: TableStyle<Row>,
): Html {
  const lines = rows.map(
    (row, line) =>
      html`<tr${classAttribute(rowClass(row))}>${columns.map((column, index) => bodyCell(column, row, line, index === 0))}</tr>\n`,
  );
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0"><table class="sortable stacks ${classes}">
<caption class="unseen">${label}</caption>
<thead><tr>${columns.map(headCell)}</tr></thead>
<tbody>
${lines}</tbody>
</table></div>`;
}

function headCell<Row>({ head, kind, task, note = '' }: HtmlColumn<Row>): Html {
  const classes = classAttribute(kind === 'number' ? `number${task ? ' task' : ''}` : '');
  const small = note === '' ? null : html` <small>${note}</small>`;
  return html`<th scope="col"${classes} aria-sort="none"><button type="button">${head}</button>${small}</th>`;
}

function bodyCell<Row>(
  { head, kind, task, label = head, cell }: HtmlColumn<Row>,
  row: Row,
  line: number,
  isFirst: boolean,
) {
  const said = cell(row, line);
  const { content, below = [], value, classes = '' }: Content = typeof said === 'string' ? { content: said } : said;
  const whole = html`${typeof content === 'string' ? typographic(content) : content}${smallLines(below)}`;
  if (isFirst) return html`<th scope="row">${whole}</th>`;
  const all = joined(' ', kind === 'number' ? 'number' : '', task ? 'task' : '', classes);
  const sorted = value === undefined ? null : html` data-value="${value ?? ''}"`;
  return html`<td${classAttribute(all)}${sorted} data-label="${label}">${whole}</td>`;
}

function classAttribute(classes: string): Html | null {
  return classes === '' ? null : html` class="${classes}"`;
}

export function smallLines(lines: Below, classes = ''): readonly Html[] {
  return lines.flatMap((line) => {
    const parts = line.filter((part) => part !== '');
    if (parts.length === 0) return [];
    return html`<small${classAttribute(classes)}>${parts.map((part) => html` <span>${typographic(part)}</span>`)}</small>`;
  });
}

/**
 * Replaces hyphens by minus signs, prevents line breaks before percent signs, and prints a dash for undefined values.
 */
export function typographic(text: string): string {
  return text === dash ? '–' : text.replace(/(^|[[(\s])-(?=\d)/g, '$1\u2212').replace(/(\d) %/g, '$1\u00a0%');
}
