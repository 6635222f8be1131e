import { WriteStream } from 'node:tty';
import { vi } from 'vitest';

const escapeCode = '\u001b';
const codesAndCharacters = new RegExp(`${escapeCode}\\[\\??(\\d*)([A-Za-z])|${escapeCode}\\d|[\\s\\S]`, 'gu');

/**
 * A terminal's stream, and all lines that it has shown, without spaces at their ends. It knows the control codes that
 * move and clear.
 */
export function virtualTerminal(columns: number, rows = 24): { stream: NodeJS.WriteStream; lines(): string[] } {
  const cells: string[][] = [[]];
  let [row, column] = [0, 0];
  const move = (to: number) => {
    while (cells.length <= to) cells.push([]);
    row = to;
  };
  const put = (character: string) => {
    if (column === columns) {
      move(row + 1);
      column = 0;
    }
    const line = cells[row] ?? [];
    while (line.length < column) line.push(' ');
    line[column] = character;
    column += 1;
  };
  const control = (code: string, number: number) => {
    if (code === 'A') row = Math.max(cells.length - rows, 0, row - Math.max(1, number));
    if (code === 'B') move(row + Math.max(1, number));
    if (code === 'G') column = Math.max(1, number) - 1;
    const line = cells[row] ?? [];
    if (code === 'K') cells[row] = number === 2 ? [] : line.slice(0, column);
    if (code === 'J') {
      cells[row] = line.slice(0, column);
      cells.length = row + 1;
    }
  };
  const stream: NodeJS.WriteStream = Object.create(WriteStream.prototype, {
    ...{ isTTY: { value: true }, columns: { value: columns }, rows: { value: rows } },
  });
  vi.spyOn(stream, 'write').mockImplementation((text) => {
    for (const [whole, number = '', code] of String(text).matchAll(codesAndCharacters)) {
      if (code !== undefined) control(code, Number(number));
      else if (whole === '\n') {
        move(row + 1);
        column = 0;
      } else if (!whole.startsWith(escapeCode)) put(whole);
    }
    return true;
  });
  return { stream, lines: () => cells.map((line) => line.join('').trimEnd()) };
}
