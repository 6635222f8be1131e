import type { Chart, MatrixCell } from '../report-data.js';
import { type Html, html, trusted } from './html.js';

const sections: Readonly<Record<Chart['section'], { readonly title: string; readonly note: string }>> = {
  scatter: { title: 'Task against task', note: 'Up and right is better; the cross-hairs are the baseline.' },
  gains: { title: 'Gains per task', note: '' },
  axis: { title: 'Gains along the axis', note: '' },
  experts: {
    title: 'Use of experts',
    note: 'What each gate gives to each expert: mean over the test rows, with the standard deviation over them.',
  },
  learning: { title: 'Learning curves', note: 'Training and validation, epoch by epoch; bands are over seeds.' },
  weights: { title: 'Loss weights', note: '' },
  calibration: { title: 'Calibration', note: 'On the diagonal, predicted probabilities are what happens.' },
};

/** The charts, a section each kind, in the order in which they were drawn. */
export function chartFigures(
  charts: readonly Chart[],
): readonly { readonly id: string; readonly title: string; readonly section: Html }[] {
  const kinds = [...new Set(charts.map(({ section }) => section))];
  return kinds.map((kind) => {
    const { title, note } = sections[kind];
    const own = charts.filter(({ section }) => section === kind);
    return {
      id: kind,
      title,
      section: html`<section id="${kind}"><h2>${title}</h2>
${note === '' ? null : html`<p>${note}</p>\n`}${matrices(own)}${grid(own.filter(({ cell }) => cell === undefined))}</section>
`,
    };
  });
}

/** Charts that have a cell, a matrix for each caption that they share; one below the other where the page is narrow. */
function matrices(charts: readonly Chart[]): readonly Html[] {
  const captions = [...new Set(charts.flatMap(({ cell }) => cell?.caption ?? []))];
  return captions.map((caption) => {
    const own = charts.flatMap(({ svg, cell }) => (cell?.caption === caption ? [{ svg, cell }] : []));
    return html`<figure class="matrix" style="--columns: ${own[0]?.cell.columns ?? 1}">
${own.map(
  ({ svg, cell }) => html`<div style="${place(cell)}">${trusted(svg)}</div>
`,
)}<figcaption>${caption}</figcaption></figure>
`;
  });
}

function grid(charts: readonly Chart[]): Html | null {
  if (charts.length === 0) return null;
  return html`<div class="charts">
${charts.map(figure)}</div>`;
}

function place({ row, column }: MatrixCell): string {
  return `--row: ${row}; --column: ${column}`;
}

function figure({ caption, svg }: Chart): Html {
  return html`<figure>${trusted(svg)}<figcaption>${caption}</figcaption></figure>
`;
}
