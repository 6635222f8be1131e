// Which structure is better, on the feed and on the data of fig. 7.
import { must } from '../../src/support/must.js';
import type { Answer, Table, Tables, Variant } from './claim.js';
import { errorRatios, intervalText, onEachTask, readAs, shownIn } from './estimand.js';
import { inTable, overMean } from './feed.js';
import { modelsOf, nameOf } from './models.js';
import { inEachSize } from './sizes.js';

/** A model, and that which has less of its structure. */
const structures = [
  ['cgc', 'mmoe'],
  ['ple', 'ml-mmoe'],
  ['ple', 'cgc'],
] as const;

export function structureAnswer(tables: Tables): Answer {
  const pairs = (suffix: string) => structures.map((pair) => pair.map((label) => `${label}${suffix}`));
  const readings = inEachSize(
    (suffix) =>
      tables.flatMap((table) =>
        inTable(
          table,
          pairs(suffix).map(([model = '', other = '']) => overMean(table, model, [other])),
        ),
      ),
    (suffix) =>
      tables.flatMap((table) => pairs(suffix).flatMap(([model = '', other = '']) => onEachTask(table, model, other))),
  );
  const answer = readAs(tables, readings, (each) => {
    const found = structures.map(
      ([model, other]) =>
        `${nameOf(model)} over ${nameOf(other)} ${each((all) => shownIn(all, `${model} over ${other}`))}`,
    );
    return `Shown, of ${tables.length} tables: ${found.join(', ')}`;
  });
  return { ...answer, found: answer.found.slice(0, readings.length) }; // the tables stand above
}

/** The models at the equal parameters of fig. 7, each with its own rate. */
export const structureOnFigure7: Variant = {
  config: 'figure-7',
  name: 'claim-figure-7-structure',
  words: [
    `compare.models=${JSON.stringify(
      modelsOf('figure-7', (label) => ['single-task', ...structures.flat()].includes(label)).map((model) => ({
        ...model,
        tune: {},
      })),
    )}`,
    `compare.contrasts=${JSON.stringify(structures)}`,
    'compare.tune={ train.optimizer.learningRate: [0.004, 0.008, 0.016] }',
    'compare.search={ type: grid, extend: 0 }',
    'compare.seeds=[741, 742, 743, 744, 745]',
    'dataset.rows={ train: 300000, validation: 10000, test: 20000 }',
  ],
};

export function structureOnFigure7Answer(table: Table): Answer {
  const estimands = structures.map(([model, other]) => ({
    of: `${model} over ${other}, mean of tasks`,
    gains: errorRatios(table, model, other),
    delta: 10,
    aim: 10,
    unit: 'log points' as const,
  }));
  return readAs(table, [{ name: 'At equal parameters', estimands }], (each) => {
    const found = structures.map(
      ([model, other], place) =>
        `${nameOf(model)} over ${nameOf(other)} ${each((all) => intervalText(must(all[place], 'a gain')))}`,
    );
    return `In log points: ${found.join(', ').replaceAll(' log points', '')}`;
  });
}
