import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { toPng } from './draw-charts.js';

/** Width, height and the filtered rows of a PNG. */
function read(png: Uint8Array) {
  const bytes = Buffer.from(png);
  const data: Buffer[] = [];
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    if (bytes.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), rows: inflateSync(Buffer.concat(data)) };
}

const svg = (text: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="30" viewBox="0 0 80 30"><text x="5" y="20" font-family="a font that is nowhere" font-size="14px" fill="#000">${text}</text></svg>`;

test('texts are drawn in a font that the program brings, at twice the size', async () => {
  const [empty, words, others] = await Promise.all(
    ['', 'AUC', 'MSE'].map(async (text) => read(await toPng(svg(text)))),
  );
  expect([words?.width, words?.height]).toEqual([160, 60]);
  expect(words?.rows.equals(empty?.rows ?? Buffer.of())).toBe(false);
  expect(words?.rows.equals(others?.rows ?? Buffer.of())).toBe(false); // and not as boxes
});
