import type { ComparisonConfig } from '../config/comparison.js';
import type { Look } from './comparison.js';
import { chanceOfAny, spendingLevels } from './statistics/alpha-spending.js';

const level = 0.05;

type LookToCome = Omit<Look, 'undecided'>;

/**
 * The looks that a config plans. One look tests at .05. Several share it by alpha spending; the share is worked out for one of the
 * table's gains as Holm's method tests it first, at .05 / gains, and multiplied again, so that adjusted p-values are held against it.
 */
export function plannedLooks({
  looks,
  models,
  ...config
}: Pick<ComparisonConfig, 'looks' | 'models' | 'seeds' | 'points' | 'baseline' | 'experiment'>): readonly LookToCome[] {
  const { tasks } = config.experiment(config.baseline, config.points[0] ?? {}, config.seeds[0] ?? 0);
  const gains = Math.max(1, (models.length - 1) * tasks.length);
  const levels = spendingLevels(
    looks.map((seeds) => seeds / (looks.at(-1) ?? 1)),
    level / gains,
  );
  return looks.map((seeds, index) => ({
    seeds,
    most: looks.at(-1) ?? seeds,
    level: looks.length === 1 ? level : gains * (levels[index] ?? 0),
    planned: true,
  }));
}

/**
 * A look after others that its plan did not have: seeds were added by hand. Its level is halved for each of them, which pays for
 * most of the chance of error that another look adds.
 * @param others Looks at fewer seeds.
 */
export function afterOthers(look: LookToCome, others: readonly Look[]): LookToCome {
  return others.length === 0 ? look : { ...look, level: look.level / 2 ** others.length, planned: false };
}

/** The chance that a table of so many gains, none of them true, shows one at one of these looks or more. */
export function familyError(looks: readonly LookToCome[], gains: number): number {
  const most = Math.max(...looks.map(({ seeds }) => seeds));
  const times = looks.map(({ seeds }) => seeds / most);
  return Math.min(
    1,
    gains *
      chanceOfAny(
        times,
        looks.map((look) => look.level / gains),
      ),
  );
}
