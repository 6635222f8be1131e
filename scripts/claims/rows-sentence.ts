// The sentence on gains over rows, and its test on processes that were not explored.
import { mean } from '../../src/comparison/statistics/moments.js';
import { must } from '../../src/support/must.js';
import { lossAtBestWeight } from './best-weight.js';
import type { Table } from './claim.js';
import { less } from './differences.js';
import { type Each, type Estimand, inMargins, type Reading, shownIn } from './estimand.js';
import type { Test } from './rows.js';
import { rowOf } from './tables.js';

export const rowsSentence =
  'In one pass over 10^5 and 10^6 rows joint models trade, at equal parameters and loss weights: each of the four makes more error than single-task on the task with hardly any noise; hard sharing makes less on the noisy one with few labels, and the gated models do so only as far as tasks are related. No loss weight lets one of them gain on both.';

const gated = ['mmoe', 'cgc', 'ple'];
const joint = ['hard-sharing', ...gated];

/** Tables of one process, each at a number of rows or at several loss weights. */
export type Tested = Test & { readonly table: Table };

export function readingOf(process: string, tests: readonly Tested[]): Reading {
  const own = tests.filter((test) => test.process === process);
  const [fronts, tables] = [own.filter(({ isFront }) => isFront), own.filter(({ isFront }) => !isFront)];
  const of = (kind: string) => tables.filter((test) => test.kind === kind);
  const gatedGains = (kind: string) =>
    meanOf(of(kind).flatMap(({ table }) => gated.map((model) => gains(table, model, 'y2'))));
  const estimands = [
    ...joint.map((model) => ({
      of: `${model}: loss on y1`,
      gains: meanOf(tables.map(({ table }) => gains(table, model, 'y1'))).map((gain) => -gain),
    })),
    { of: 'hard sharing: gain on y2', gains: meanOf(tables.map(({ table }) => gains(table, 'hard-sharing', 'y2'))) },
    {
      of: 'gated models: gain on y2, related less conflicting',
      gains: less(gatedGains('related'), gatedGains('conflicting')),
    },
    ...joint.map((model) => {
      const losses = fronts.map(({ table }) => lossAtBestWeight(table, labelOf(model)));
      const everywhere = combined(losses.map(({ everywhere = [] }) => everywhere)).map((tables) =>
        combined(tables).map(meanOf),
      );
      return { of: `${model}: loss at its best weight`, gains: meanOf(losses.map((loss) => loss.gains)), everywhere };
    }),
  ].map((one): Estimand => ({ ...one, delta: 1, unit: 'margins' }));
  return {
    name: `The ${process} process`,
    estimands,
  };
}

function gains(table: Table, model: string, task: string): readonly number[] {
  return inMargins(table, rowOf(table, labelOf(model)), rowOf(table, table.baseline), [task]);
}

/** What was found on the processes. */
export function foundOf(each: Each): string {
  const error = (of: string, sign: number) =>
    each((all) =>
      times(
        sign *
          must(
            all.find((one) => one.of === of),
            of,
          ).gain,
      ),
    );
  const shown = each((all) => shownIn(all));
  return `On a harder/easier process hard sharing’s error is ${error('hard-sharing: loss on y1', 1)} times single-task’s with little noise, ${error('hard sharing: gain on y2', -1)} with much; ${shown} of 10 parts shown`;
}

/** A ratio of errors from its logarithm in margins. */
function times(margins: number): string {
  return Math.exp(margins / 20).toPrecision(2);
}

function labelOf(model: string): string {
  return `${model}, equal`;
}

/** One of each, in every way. */
function combined<One>(all: readonly (readonly One[])[]): readonly (readonly One[])[] {
  return all.reduce<readonly (readonly One[])[]>(
    (before, next) => before.flatMap((some) => next.map((one) => [...some, one])),
    [[]],
  );
}

/** By draw: the mean over tables. */
function meanOf(all: readonly (readonly number[])[]): readonly number[] {
  return must(all[0], 'a table').map((_, draw) => mean(all.map((gains) => must(gains[draw], 'a draw'))));
}
