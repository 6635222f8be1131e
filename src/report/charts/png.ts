import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { renderAsync } from '@resvg/resvg-js';

const require = createRequire(import.meta.url);
const fonts = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
const faces = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf', 'DejaVuSans-Oblique.ttf'];

/** A stand-alone SVG as a PNG of twice its size. Its texts are set in a font of this program's, also where the system has none. */
export async function toPng(standaloneSvg: string): Promise<Uint8Array> {
  const image = await renderAsync(standaloneSvg, {
    background: '#ffffff',
    fitTo: { mode: 'zoom', value: 2 },
    font: {
      defaultFontFamily: 'DejaVu Sans',
      fontFiles: faces.map((face) => join(fonts, face)),
      loadSystemFonts: false,
    },
  });
  return image.asPng();
}
