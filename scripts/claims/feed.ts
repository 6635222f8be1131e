// Tables 2 and 4 on the feed.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table, Tables } from './claim.js';
import { type Estimand, inMargins, intervalText, onEachTask, readAs, shownIn } from './estimand.js';
import { inEachSize } from './sizes.js';
import { jointRows, rowOf, signed } from './tables.js';

export function normalAnswer(table: Table): Answer {
  const readings = inEachSize((suffix) => [
    ...onEachTask(table, `ple${suffix}`, 'single-task'),
    overMean(table, `ple${suffix}`, othersOf(table, suffix)),
  ]);
  return readAs(table, readings, (each) => {
    const gain = (place: number) => each((all) => signed(must(all[place], 'a gain').gain, 1));
    const others = each((all) => intervalText(must(all[2], 'a gain'))).replaceAll(' margins', '');
    return `PLE over single-task in margins: ${table.tasks[0]} ${gain(0)}, ${table.tasks[1]} ${gain(1)}; over the others’ mean ${others}`;
  });
}

export function severalAnswer(tables: Tables): Answer {
  const readings = inEachSize((suffix) =>
    tables.flatMap((table) =>
      inTable(table, [
        ...onEachTask(table, `ple${suffix}`, 'single-task'),
        overMean(table, `ple${suffix}`, [`cgc${suffix}`]),
      ]),
    ),
  );
  return readAs(tables, readings, (each) => {
    const found = [...new Set(tables.flatMap(({ tasks }) => tasks))].map(
      (task) => `${task} ${each((all) => shownIn(all, `ple over single-task, ${task}`))}`,
    );
    return `Shown, of ${tables.length} tables: PLE over single-task on ${found.join(', ')}; over CGC ${each((all) => shownIn(all, 'ple over cgc'))}`;
  });
}

export function inTable({ tasks }: Table, estimands: readonly Estimand[]): readonly Estimand[] {
  return estimands.map((one) => ({ ...one, of: `${one.of}, of ${tasks.join(', ')}` }));
}

/** The joint models of one size, but PLE. */
function othersOf(table: Table, suffix: string): readonly string[] {
  const labels = jointRows(table).map(({ label }) => label);
  return labels.filter((label) => label.endsWith(', equal') === (suffix !== '') && !label.startsWith('ple'));
}

/** The gain of a model over others, as a mean over tasks and over them. */
export function overMean(table: Table, model: string, references: readonly string[]): Estimand {
  const all = references.map((other) => inMargins(table, rowOf(table, model), rowOf(table, other), table.tasks));
  return {
    of: `${model} over ${references.length === 1 ? references[0] : 'the mean of the others'}, mean of tasks`,
    gains: table.seeds.map((_, draw) => mean(all.map((gains) => must(gains[draw], 'a draw')))),
    delta: 1,
    unit: 'margins',
  };
}
