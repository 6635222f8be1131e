/** Of labels, in pixels. */
export const fontSize = 11.5;

/** Width of bold letters relative to regular ones. */
export const bold = 1.14;

/**
 * Advance widths of the characters 32 to 126 in DejaVu Sans, in thousandths of the font size. Verdana's are similar.
 */
const advances = [
  318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636,
  636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863,
  748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635,
  615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636,
  337, 636, 838,
];

/** Width in pixels of a line of text in the charts' font, without a canvas to measure it on. */
export function textWidth(text: string, fontSize: number): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    width += advances[code - 32] ?? (code < 0x1100 ? 700 : 1000); // wide scripts begin near U+1100
  }
  return (width * fontSize) / 1000;
}

/** Shortens a text to a width in pixels: its beginning and end around an ellipsis. */
export function shortened(text: string, fontSize: number, width: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  const characters = [...text];
  for (let kept = characters.length - 1; kept > 1; kept--) {
    const head = Math.ceil(kept / 2);
    const short = `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (kept - head)).join('')}`;
    if (textWidth(short, fontSize) <= width) return short;
  }
  return '…';
}

/** Breaks a text into lines of at most a width in pixels, at spaces if possible. */
export function wrapped(text: string, fontSize: number, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || textWidth(longer, fontSize) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((each) => shortened(each, fontSize, width));
}
