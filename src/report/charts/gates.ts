import { mean } from '../../comparison/statistics/moments.js';
import { shared } from '../../models/options.js';
import type { GateUse } from '../../training/evaluation.js';

/** Whether a gate has a choice. A gate over one expert has none. */
export function choosing({ experts, mean }: GateUse): boolean {
  return experts.length > 1 && mean.length === experts.length;
}

/**
 * Renames experts so that names are comparable between seeds. An expert's number is arbitrary: one seed's third expert
 * may do what another seed's first one does. So the experts of each role (`a/0`, `a/1`: those of task a) are ranked by
 * a gate's mean weights and named by rank: `a 1`. The gate is the role's own; for shared experts, the first gate that
 * sees them. A gate that feeds an expert of the next level gets that expert's name and rank.
 */
export function orderedGates(gates: readonly GateUse[]): readonly GateUse[] {
  const levels = [...new Set(gates.map(({ level }) => level))].toSorted((a, b) => b - a);
  let above: ReadonlyMap<string, string> = new Map();
  const ordered: GateUse[][] = [];
  for (const level of levels) {
    const ranks = [...above.values()];
    const own = gates
      .filter((gate) => gate.level === level)
      .map((use) => ({ ...use, gate: above.get(use.gate) ?? use.gate }))
      .toSorted((a, b) => ranks.indexOf(a.gate) - ranks.indexOf(b.gate));
    const names = rankedNames(own.filter(choosing));
    ordered.unshift(own.map((use) => ({ ...use, experts: use.experts.map((expert) => names.get(expert) ?? expert) })));
    above = names;
  }
  return ordered.flat().filter(choosing);
}

/** New names of a level's experts, ranked by weight within each role. */
function rankedNames(gates: readonly GateUse[]): ReadonlyMap<string, string> {
  const experts = [...new Set(gates.flatMap((use) => use.experts))];
  const roles = [...new Set(experts.map(roleOf))];
  return new Map(
    roles.flatMap((role) => {
      const members = experts.filter((expert) => roleOf(expert) === role);
      const seeing = gates.filter((use) => members.some((expert) => use.experts.includes(expert)));
      const judge = seeing.find(({ gate }) => gate === role && role !== shared) ?? seeing[0];
      const weight = (expert: string) => judge?.mean[judge.experts.indexOf(expert)] ?? 0;
      return members
        .toSorted((a, b) => weight(b) - weight(a))
        .map((expert, rank) => [expert, `${role} ${rank + 1}`] as const);
    }),
  );
}

/** `income/0` -> `income` */
function roleOf(expert: string): string {
  return expert.slice(0, Math.max(0, expert.lastIndexOf('/')));
}

/** A gate's mean over several runs. */
export interface MeanGate {
  readonly level: number;
  readonly gate: string;
  readonly experts: readonly {
    readonly name: string;
    /** Mean over runs of the mean over rows. */
    readonly weight: number;
    readonly low: number;
    readonly high: number;
    /** Standard deviation over rows, mean over runs. */
    readonly overRows: number;
  }[];
}

/** @param runs Runs of one config, each with ordered gates. */
export function meanGates(runs: readonly (readonly GateUse[])[]): readonly MeanGate[] {
  return (runs[0] ?? []).map(({ level, gate }) => {
    const own = runs.flatMap((gates) => gates.find((use) => use.level === level && use.gate === gate) ?? []);
    const names = [...new Set(own.flatMap(({ experts }) => experts))].toSorted(byRank);
    return {
      level,
      gate,
      experts: names.map((name) => {
        const read = (values: (use: GateUse) => readonly number[]) =>
          own.flatMap((use) => values(use)[use.experts.indexOf(name)] ?? []);
        const weights = read((use) => use.mean);
        const spreads = read(({ standardDeviation }) => standardDeviation);
        return {
          name,
          weight: mean(weights),
          low: Math.min(...weights),
          high: Math.max(...weights),
          overRows: mean(spreads),
        };
      }),
    };
  });
}

/** Keeps the order of roles, and sorts members of one role by rank. */
function byRank(a: string, b: string): number {
  const [rankA, rankB] = [a, b].map((name) => name.lastIndexOf(' '));
  if (a.slice(0, rankA) !== b.slice(0, rankB)) return 0;
  return Number(a.slice(rankA)) - Number(b.slice(rankB));
}
