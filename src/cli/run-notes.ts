import { pointText } from '../comparison/plan/axis-point.js';
import type { Run } from '../comparison/plan/run.js';

/** Notes on what came out of single runs, gathered, since many runs have the same. */
export interface RunNotes {
  add(run: Pick<Run, 'label' | 'point' | 'values' | 'seed'>, message: string): void;
  /** A line for each message with the runs that have it, which are forgotten. */
  take(): readonly string[];
}

export function gatherRunNotes(): RunNotes {
  const seeds = new Map<string, Map<string, Set<number>>>(); // by message, then by model and point
  return {
    add({ label, point, values, seed }, message) {
      const names = seeds.get(message) ?? new Map<string, Set<number>>();
      const name = [label, pointText({ ...point, ...values }, ' ')].filter((text) => text !== '').join(' ');
      names.set(name, (names.get(name) ?? new Set()).add(seed));
      seeds.set(message, names);
    },
    take() {
      const lines = [...seeds].map(([message, names]) => `${ofWhich(names)}: ${message}`);
      seeds.clear();
      return lines;
    },
  };
}

const mostNamed = 10;

/** `ple seeds 1, 2, 5; mmoe seed 1`; of many runs how many. */
function ofWhich(names: ReadonlyMap<string, ReadonlySet<number>>): string {
  const runs = [...names.values()].reduce((sum, seeds) => sum + seeds.size, 0);
  return runs > mostNamed ? `${runs} runs` : [...names].map(runsText).join('; ');
}

/** `ple seeds 1, 2, 5` */
function runsText([name, seeds]: readonly [string, ReadonlySet<number>]): string {
  return `${name} ${seeds.size === 1 ? 'seed' : 'seeds'} ${[...seeds].toSorted((a, b) => a - b).join(', ')}`;
}
