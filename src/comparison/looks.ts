import type { ComparisonConfig } from '../config/comparison.js';
import type { Look } from './comparison.js';
import { spendingLevels } from './statistics/alpha-spending.js';

const level = 0.05;

export type LookToCome = Omit<Look, 'undecided'>;

/**
 * The looks that a config plans, after stored ones. One look tests at .05. Several share it by alpha spending; the share is worked out for
 * one of the table's gains as Holm's method tests it first, at .05 / gains, and multiplied again, so that adjusted p-values are held against
 * it. For each other plan that was looked at before, the level is halved; a plan that is taken again keeps its levels.
 */
export function plannedLooks(
  config: Pick<ComparisonConfig, 'looks' | 'models' | 'seeds' | 'points' | 'baseline' | 'experiment'>,
  stored: readonly Look[],
): readonly LookToCome[] {
  const { tasks } = config.experiment(config.baseline, config.points[0] ?? {}, config.seeds[0] ?? 0);
  const gains = Math.max(1, (config.models.length - 1) * tasks.length);
  const plan = config.looks;
  const levels = spendingLevels(
    plan.map((seeds) => seeds / (plan.at(-1) ?? 1)),
    level / gains,
  );
  const looks = plan.map((seeds, index) => {
    const of = config.seeds.slice(0, seeds);
    return { seeds, of, plan, level: plan.length === 1 ? level : gains * (levels[index] ?? 0) };
  });
  const [again, whole] = [stored.find((look) => isOfPlan(look, config))?.level, looks[0]?.level];
  const halvings = again && whole ? Math.round(Math.log2(whole / again)) : plansIn(ofOtherPlans(stored, config));
  return looks.map((look) => ({ ...look, level: look.level / 2 ** halvings, planned: halvings === 0 }));
}

/** Of stored looks, those of other plans than this one. */
export function ofOtherPlans(looks: readonly Look[], config: Plan): readonly Look[] {
  return looks.filter((look) => !isOfPlan(look, config));
}

/** A look that has been taken before, or one at the seeds of several reports. */
export function lookAt(of: readonly number[], looks: readonly Look[]): LookToCome {
  const same = looks.findLast((look) => isEqual(look.of, of));
  if (same) return same;
  const halvings = plansIn(looks);
  return { seeds: of.length, of, plan: [], level: level / 2 ** halvings, planned: halvings === 0 };
}

/** The chance of a false difference at any of these looks is at most this: the first plan spends .05, each further one half of the one before. */
export function familyError(looks: readonly LookToCome[]): number {
  return 2 * level * (1 - 2 ** -plansIn(looks));
}

type Plan = Pick<ComparisonConfig, 'looks' | 'seeds'>;

function isOfPlan(look: Look, { looks: plan, seeds }: Plan): boolean {
  return isEqual(look.plan, plan) && isEqual(look.of, seeds.slice(0, look.seeds));
}

/** How many different ones. */
export function plansIn(looks: readonly Pick<Look, 'of' | 'plan'>[]): number {
  return new Set(looks.map(({ plan, of }) => JSON.stringify(plan.length > 0 ? [plan, of[0]] : of))).size;
}

function isEqual(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
