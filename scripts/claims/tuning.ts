import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table } from './claim.js';
import { less, testValues } from './differences.js';
import { type Estimand, estimandTable, estimated, intervalText, verdictOn } from './estimand.js';
import { ifSettled, jointRows, markdown } from './tables.js';

/** Shares of the variance of each task's metric; whether the model's is the largest of what can be chosen, by draw. */
export function tuningAnswer(table: Table): Answer {
  const joint = jointRows(table);
  const factors = ['model', 'width', 'rate', 'weight', 'draw', 'rest'];
  const tasks = table.tasks.map((task) => {
    const cells = joint.flatMap((row) =>
      testValues(table, row, task).map((value, draw) => ({
        levels: {
          model: row.type,
          width: row.label.split(' ').at(-1) ?? '',
          rate: String(row.axis['train.optimizer.learningRate']),
          weight: String(row.axis['loss.weights.VCR.initial']),
          draw: String(draw),
        },
        value,
      })),
    );
    const inDraws = table.seeds.map((_, draw) =>
      varianceShares(cells.filter(({ levels }) => levels.draw === `${draw}`)),
    );
    const percents = (factor: string) => inDraws.map((shares) => 100 * (shares[factor] ?? 0));
    const differences = ['rate', 'weight', 'width'].map(
      (factor): Estimand => ({
        of: `the model’s share of a draw’s variance less the ${factor}’s, ${task}`,
        gains: less(percents('model'), percents(factor)),
        delta: 0,
        unit: 'percentage points',
      }),
    );
    const within = Object.fromEntries(factors.map((factor) => [factor, mean(percents(factor)) / 100]));
    return { task, shares: { 'over all draws': varianceShares(cells), 'within a draw, mean': within }, differences };
  });
  const estimates = estimated(
    tasks.flatMap(({ differences }) => differences),
    table.test.level,
  );
  const rates = estimates.filter(({ of }) => of.includes('rate’s'));
  const lines = tasks.flatMap(({ task, shares }) =>
    Object.entries(shares).map(([which, share]) => [
      `${task}, ${which}`,
      ...factors.map((factor) => `${(100 * (share[factor] ?? 0)).toFixed(0)} %`),
    ]),
  );
  return {
    ...ifSettled([table], verdictOn(estimates)),
    sentence: `The model’s share of a draw’s variance less the learning rate’s, in percentage points: ${tasks.map(({ task }, place) => `${task} ${intervalText(must(rates[place], task)).replace(' percentage points', '')}`).join(', ')}`,
    found: [
      `${estimandTable(estimates)}\n`,
      'Shares are variance components of a mixed model with main effects; the rest holds interactions and training noise. Tests are of shares within each draw, paired over draws (Student’s t).',
      `\n${markdown([['task', ...factors], ...lines])}`,
    ],
  };
}

/**
 * Shares of the variance of a balanced crossed design by factor: components of main effects, from the expected mean
 * squares ((MS of the factor - MS of the rest) / values of a level, 0 if below 0; of the rest its mean square), over
 * their sum.
 */
export function varianceShares(
  cells: readonly { readonly levels: Readonly<Record<string, string>>; readonly value: number }[],
): Readonly<Record<string, number>> {
  const all = mean(cells.map(({ value }) => value));
  const factors = Object.keys(cells[0]?.levels ?? {}).map((name) => {
    const levels = [...new Set(cells.map(({ levels }) => levels[name]))];
    const size = cells.length / levels.length;
    const means = levels.map((level) => mean(cells.flatMap((cell) => (cell.levels[name] === level ? cell.value : []))));
    const squares = means.reduce((sum, value) => sum + size * (value - all) ** 2, 0);
    return { name, size, squares, freedom: levels.length - 1 };
  });
  const total = cells.reduce((sum, { value }) => sum + (value - all) ** 2, 0);
  const freedom = cells.length - 1 - factors.reduce((sum, factor) => sum + factor.freedom, 0);
  const rest = (total - factors.reduce((sum, { squares }) => sum + squares, 0)) / freedom;
  const components = factors.map(({ name, size, squares, freedom }): [string, number] => [
    name,
    freedom === 0 ? 0 : Math.max(0, (squares / freedom - rest) / size),
  ]);
  const sum = components.reduce((sum, [, component]) => sum + component, rest);
  return Object.fromEntries([...components, ['rest', rest] as const].map(([name, value]) => [name, value / sum]));
}
