// Fig. 7 at equal parameters, and by the paper's terms.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChartSection, chartSvg } from '../../src/report/charts/chart.js';
import { gainAxis, layer, type Plot } from '../../src/report/charts/plot.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Tables, Variant } from './claim.js';
import { difference, less, resultsOf } from './differences.js';
import { type Estimand, errorRatios, fallOfError, type Reading, readAs } from './estimand.js';
import { modelsOf } from './models.js';
import { markdown, rowOf } from './tables.js';

const correlations = [0.2, 0.4, 0.5, 0.75, 1];
/** PLE, and what it is compared with. A reading has tables of its own, on the first of each correlation’s draws. */
const readings = [
  {
    name: 'At equal parameters',
    table: 'claim-figure-7',
    draws: 4,
    models: ['single-task', 'hard-sharing', 'mmoe', 'ple'],
  },
  {
    name: 'By the paper’s terms',
    table: 'claim-figure-7-terms',
    draws: 1,
    models: ['single-task, 4 x as wide', 'hard-sharing, as wide', 'mmoe, 6 experts', 'ple, 2 + 2 experts'],
  },
] as const;

/** Tables of a reading, one for each correlation, which has draws of its own. */
export const figure7Variants: readonly Variant[] = readings.flatMap(({ table, draws, models }) => {
  const [, hard, mmoe, ple] = models;
  return correlations.map((correlation, index) => ({
    config: 'figure-7',
    name: `${table}-${correlation}`,
    words: [
      `dataset.correlation=${correlation}`,
      `compare.models=${JSON.stringify(modelsOf('figure-7', (label) => models.some((one) => one === label)))}`,
      `compare.contrasts=${JSON.stringify([
        [ple, mmoe],
        [ple, hard],
      ])}`,
      `compare.seeds=${JSON.stringify(Array.from({ length: draws }, (_, draw) => 711 + 4 * index + draw))}`,
    ],
  }));
});

export function figure7Answer(tables: Tables, folder: string): Answer {
  const all = readings.map((one, index) => ({
    ...one,
    tables: tables.slice(index * correlations.length, (index + 1) * correlations.length),
  }));
  const answer = readAs(tables, all.map(reading), (each) => {
    const [single, hard, mmoe] = [0, 1, 2].map((place) => each((all) => fallOfError(must(all[place], 'a gain'))));
    return `PLE’s error is ${single} below single-task’s, ${hard} below hard sharing’s, ${mmoe} below MMoE’s (b: the paper’s terms)`;
  });
  const pictures = all.map((one, index) => {
    mkdirSync(folder, { recursive: true });
    const file = `figure-7-${index + 1}.svg`;
    writeFileSync(join(folder, file), picture(one));
    return `\n![${one.name}: gains of MSE over single-task by correlation](claims/${file})`;
  });
  return { ...answer, found: [...pictures, ...all.map(averages), ...answer.found] };
}

type Read = (typeof readings)[number] & { readonly tables: readonly Table[] };

function reading({ name, tables, models: [single, hard, mmoe, ple] }: Read): Reading {
  const over = (gains: (reference: string) => readonly number[]) =>
    [single, hard, mmoe].map((reference): Estimand => {
      return { of: `${ple} over ${reference}`, gains: gains(reference), delta: 10, aim: 10, unit: 'log points' };
    });
  return {
    name,
    estimands: over((reference) => tables.flatMap((table) => errorRatios(table, ple, reference))),
    apart: tables.flatMap((table) =>
      table.tasks.flatMap((task) => over((reference) => errorRatios(table, ple, reference, { tasks: [task] }))),
    ),
  };
}

/** What the paper prints of hard sharing, MMoE and PLE: gains of MSE as means over its five correlations. */
const published = ['+.0003, −.0019', '+.0040, +.0007', '+.0054, +.0034'];

/** Gains in the paper's own unit: MSE of single-task less that of the model. */
function averages({ name, tables, models: [single, ...joint] }: Read): string {
  const lines = joint.map((label, index) => {
    const gains = must(tables[0], 'a table').tasks.map((task) => {
      return errorGain(
        tables.flatMap((table) => errorGains(table, label, single, task)),
        4,
      );
    });
    return [label, ...gains, published[index] ?? ''];
  });
  const head = ['model', ...(tables[0]?.tasks ?? []), 'printed in the paper: y1, y2'];
  return `\n**${name}**: gains of MSE over ${single}, means over correlations and draws. The scale of MSE is that of the labels’ variance, which differs fifty-fold between draws, so that equal sizes are in part chance.\n\n${markdown([head, ...lines])}`;
}

function errorGain(gains: readonly number[], digits: number): string {
  return difference(gains, digits, 0.05).words;
}

/** By draw. */
function errorGains(table: Table, model: string, single: string, task: string): readonly number[] {
  const errors = (label: string) =>
    resultsOf(table, rowOf(table, label), task).map(({ tasks }) => Number(tasks[task]?.test['mse']));
  return less(errors(single), errors(model));
}

/** As the paper draws it: a bar for each correlation and model. */
function picture({ name, tables, models: [single, ...joint] }: Read): string {
  const colours = ['c2', 'c3', 'c1'] as const;
  const key = joint.map((label, index) => {
    return { label, colour: must(colours[index], 'a colour'), shape: 'square', dash: [], filled: true };
  });
  const panels = must(tables[0], 'a table').tasks.map((task) => {
    const marks = tables.flatMap((table, at) =>
      joint.map((label, index) => {
        const { gain, interval } = difference(errorGains(table, label, single, task), 4, 0.05);
        const place = { x: `${correlations[at]}`, slot: [index, joint.length] as const };
        return { place, gain, interval, colour: must(colours[index], 'a colour') };
      }),
    );
    const plot: Plot = {
      width: 370,
      height: 200,
      x: { title: 'correlation', names: correlations.map(String), gap: 0.22 },
      y: { ...gainAxis(`${task}: gain of MSE`), ticks: 6 },
      layers: [
        layer(
          'area',
          marks.map(({ place, gain, colour }) => ({ ...place, y: gain, y2: 0, colour })),
        ),
        layer(
          'interval',
          marks.flatMap(({ place, interval: [low, high] }) =>
            Number.isFinite(low) ? [{ ...place, y: low, y2: high, colour: 'ink' as const }] : [],
          ),
          { width: 1.2 },
        ),
        layer('interval', [{ y: 0 }]),
      ],
    };
    return { title: task, plots: [plot] };
  });
  const chart = { id: 'figure-7', columns: 2, panels, key };
  const section: ChartSection = { id: 'figure-7', title: name, size: 'medium', note: [], charts: [chart] };
  return chartSvg(section, chart);
}
