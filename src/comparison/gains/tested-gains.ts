import type { Margin } from '../../config/parts.js';
import type { Metric } from '../../metrics/metric.js';
import type { Aggregate, Comparison, TaskVerdict, TestedGain } from '../comparison.js';
import { detectableGain } from '../statistics/detectable-gain.js';
import type { ErrorOfGain } from '../statistics/gain-error.js';
import { mean } from '../statistics/gain-error.js';
import { type TestedMember, testFamily } from '../statistics/gain-family.js';
import { seedsToDecide } from '../statistics/seeds-to-decide.js';
import { fewestPairs, taskVerdict } from '../statistics/verdict.js';
import { type Compared, type Differences, type JudgedTask, relativeGain } from './task-gain.js';

/** The gains of one model: on each task, and over all tasks. */
export interface TestedGains {
  readonly tasks: readonly (TestedGain & { readonly verdict: TaskVerdict | null })[];
  readonly aggregate: Aggregate | null;
}

interface Table {
  readonly tasks: readonly JudgedTask[];
  readonly uncertainty: Comparison['uncertainty'];
  readonly level: number;
  readonly nextLevel: number;
  readonly margins: Readonly<Record<string, Margin | null>>;
}

/**
 * Tests two families of gains: those on tasks, and the aggregates.
 * @param errors [model][task, then the aggregate]
 */
export function testGains(
  compared: readonly Compared[],
  errors: readonly (readonly ErrorOfGain[])[],
  table: Table,
): readonly TestedGains[] {
  const { tasks, level } = table;
  const cells = compared.map(({ differences }, model) =>
    differences.map((difference, measure) => {
      const { values, reference } = difference;
      const metric = tasks[measure]?.metric;
      const gain = values.length > 0 ? mean(values) : null;
      return {
        difference,
        error: errors[model]?.[measure] ?? { whole: null, seeds: null, rows: null },
        member: {
          gain,
          error: errors[model]?.[measure]?.whole ?? null,
          margin: metric && reference !== null ? marginOf(metric, reference, table.margins) : null,
        },
      };
    }),
  );
  const ofTasks = testFamily(
    cells.flatMap((row) => row.slice(0, -1).map(({ member }) => member)),
    level,
  );
  const ofAggregates = testFamily(
    cells.map((row) => row.at(-1)?.member ?? nothing),
    level,
  );
  const open = (p: 'pHolm' | 'pEquivalent') =>
    Math.max(1, ofTasks.filter((own) => own[p] !== null && own[p] >= level).length);
  const next = { difference: table.nextLevel / open('pHolm'), equivalence: table.nextLevel / open('pEquivalent') };
  const isEnough = (pairs: readonly unknown[]) => pairs.length >= fewestPairs || table.uncertainty === 'rows';
  return cells.map((row, model) => {
    const aggregate = row.at(-1);
    const tested = ofAggregates[model];
    return {
      tasks: tasks.map(({ metric }, task) => {
        const [cell, own] = [row[task], ofTasks[model * tasks.length + task]];
        if (!cell || !own) throw new Error('A family has a member for every cell.');
        const { gain, margin } = cell.member;
        const { reference, values } = cell.difference;
        const enough = isEnough(values);
        const verdict = gain === null ? null : enough ? taskVerdict(gain, own, level) : 'undecided';
        return {
          ...gainOf(cell.difference, own),
          relativeGain: gain === null ? null : relativeGain(gain, reference ?? 0, metric),
          margin,
          pEquivalent: own.pEquivalent,
          pNotInferior: enough ? own.pNotInferior : null,
          verdict,
          detectable:
            own.se && enough
              ? detectableGain(own.se, own.degreesOfFreedom ?? Number.POSITIVE_INFINITY, level / open('pHolm'))
              : null,
          seedsToDecide: verdict === 'undecided' ? untilDecided(cell.difference, cell.error, margin, next) : null,
        };
      }),
      aggregate:
        aggregate && tested && aggregate.member.gain !== null
          ? aggregateOf(aggregate.difference, tested, isEnough(aggregate.difference.values), level)
          : null,
    };
  });
}

function aggregateOf(difference: Differences, tested: TestedMember, isEnough: boolean, level: number): Aggregate {
  const own = { ...gainOf(difference, tested), ...(isEnough ? {} : { pHolm: null }) };
  const { gain, pHolm } = own;
  if (gain === null || pHolm === null || pHolm >= level) return { ...own, verdict: 'undecided' };
  return { ...own, verdict: gain > 0 ? 'better' : 'worse' };
}

const nothing = { gain: null, error: null, margin: null };

function gainOf({ pairs, values }: Differences, { pEquivalent: _e, pNotInferior: _n, ...tested }: TestedMember) {
  return {
    gain: values.length > 0 ? mean(values) : null,
    gains: pairs.map(({ seed }, pair) => ({ seed, gain: values[pair] ?? 0 })),
    ...tested,
  };
}

function untilDecided(
  { values }: Differences,
  { seeds, rows }: ErrorOfGain,
  margin: number | null,
  level: { readonly difference: number; readonly equivalence: number },
): number | null {
  if (seeds === null || seeds.variance === 0) return null;
  return seedsToDecide({ gain: mean(values), seeds, pairs: values.length, rows, margin, level });
}

function marginOf(metric: Metric, reference: number, chosen: Readonly<Record<string, Margin | null>>): number | null {
  const margin = metric.name in chosen ? chosen[metric.name] : metric.margin;
  if (!margin) return null;
  return 'absolute' in margin ? margin.absolute : (Math.abs(reference) * margin.percent) / 100;
}
