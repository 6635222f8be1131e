import type { ComparisonConfig } from '../../config/comparison.js';
import type { Look } from '../comparison.js';
import { spendingLevels } from '../statistics/alpha-spending.js';
import { fewestRuns } from '../statistics/verdict.js';
import { firstExperiment } from './axis-point.js';

/** The chance of a false difference that all looks of the first plan may spend. */
const whole = 0.05;

export type LookToCome = Omit<Look, 'undecided'>;

/**
 * The looks that a config plans, after the stored ones.
 *
 * A single look tests at its plan's full alpha. Several looks share it by alpha spending. The shares are computed for
 * one gain of the largest family at alpha / gains, the level of Holm's first test. They are then multiplied by the
 * number of gains, because adjusted p-values are compared with them.
 *
 * A new plan after others may spend half of the smallest alpha so far. A plan that is repeated keeps its alpha. A plan
 * with too few seeds for any verdict spends nothing.
 */
export function plannedLooks(
  config: Pick<
    ComparisonConfig,
    | 'looks'
    | 'models'
    | 'external'
    | 'seeds'
    | 'points'
    | 'baseline'
    | 'contrasts'
    | 'front'
    | 'uncertainty'
    | 'experiment'
  >,
  stored: readonly Look[],
): readonly LookToCome[] {
  const { tasks } = firstExperiment(config);
  const models = Math.max(
    1,
    config.models.length - 1 + config.external.length,
    config.contrasts.length,
    config.front?.values.length ?? 0,
  );
  const gains = models * tasks.length;
  const plan = config.looks;
  const most = plan.at(-1) ?? 0;
  const decides = most >= fewestRuns || config.uncertainty === 'rows';
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

/** The stored looks of other plans. */
export function ofOtherPlans(looks: readonly Look[], config: Plan): readonly Look[] {
  return looks.filter((look) => !isOfPlan(look, config));
}

/**
 * The strictest stored look at these seeds. If there is none (seeds of several reports), a new look with its own plan.
 */
export function lookAt(of: readonly number[], looks: readonly Look[]): LookToCome {
  const [same] = looks.filter((look) => isEqual(look.of, of)).toSorted((a, b) => a.level - b.level);
  const alpha = alphaAfter(looks);
  return same ?? { seeds: of.length, of, plan: [of.length], alpha, level: alpha };
}

/**
 * Upper bound on the chance of a false difference at any of these looks, in one family: the sum of their plans' alphas.
 */
export function familyError(looks: readonly LookToCome[]): number {
  const onePerPlan = looks.filter((look, index) => looks.findIndex((other) => isSamePlan(look, other)) === index);
  return onePerPlan.reduce((sum, { alpha }) => sum + alpha, 0);
}

/** Whether two looks belong to one plan: the later seeds start with the earlier ones. */
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

export function isEqual(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}
