import Table from 'cli-table3';

const bare = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((part) => [part, part === 'middle' ? '  ' : '']),
);

/**
 * Aligned columns without lines: text to the left, numbers to the right. Reads well in a terminal and through a pipe. `right` says which
 * columns are numbers where their cells do not show it.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  right: readonly boolean[] = [],
): string {
  const numeric = head.map(
    (_, column) => right[column] ?? rows.every((row) => typeof row[column] === 'number' || isNumber(row[column])),
  );
  const table = new Table({
    chars: bare,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colAligns: numeric.map((isNumeric) => (isNumeric ? 'right' : 'left')),
  });
  table.push([...head], ...rows.map((row) => row.map(String)));
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

function isNumber(text: string | number | undefined): boolean {
  return typeof text === 'string' && /^([-+]?[\d,.]+(e[-+]?\d+)?|-)$/.test(text);
}
