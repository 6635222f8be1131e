import type { ComparisonConfig } from '../config/comparison.js';
import type { Look } from './comparison.js';
import { spendingLevels } from './statistics/alpha-spending.js';

const level = 0.05;

export type LookToCome = Omit<Look, 'undecided'>;

/**
 * The looks that a config plans, after these looks of other plans. One look tests at .05. Several share it by alpha spending; the share is
 * worked out for one of the table's gains as Holm's method tests it first, at .05 / gains, and multiplied again, so that adjusted p-values are
 * held against it. For each other plan that looked at other seeds or fewer, the level is halved.
 */
export function plannedLooks(
  config: Pick<ComparisonConfig, 'looks' | 'models' | 'seeds' | 'points' | 'baseline' | 'experiment'>,
  others: readonly Look[],
): readonly LookToCome[] {
  const { tasks } = config.experiment(config.baseline, config.points[0] ?? {}, config.seeds[0] ?? 0);
  const gains = Math.max(1, (config.models.length - 1) * tasks.length);
  const plan = config.looks;
  const levels = spendingLevels(
    plan.map((seeds) => seeds / (plan.at(-1) ?? 1)),
    level / gains,
  );
  return plan.map((seeds, index) => {
    const of = config.seeds.slice(0, seeds);
    return after(others, { seeds, of, plan, level: plan.length === 1 ? level : gains * (levels[index] ?? 0) });
  });
}

/** Of stored looks, those of other plans than this one. */
export function ofOtherPlans(
  looks: readonly Look[],
  { looks: plan, seeds }: Pick<ComparisonConfig, 'looks' | 'seeds'>,
): readonly Look[] {
  return looks.filter((look) => !isEqual(look.plan, plan) || !isEqual(look.of, seeds.slice(0, look.seeds)));
}

/** A look that has been taken again, or one at the seeds of several reports. */
export function lookAt(of: readonly number[], looks: readonly Look[]): LookToCome {
  const same = looks.at(-1);
  if (same && isEqual(same.of, of)) return same;
  return after(looks, { seeds: of.length, of, plan: [], level });
}

/** The chance of a false difference at the last look or any before it is at most this: every plan spends its level, .05 or what is left of it. */
export function familyError(looks: readonly LookToCome[]): number {
  const last = looks.at(-1);
  return last ? level * (2 - 2 ** -plansBefore(last, looks)) : 0;
}

function after(looks: readonly LookToCome[], look: Omit<LookToCome, 'planned'>): LookToCome {
  const plans = plansBefore(look, looks);
  return { ...look, level: look.level / 2 ** plans, planned: plans === 0 };
}

type Planned = Pick<Look, 'of' | 'plan'>;

/** Other plans of which a look was at other seeds than these, or at fewer: each was a chance to stop and to report. */
function plansBefore(look: Planned, looks: readonly Planned[]): number {
  const others = looks.filter(
    (other) => planOf(other) !== planOf(look) && !look.of.every((seed) => other.of.includes(seed)),
  );
  return new Set(others.map(planOf)).size;
}

function planOf({ plan, of }: Planned): string {
  return JSON.stringify(plan.length > 0 ? [plan, of[0]] : of);
}

function isEqual(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
