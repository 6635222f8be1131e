import type { DuckDBConnection } from '@duckdb/node-api';
import { printable } from '../../support/printable.js';
import { numbersOf } from '../store/database.js';
import { conditionSql, numberSql, textSql } from '../table/staged-columns.js';
import { stagedTable } from '../table/staged-rows.js';
import type { Judgement } from './judgement.js';
import type { StagedFiles } from './staged-files.js';

/** About the number of rows that are scored. */
const mostRows = 20_000;
/** A column that reaches this AUC or R² alone may be known only after the label. */
const least = { AUC: 0.75, 'R²': 0.5 };
/** Fewer scored rows say nothing; nor does an AUC that is fewer standard errors of chance above .5. */
const [fewestRows, standardErrors] = [50, 4];
const mostLines = 5;

/**
 * A line for each input that alone predicts a task well. The mean label of its values (of numbers: of quantiles) in one
 * half of the rows is the score of the other half. For a regression on numbers, a straight line is tried as well.
 */
export async function tellingInputs(
  { database, staged }: Pick<StagedFiles, 'database' | 'staged'>,
  { inputs, tasks }: Pick<Judgement, 'inputs' | 'tasks'>,
): Promise<readonly string[]> {
  const used = inputs.flatMap(({ name, kind }) => {
    const column = staged.columns.get(name);
    if (!column || (kind !== 'numeric' && kind !== 'categorical')) return [];
    const isNumeric = kind === 'numeric';
    return [{ name, isNumeric, sql: isNumeric ? numberSql(column) : textSql(column) }];
  });
  const labels = tasks.flatMap(({ name, column, options: { regression, multiclass, positive = 1 } }) => {
    const label = staged.columns.get(column.name);
    if (!label || multiclass) return [];
    const one = `CASE WHEN ${label.sql} IS NOT NULL THEN ${conditionSql(positive, label).holds} END::DOUBLE`;
    return [
      { name, measure: regression ? ('R²' as const) : ('AUC' as const), sql: regression ? numberSql(label) : one },
    ];
  });
  const step = Math.ceil(staged.rows / mostRows);
  const values = [...used.map(({ sql }, i) => `${sql} AS v${i}`), ...labels.map(({ sql }, t) => `${sql} AS l${t}`)];
  await database.run(
    `CREATE OR REPLACE TEMP TABLE sampled AS SELECT hash(rowid) // ${step} % 2 = 0 AS learnt, ${values.join(', ')}
      FROM ${stagedTable} WHERE hash(rowid) % ${step} = 0`,
  );
  const found: { readonly text: string; readonly score: number }[] = [];
  for (const [t, { name: task, measure }] of labels.entries())
    for (const [i, { name, isNumeric }] of used.entries()) {
      const score = await scoreAlone(database, `v${i}`, `l${t}`, isNumeric, measure);
      const figure = score.toFixed(2).replace(/^0/, '');
      const text = `# ${name} alone predicts ${task} with ${measure} ${figure}: is it known before ${task}?`;
      if (score >= least[measure]) found.push({ text: printable(text.replaceAll(/\s+/g, ' ')), score });
    }
  const lines = found.toSorted((a, b) => b.score - a.score).map(({ text }) => text);
  if (lines.length <= mostLines) return lines;
  return [...lines.slice(0, mostLines), `# and ${lines.length - mostLines} more such lines: ple data inspect has them`];
}

/** 0 where it is chance. */
async function scoreAlone(
  database: DuckDBConnection,
  value: string,
  label: string,
  isNumeric: boolean,
  measure: keyof typeof least,
): Promise<number> {
  const quantile = `ceil(least(64, sqrt(count(*) OVER ())) * cume_dist() OVER (ORDER BY ${value}))`;
  const cell = isNumeric ? `CASE WHEN ${value} IS NOT NULL THEN ${quantile} END` : value;
  const number = isNumeric ? `CASE WHEN abs(${value}) < 1e30 THEN ${value} END` : 'NULL::DOUBLE'; // of more, `corr` fails
  const learnt = (sum: string, over: string) => `${sum} FILTER (learnt) OVER (${over})`;
  const [rows = 0, ones = 0, places = 0, means = 0, line = 0] = await numbersOf(
    database,
    ['count(*)', 'sum(label)', 'sum(place * label)', 'corr(score, label)', 'corr(value, label)'],
    `(SELECT value, label, score, rank() OVER (ORDER BY score) + (count(*) OVER (PARTITION BY score) - 1) / 2 AS place
      FROM (SELECT value, learnt, label, (coalesce(${learnt('sum(label)', 'PARTITION BY cell')}, 0) + ${learnt('avg(label)', '')})
          / (${learnt('count(*)', 'PARTITION BY cell')} + 1) AS score
        FROM (SELECT ${number} AS value, learnt, ${label} AS label, ${cell} AS cell FROM sampled WHERE ${label} IS NOT NULL))
      WHERE NOT learnt)`,
  );
  if (rows < fewestRows) return 0;
  if (measure === 'R²') return Math.max(means || 0, Math.abs(line || 0)) ** 2; // no correlation: NaN
  const pairs = ones * (rows - ones);
  const area = (places - (ones * (ones + 1)) / 2) / pairs;
  return area > 0.5 + standardErrors * Math.sqrt((rows + 1) / (12 * pairs)) ? area : 0;
}
