// Eq. 8 and 9: what labels outside a task's sample space cost.
import { must } from '../../src/support/must.js';
import type { Answer, Table } from './claim.js';
import { type Estimand, estimandTable, estimated, intervalText, verdictOn } from './estimand.js';
import { ifSettled } from './tables.js';

const models = ['hard-sharing', 'ple'];

export function sampleSpacesAnswer(table: Table): Answer {
  const joint = estimated(
    models.map((label) => gainByMask(table, label)),
    table.test.level,
  );
  // A row has one run: late ones are counted over the rows of a model.
  const rows = models.map((label) => {
    const own = table.rows.filter((row) => row.label === label);
    return { runs: own.flatMap(({ runs }) => runs), atLimit: own.reduce((sum, row) => sum + row.atLimit, 0) };
  });
  const control = estimated([gainByMask(table, 'single-task')], table.test.level);
  const all = [...joint, ...control];
  return {
    ...ifSettled([{ rows }], verdictOn(joint)),
    sentence: `By masking VCR’s error falls by log points: ${all.map((one) => `${one.of} ${intervalText(one).replace(' log points', '')}`).join(', ')}`,
    found: [estimandTable(all), '\nSingle-task is a control, and no part of the verdict.'],
  };
}

/** By draw: 100 ln(error with labels of 0 outside the plays / error with the mask). */
function gainByMask(table: Table, label: string): Estimand {
  const rows = table.rows.filter((row) => row.label === label);
  const errors = (query: unknown) =>
    rows.flatMap(({ axis, tasks }) =>
      axis['dataset.query'] === query ? must(tasks['VCR']?.mean ?? undefined, 'an error of VCR') : [],
    );
  const [masked = [], zero = []] = must(table.axes['dataset.query'], 'queries').map(errors);
  return {
    of: label,
    gains: masked.map((error, draw) => 100 * Math.log(must(zero[draw], 'a pair') / error)),
    delta: 5,
    aim: 5,
    unit: 'log points',
  };
}
