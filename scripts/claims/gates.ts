import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import type { Answer, Table } from './claim.js';
import { diagnosed, expertCells, spread } from './diagnosed.js';
import { less } from './differences.js';
import { type Estimand, estimandTable, estimated, intervalText, verdictOn } from './estimand.js';
import { nameOf } from './models.js';
import { ifSettled, markdown, rowOf } from './tables.js';

interface GateUse {
  readonly level: number;
  readonly gate: string;
  readonly experts: readonly string[];
  readonly mean: readonly number[];
}

/** Models with gates. */
export const gated: readonly string[] = ['mmoe', 'ml-mmoe', 'cgc', 'ple'];

export function gatesAnswer(table: Table): Answer {
  const ofTasks = <Gate extends { readonly level: number; readonly gate: string }>(gates: readonly Gate[]) =>
    gates.filter(
      ({ gate, level }) => table.tasks.includes(gate) && level === Math.max(...gates.map((use) => use.level)),
    );
  const used = gated.map((label) => {
    const row = rowOf(table, label);
    const uses = row.runs.map(({ path }) =>
      ofTasks<GateUse>(JSON.parse(readFileSync(join(table.folder, path, 'gates.json'), 'utf8'))),
    );
    return {
      label,
      all: uses.map((gates) => distance(gates, (expert) => expert)),
      // Gates have their own experts before the shared ones.
      roles: uses.map((gates) => distance(gates, (_, place) => `${place}`)),
      shared: uses.map((gates) => {
        const shared = gates.flatMap(({ experts, mean }) => mean.filter((_, i) => experts[i]?.startsWith('shared/')));
        return shared.reduce((sum, weight) => sum + weight, 0) / gates.length;
      }),
      runs: diagnosed(table, row),
    };
  });
  const lessOf = (of: 'roles' | 'shared', model: number, other: number): Estimand => {
    const [own, others] = [must(used[model], 'a model'), must(used[other], 'a model')];
    return {
      of: `${nameOf(own.label)} less ${nameOf(others.label)}`,
      gains: less(own[of], others[of]),
      delta: 0,
      unit: '',
    };
  };
  const names = ['distance of gates', 'distance of gates', 'weight of shared experts'];
  const estimates = estimated([lessOf('roles', 2, 0), lessOf('roles', 3, 1), lessOf('shared', 3, 2)], table.test.level);
  const [one, two, depth] = estimates.map((estimate) => `${estimate.of} ${intervalText(estimate)}`);
  const lines = used.map(({ label, all, roles, shared, runs }) => [
    label,
    ...[all, roles, shared].map((values) => spread(values, 3)),
    spread(
      runs.map(({ gates }) => mean(ofTasks(gates).map(({ entropy }) => entropy))),
      2,
    ),
    ...expertCells(runs, 1),
  ]);
  const columns = ['all experts', 'own experts taken for one another'].map((which) => `distance, ${which}`);
  const rises = ['an own', 'a shared'].map((which) => `loss without ${which} expert, %`);
  const head = ['model', ...columns, 'weight of shared experts', 'entropy', ...rises, 'dead experts'];
  return {
    ...ifSettled([table], verdictOn(estimates)),
    sentence: `Distance of gates, ${one}, ${two}; weight of shared experts, ${depth}`,
    found: [
      `${estimandTable(estimates.map((estimate, place) => ({ ...estimate, of: `${names[place]}, ${estimate.of}` })))}\n`,
      'The distance of two gates is half the sum of absolute differences of their mean weights (0: the same, 1: no expert in common). In CGC and PLE two tasks have different experts by design, so the test takes own experts for one another. Entropy is of the gates over rows, as a share of its largest value. A loss without an expert is its rise where the gates leave that expert out. ± is the standard deviation over draws.',
      `\n${markdown([head, ...lines])}`,
    ],
  };
}

/** Total variation between the first two gates. */
function distance([a, b]: readonly GateUse[], nameOf: (expert: string, place: number) => string): number {
  const weights = (use: GateUse | undefined) =>
    use?.experts.map((name, i) => [nameOf(name, i), use.mean[i] ?? 0] as const);
  const [first, second] = [new Map(weights(a)), new Map(weights(b))];
  const names = [...new Set([...first.keys(), ...second.keys()])];
  return names.reduce((sum, name) => sum + Math.abs((first.get(name) ?? 0) - (second.get(name) ?? 0)), 0) / 2;
}
