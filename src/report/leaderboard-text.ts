import type { Leaderboard } from '../comparison/gains/leaderboard.js';
import { dash, digitsFor, fixed } from './numbers.js';
import { metricName } from './task-gains.js';
import { shortened, textTable } from './text-table.js';

const mostName = 32;

/** A table for each task, the best mean first, and what the intervals cover. */
export function leaderboardText({ uncertainty, tasks }: Leaderboard): string {
  const blocks = Object.entries(tasks).map(([task, { metric, better, models }]) => {
    const digits = digitsFor(
      models.map(({ interval }) => interval && (interval[1] - interval[0]) / 4),
      models.map(({ mean }) => mean),
    );
    const several = new Set(models.map(({ comparison }) => comparison)).size > 1;
    const lines = models.map(({ rank, model, comparison, seeds, mean, interval }) => [
      rank === null ? dash : String(rank),
      shortened(model, mostName),
      ...(several ? [shortened(comparison, mostName)] : []),
      fixed(mean, digits),
      interval ? interval.map((end) => fixed(end, digits)).join(' to ') : dash,
      String(seeds),
    ]);
    const head = ['rank', 'model', ...(several ? ['comparison'] : []), metricName(metric), '95 % interval', 'seeds'];
    const right = head.map((name) => ['rank', metricName(metric), 'seeds'].includes(name));
    return `${task}: ${metricName(metric)}, ${better} is better\n${textTable(head, lines, right)}`;
  });
  const covered = uncertainty === 'both' ? 'training noise and the choice of test rows' : 'training noise only';
  return `${blocks.join('\n')}\nAn interval is of one mean alone and covers ${covered}. A rank is no verdict: ple report tests gains.\n`;
}
