import type { Margin } from '../../config/parts.js';
import type { Metric } from '../../metrics/metric.js';
import type { Aggregate, Comparison, TaskVerdict, TestedGain } from '../comparison.js';
import type { EstimateError } from '../statistics/behrens-fisher.js';
import { detectableGain } from '../statistics/detectable-gain.js';
import { type FamilyMember, type TestedMember, testFamily } from '../statistics/gain-family.js';
import { mean } from '../statistics/moments.js';
import { fewestRuns, taskVerdict } from '../statistics/verdict.js';
import { rowsToDecide, seedsToDecide, timesToDecide } from '../statistics/what-decides.js';
import { type Compared, type Measure, runCount } from './compared-model.js';
import { type JudgedTask, relativeGain } from './task-gain.js';

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
 * Tests two families of gains: those on tasks, and the means over tasks.
 * @param errors [model][task, then the mean over tasks]
 */
export function testGains(
  compared: readonly Compared[],
  errors: readonly (readonly (EstimateError | null)[])[],
  table: Table,
): readonly TestedGains[] {
  const { tasks, level } = table;
  const cells = compared.map(({ measures, design }, model) =>
    measures.map((measure, place): Cell => {
      const metric = tasks[place]?.metric;
      const { gain, level: reference } = measure;
      const error = errors[model]?.[place] ?? null;
      const margin = metric && reference !== null ? marginOf(metric, reference, table.margins) : null;
      return { measure, design, member: { gain, error, margin } };
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
  const isEnough = ({ design, measure }: Cell) =>
    runCount({ design }, measure) >= fewestRuns || table.uncertainty === 'rows';
  return cells.map((row, model) => {
    const aggregate = row.at(-1);
    const tested = ofAggregates[model];
    return {
      tasks: tasks.map((_, task) => {
        const [cell, own] = [row[task], ofTasks[model * tasks.length + task]];
        if (!cell || !own) throw new Error('A family has a member for every cell.');
        const { gain, margin, error } = cell.member;
        const enough = isEnough(cell);
        const verdict = gain === null ? null : enough ? taskVerdict(gain, own, level) : 'undecided';
        return {
          ...gainOf(cell, own),
          relativeGain: gain === null ? null : relativeGain(gain, cell.measure.level ?? 0),
          margin,
          pEquivalent: own.pEquivalent,
          pNotInferior: enough ? own.pNotInferior : null,
          verdict,
          detectable: own.se && error && enough ? detectableGain(error, level / open('pHolm')) : null,
          ...(verdict === 'undecided' ? untilDecided(cell, next) : decided),
        };
      }),
      aggregate:
        aggregate && tested && aggregate.member.gain !== null
          ? aggregateOf(aggregate, tested, isEnough(aggregate), level)
          : null,
    };
  });
}

type Cell = Pick<Compared, 'design'> & { readonly measure: Measure; readonly member: FamilyMember };

function aggregateOf(cell: Cell, tested: TestedMember, isEnough: boolean, level: number): Aggregate {
  const own = { ...gainOf(cell, tested), ...(isEnough ? {} : { pHolm: null }) };
  const { gain, pHolm } = own;
  if (gain === null || pHolm === null || pHolm >= level) return { ...own, verdict: 'undecided' };
  return { ...own, verdict: gain > 0 ? 'better' : 'worse' };
}

const nothing = { gain: null, error: null, margin: null };

function gainOf({ measure, design }: Cell, { pEquivalent: _e, pNotInferior: _n, ...tested }: TestedMember) {
  const { model, reference, gain } = measure;
  const against = (run: number) =>
    design === 'independent' ? mean(reference.values) : (reference.values[run] ?? Number.NaN);
  const gains = model.runs.map(({ seed }, run) => ({ seed, gain: (model.values[run] ?? 0) - against(run) }));
  return { gain, gains: gain === null ? [] : gains, ...tested };
}

/** Of a gain that needs nothing more. */
export const decided = { seedsToDecide: null, rowsToDecide: null, timesToDecide: null };

function untilDecided(
  { measure, member: { gain, error, margin } }: Cell,
  level: { readonly difference: number; readonly equivalence: number },
): Pick<TestedGain, keyof typeof decided> {
  const [first] = measure.model.runs;
  if (gain === null || error === null || !first) return decided;
  const undecided = { gain, error, margin, level };
  const seeds = seedsToDecide(undecided);
  const rows = rowsToDecide(undecided, first.run.result.dataset.rows.test);
  const isBoth = error.known > 0 && error.estimated.length > 0 && seeds === null && rows === null;
  return { seedsToDecide: seeds, rowsToDecide: rows, timesToDecide: isBoth ? timesToDecide(undecided) : null };
}

function marginOf(metric: Metric, reference: number, chosen: Readonly<Record<string, Margin | null>>): number | null {
  const margin = metric.name in chosen ? chosen[metric.name] : metric.margin;
  if (!margin) return null;
  return 'absolute' in margin ? margin.absolute : (Math.abs(reference) * margin.percent) / 100;
}
