import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listFolder, makeFolder, writeWhole } from '../support/files.js';
import { chartFiles, type Section } from './charts/chart.js';
import { comparisonCharts } from './charts/charts.js';
import { gainsCsv, gainsLatex, gainsMarkdown } from './gain-files.js';
import { reportPage } from './page/report-page.js';
import type { ReportData } from './report-data.js';

/**
 * Writes gains.csv, gains.md, gains.tex and report.html into a folder, and on request the charts as SVG
 * below charts/. Each file is written atomically. Charts of the same name of an earlier report are removed.
 */
export async function writeOutputs(folder: string, data: ReportData, svg: boolean): Promise<void> {
  makeFolder(folder);
  await writeWhole(join(folder, 'gains.csv'), gainsCsv(data.comparison));
  await writeWhole(join(folder, 'gains.md'), gainsMarkdown(data.comparison));
  await writeWhole(join(folder, 'gains.tex'), gainsLatex(data.comparison));
  const sections = comparisonCharts(data);
  await writeWhole(join(folder, 'report.html'), reportPage(data, sections));
  await writeDrawings(folder, sections, svg);
}

async function writeDrawings(folder: string, sections: readonly Section[], svg: boolean): Promise<void> {
  const drawings = join(folder, 'charts');
  const files = sections.flatMap(chartFiles);
  // Only files of the same name are those of an earlier report. Files of others stay.
  for (const { name } of files) await rm(join(drawings, name), { force: true });
  if (!svg) {
    if (listFolder(drawings).length === 0) await rm(drawings, { recursive: true, force: true });
    return;
  }
  await mkdir(drawings, { recursive: true });
  for (const { name, svg: text } of files) await writeWhole(join(drawings, name), text);
}
