import stringWidth from 'string-width';

/**
 * A line with a bar that ends before a terminal's last column: text there would wrap, and leave parts of the line behind. Of the notes,
 * the first that fit are shown.
 */
export function barLine(
  name: string,
  fraction: number,
  notes: readonly string[],
  { columns, bar }: { readonly columns: number; readonly bar: number },
): string {
  const done = Math.round(bar * Math.min(1, Math.max(0, fraction)));
  const percent = `${Math.floor(100 * fraction)}`.padStart(3);
  let line = `${name} ${'='.repeat(done)}${' '.repeat(bar - done)} ${percent} %`;
  for (const note of notes.filter((text) => text !== '')) {
    const longer = `${line}  ${note}`;
    if (stringWidth(longer) >= columns) break;
    line = longer;
  }
  return line.slice(0, columns - 1);
}

/** Columns of a terminal; 80 where it does not tell. */
export function columnsOf({ columns }: NodeJS.WriteStream): number {
  return columns || 80;
}
