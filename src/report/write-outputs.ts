import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../support/make-folder.js';
import { writeWhole } from '../support/whole-file.js';
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
  makeFolder(folder);
  writeWhole(join(folder, 'gains.csv'), gainsCsv(data.comparison));
  writeWhole(join(folder, 'gains.md'), gainsMarkdown(data.comparison));
  writeWhole(join(folder, 'gains.tex'), gainsLatex(data.comparison));
  const charts = await drawCharts(data);
  writeWhole(join(folder, 'report.html'), reportPage(data, charts));

  const drawings = join(folder, 'charts');
  await rm(drawings, { recursive: true, force: true });
  if (!svg && !png) return;
  await mkdir(drawings);
  for (const { id, standalone } of charts) {
    if (svg) writeWhole(join(drawings, `${id}.svg`), standalone);
    if (png) writeWhole(join(drawings, `${id}.png`), await toPng(standalone));
  }
}
