import stringWidth from 'string-width';

/**
 * A line with a bar. It ends before the terminal's last column, where text would wrap and leave remains. Only the first
 * notes that fit are shown.
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

/** Width of a terminal; 80 if unknown. */
export function columnsOf({ columns }: NodeJS.WriteStream): number {
  return columns || 80;
}
