import { afterAll, beforeAll } from 'vitest';

/** Whether reports are written without charts: see `withoutCharts`. */
export const charts = { areLeftOut: false };

/** Reports of this file's comparisons have no charts: to draw them takes longer than to train a few steps. */
export function withoutCharts(): void {
  beforeAll(() => {
    charts.areLeftOut = true;
  });
  afterAll(() => {
    charts.areLeftOut = false;
  });
}
