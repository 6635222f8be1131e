// Fig. 7 at equal parameters, and by the paper's terms.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Tables } from './claim.js';
import { difference, less, resultsOf } from './differences.js';
import { errorRatios, type Reading, readAs } from './estimand.js';
import { markdown } from './tables.js';

const names = ['Equal parameters', 'The paper’s terms'];

export function figure7Answer(tables: Tables): Answer {
  const answer = readAs(tables, tables.map(reading));
  return { ...answer, found: [...tables.map(averages), ...answer.found] };
}

function reading(table: Table, index: number): Reading {
  const references = [table.baseline, 'hard-sharing', 'mmoe'];
  const over = (at: { tasks?: readonly string[]; correlation?: unknown } = {}) =>
    references.map((reference) => ({
      of: `ple over ${reference}`,
      gains: errorRatios(table, 'ple', reference, {
        ...(at.tasks ? { tasks: at.tasks } : {}),
        at: ({ 'dataset.correlation': correlation }) => at.correlation === undefined || correlation === at.correlation,
      }),
      delta: 10,
      unit: '%' as const,
    }));
  const points = table.axes['dataset.correlation'] ?? [];
  const name = must(names[index], 'a reading');
  return {
    name,
    estimands: over(),
    sentence: (falls) =>
      `${name}: PLE’s error is smaller than that of single-task, hard sharing and MMoE by ${falls.join(', ')}.`,
    apart: points.flatMap((correlation) => table.tasks.flatMap((task) => over({ tasks: [task], correlation }))),
  };
}

/** What the paper prints: gains of MSE as means over its five correlations. */
const published: Readonly<Record<string, string>> = {
  'hard-sharing': '+.0003, −.0019',
  mmoe: '+.0040, +.0007',
  ple: '+.0054, +.0034',
};

/** Gains in the paper's own unit: MSE of single-task less that of the model. */
function averages(table: Table, index: number): string {
  const lines = Object.entries(published).map(([label, paper]) => {
    const gains = table.tasks.map((task) => difference(errorGains(table, label, task), 4, 0.05).words);
    return [label, ...gains.map((words) => words.replace(/, p.*/, '')), paper];
  });
  const head = ['model', ...table.tasks, 'printed in the paper: y1, y2'];
  return `\n**${names[index]}**: gains of MSE over ${table.baseline}, means over correlations.\n\n${markdown([head, ...lines])}`;
}

function errorGains(table: Table, label: string, task: string): readonly number[] {
  const errors = (label: string) => {
    const rows = table.rows.filter((row) => row.label === label);
    const points = rows.map((row) => resultsOf(table, row).map(({ tasks }) => Number(tasks[task]?.test['mse'])));
    return table.seeds.map((_, draw) => mean(points.map((draws) => must(draws[draw], 'a draw'))));
  };
  return less(errors(table.baseline), errors(label));
}
