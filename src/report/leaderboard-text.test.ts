import { expect, test } from 'vitest';
import { leaderboardText } from './leaderboard-text.js';

const model = (rank: number | null, name: string, comparison: string, mean: number | null, half: number | null) => ({
  ...{ rank, model: name, comparison, seeds: 3, mean },
  interval: mean === null || half === null ? null : ([mean - half, mean + half] as const),
});

test('a table for each task; the comparison stands where there are several; no rank is called a verdict', () => {
  const models = [
    model(1, 'ple', 'wide', 0.7651, 0.004),
    model(2, 'single-task', 'narrow', 0.75, null),
    model(null, 'cgc', 'wide', null, null),
  ];
  const board = {
    schema: 1,
    uncertainty: 'both',
    tasks: { CTR: { metric: 'auc', better: 'higher', models } },
  } as const;
  expect(leaderboardText(board)).toBe(
    [
      'CTR: AUC, higher is better',
      'rank  model        comparison     AUC  95 % interval     seeds',
      '   1  ple          wide        0.7651  0.7611 to 0.7691      3',
      '   2  single-task  narrow      0.7500  -                     3',
      '   -  cgc          wide             -  -                     3',
      '',
      'An interval is of one mean alone and covers training noise and the choice of test rows. A rank is no verdict: ple report tests gains.',
      '',
    ].join('\n'),
  );
  const one = {
    ...board,
    uncertainty: 'seeds',
    tasks: { CTR: { ...board.tasks.CTR, models: models.slice(0, 1) } },
  } as const;
  expect(leaderboardText(one)).toMatch(/rank {2}model +AUC[\s\S]*training noise only/);
});
