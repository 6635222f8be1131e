import type { Answer, Table } from './claim.js';
import { judged, taskParts } from './parts.js';
import { contrasts, frontsOf, gains, rowOf, told } from './tables.js';

export function seesawAnswer(table: Table): Answer {
  const asymmetric = ['asymmetric from VTR', 'asymmetric from VCR'];
  const labels = ['hard-sharing', ...asymmetric, 'cross-stitch'];
  const group = labels.map((label) => {
    const row = rowOf(table, label);
    const front = table.fronts?.find(({ model }) => model === label);
    // At its best weight: the p-value of a loss beyond the margin, on the task for which that is largest.
    const harmless = (front?.points ?? []).map(({ verdict, tasks }) =>
      verdict.startsWith('better')
        ? Math.max(...Object.values(tasks).map(({ pNotInferior }) => pNotInferior ?? 1))
        : Number.POSITIVE_INFINITY,
    );
    const draws = Object.values(row.tasks).map(({ seedsToDecide }) => seedsToDecide ?? 0);
    return {
      shown: front?.seesaw === 'seesaw',
      against: (labels.length * Math.min(...harmless)) / table.test.level,
      settled: row.verdict !== 'not trained to a plateau',
      towards: false,
      draws: Math.max(...draws) || null,
      seesaw: row.verdict === 'seesaw' || row.verdict === 'repaired',
    };
  });
  const both = ['cgc', 'ple'].map((label) => rowOf(table, label));
  return {
    ...judged([...group, ...both.flatMap((row) => taskParts(row, table))]),
    effect: `at equal loss weights ${group.filter(({ seesaw }) => seesaw).length} of ${labels.length} are a seesaw; at some weight ${group.filter(({ against }) => against < 1).length} gain on a task and lose on none by more than the margin; ${both.map((row) => `${row.label}: ${told(row)}`).join('; ')}`,
    found: [gains(table), contrasts(table), frontsOf(table)],
  };
}
