import type { ComparisonConfig } from '../../config/comparison.js';
import type { Look } from '../comparison.js';
import { spendingLevels } from '../statistics/alpha-spending.js';
import { fewestPairs } from '../statistics/verdict.js';

/** What the looks of the first plan may spend together: the chance of a false difference. */
const whole = 0.05;

export type LookToCome = Omit<Look, 'undecided'>;

/**
 * The looks that a config plans, after stored ones. A single look tests at what its plan may spend. Several share it by alpha spending; the
 * share is worked out for one gain of the largest family as Holm's method tests it first, at 1 / gains of it, and multiplied again, so that
 * adjusted p-values are held against it. A plan after others may spend half of what they had at least; one that is taken again, what it had. A plan with
 * too few seeds for any verdict spends nothing.
 */
export function plannedLooks(
  config: Pick<
    ComparisonConfig,
    'looks' | 'models' | 'seeds' | 'points' | 'baseline' | 'contrasts' | 'uncertainty' | 'experiment'
  >,
  stored: readonly Look[],
): readonly LookToCome[] {
  const { tasks } = config.experiment(config.baseline, config.points[0] ?? {}, config.seeds[0] ?? 0);
  const gains = Math.max(1, config.models.length - 1, config.contrasts.length) * tasks.length;
  const plan = config.looks;
  const most = plan.at(-1) ?? 0;
  const decides = most >= fewestPairs || config.uncertainty === 'rows';
  const mine = stored.find((look) => isOfPlan(look, config))?.alpha || alphaAfter(stored);
  const levels = spendingLevels(
    plan.map((seeds) => seeds / most),
    mine / gains,
  );
  return plan.map((seeds, index) => {
    const level = plan.length === 1 ? mine : gains * (levels[index] ?? 0);
    return { seeds, of: config.seeds.slice(0, seeds), plan, alpha: decides ? mine : 0, level };
  });
}

/** Of stored looks, those of other plans than this one. */
export function ofOtherPlans(looks: readonly Look[], config: Plan): readonly Look[] {
  return looks.filter((look) => !isOfPlan(look, config));
}

/** A look at these seeds that has been taken before, the strictest of them; or one at the seeds of several reports. */
export function lookAt(of: readonly number[], looks: readonly Look[]): LookToCome {
  const [same] = looks.filter((look) => isEqual(look.of, of)).toSorted((a, b) => a.level - b.level);
  const alpha = alphaAfter(looks);
  return same ?? { seeds: of.length, of, plan: [of.length], alpha, level: alpha };
}

/** The chance of a false difference at any of these looks is at most this, in one family: the sum of what their plans may spend. */
export function familyError(looks: readonly LookToCome[]): number {
  const onePerPlan = looks.filter((look, index) => looks.findIndex((other) => isSamePlan(look, other)) === index);
  return onePerPlan.reduce((sum, { alpha }) => sum + alpha, 0);
}

/** Whether two looks belong to one plan: the seeds of the earlier are the first of the later. */
export function isSamePlan(one: LookToCome, other: LookToCome): boolean {
  const seeds = Math.min(one.of.length, other.of.length);
  return isEqual(one.plan, other.plan) && isEqual(one.of.slice(0, seeds), other.of.slice(0, seeds));
}

type Plan = Pick<ComparisonConfig, 'looks' | 'seeds'>;

function isOfPlan(look: Look, { looks: plan, seeds }: Plan): boolean {
  return isEqual(look.plan, plan) && isEqual(look.of, seeds.slice(0, look.seeds));
}

function alphaAfter(looks: readonly Look[]): number {
  const spent = looks.flatMap(({ alpha }) => (alpha > 0 ? [alpha] : []));
  return spent.length === 0 ? whole : Math.min(...spent) / 2;
}

function isEqual(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
