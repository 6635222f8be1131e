// Fig. 7 at equal parameters, and by the paper's terms.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Tables } from './claim.js';
import { difference, less, resultsOf } from './differences.js';
import { errorRatios, type Reading, readAs } from './estimand.js';
import { markdown } from './tables.js';

/** PLE, and what it is compared with. */
const readings = [
  { name: 'Equal parameters', ple: 'ple', references: ['single-task', 'hard-sharing', 'mmoe'] },
  {
    name: 'The paper’s terms',
    ple: 'ple, 2 + 2 experts',
    references: ['single-task, 4 x as wide', 'hard-sharing, as wide', 'mmoe, 6 experts'],
  },
] as const;

export function figure7Answer([table]: Tables): Answer {
  const answer = readAs(
    table,
    readings.map((one) => reading(table, one)),
  );
  return { ...answer, found: [...readings.map((one) => averages(table, one)), ...answer.found] };
}

function reading(table: Table, { name, ple, references }: (typeof readings)[number]): Reading {
  const over = (at: { tasks?: readonly string[]; correlation?: unknown } = {}) =>
    references.map((reference) => ({
      of: `${ple} over ${reference}`,
      gains: errorRatios(table, ple, reference, {
        ...(at.tasks ? { tasks: at.tasks } : {}),
        at: ({ 'dataset.correlation': correlation }) => at.correlation === undefined || correlation === at.correlation,
      }),
      delta: 10,
      unit: '%' as const,
    }));
  const points = table.axes['dataset.correlation'] ?? [];
  return {
    name,
    estimands: over(),
    sentence: (falls) =>
      `${name}: PLE’s error is smaller than that of single-task, hard sharing and MMoE by ${falls.join(', ')}.`,
    apart: points.flatMap((correlation) => table.tasks.flatMap((task) => over({ tasks: [task], correlation }))),
  };
}

/** What the paper prints of hard sharing, MMoE and PLE: gains of MSE as means over its five correlations. */
const published = ['+.0003, −.0019', '+.0040, +.0007', '+.0054, +.0034'];

/** Gains in the paper's own unit: MSE of single-task less that of the model. */
function averages(table: Table, { name, ple, references }: (typeof readings)[number]): string {
  const [single, hard, mmoe] = references;
  const lines = [hard, mmoe, ple].map((label, index) => {
    const gains = table.tasks.map((task) => difference(errorGains(table, label, single, task), 4, 0.05).words);
    return [label, ...gains.map((words) => words.replace(/, p.*/, '')), published[index] ?? ''];
  });
  const head = ['model', ...table.tasks, 'printed in the paper: y1, y2'];
  return `\n**${name}**: gains of MSE over ${single}, means over correlations.\n\n${markdown([head, ...lines])}`;
}

function errorGains(table: Table, model: string, single: string, task: string): readonly number[] {
  const errors = (label: string) => {
    const rows = table.rows.filter((row) => row.label === label);
    const points = rows.map((row) => resultsOf(table, row).map(({ tasks }) => Number(tasks[task]?.test['mse'])));
    return table.seeds.map((_, draw) => mean(points.map((draws) => must(draws[draw], 'a draw'))));
  };
  return less(errors(single), errors(model));
}
