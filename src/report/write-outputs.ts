import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawCharts } from './charts/draw-charts.js';
import { toPng } from './charts/png.js';
import { gainsCsv } from './gains-csv.js';
import { gainsLatex } from './gains-latex.js';
import { gainsMarkdown } from './gains-markdown.js';
import { reportPage } from './page/report-page.js';
import type { ReportData } from './report-data.js';

/**
 * Writes gains.csv, gains.md, gains.tex and report.html into a folder, and the charts below charts/ where they are asked for. Each file is
 * written whole under another name and renamed; charts of an earlier report go.
 */
export async function writeOutputs(
  folder: string,
  data: ReportData,
  { svg, png }: { readonly svg: boolean; readonly png: boolean },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeWhole(join(folder, 'gains.csv'), gainsCsv(data.comparison));
  await writeWhole(join(folder, 'gains.md'), gainsMarkdown(data.comparison));
  await writeWhole(join(folder, 'gains.tex'), gainsLatex(data.comparison));
  const charts = await drawCharts(data);
  await writeWhole(join(folder, 'report.html'), reportPage(data, charts));

  const drawings = join(folder, 'charts');
  await rm(drawings, { recursive: true, force: true });
  if (!svg && !png) return;
  await mkdir(drawings);
  for (const { id, standalone } of charts) {
    if (svg) await writeWhole(join(drawings, `${id}.svg`), standalone);
    if (png) await writeWhole(join(drawings, `${id}.png`), await toPng(standalone));
  }
}

async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}.partial`;
  try {
    await writeFile(partial, content);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}
