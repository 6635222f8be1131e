import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { groupedBy } from '../../support/json.js';
import type { Comparison, Gain } from '../comparison.js';
import type { Entry } from '../stored/entry.js';
import { entryOf, type ModelFacts, plainOptions } from './evaluated-run.fixture.js';
import { type SummaryOptions, summarize } from './summarize.js';

interface Case {
  readonly case: string;
  readonly tasks?: Readonly<Record<string, string>>;
  readonly options?: Partial<SummaryOptions>;
  readonly models: readonly [ModelFacts, ...ModelFacts[]];
  readonly expect?: object;
  /** Some of the notes, or all of them. */
  readonly notes?: readonly string[];
  readonly allNotes?: readonly string[];
  readonly refused?: string;
}

const file = join(import.meta.dirname, '../goldens/summaries.yaml');
const { cases }: { readonly cases: readonly Case[] } = parse(readFileSync(file, 'utf8'), { merge: true });

function summary(
  { tasks = { click: 'binary', buy: 'binary' }, options, models }: Case,
  order = (runs: Entry['runs']) => runs,
): Promise<Comparison> {
  const entries = models.map((model) => entryOf(model, models[0]));
  const seeds = new Set(entries[0]?.runs.map(({ seed }) => seed)).size;
  return summarize(
    entries.map((entry) => ({ ...entry, runs: order(entry.runs) })),
    {
      ...{ name: 'made', baseline: 'alone', uncertainty: 'seeds', ...plainOptions(seeds), ...options },
      tasks: Object.entries(tasks).map(([name, type]) => ({ name, type })),
    },
  );
}

/** Seed by seed. */
const reversed = (runs: Entry['runs']) =>
  groupedBy(runs, ({ seed }) => seed)
    .toReversed()
    .flat();

/** Numbers are right to 3e-5. */
function near(wanted: unknown): unknown {
  if (typeof wanted === 'number') return expect.closeTo(wanted, -Math.log10(2 * (3e-5 * Math.abs(wanted) + 1e-9)));
  if (wanted === 'below .05') return { asymmetricMatch: (value: unknown) => typeof value === 'number' && value < 0.05 };
  if (Array.isArray(wanted)) return wanted.map(near);
  if (typeof wanted !== 'object' || wanted === null) return wanted;
  return Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, near(value)]));
}

/** The gains of a model or contrast: by task, and their mean. */
function nested(gains: readonly Gain[]) {
  const shown = gains.map(({ low, high, value, bySeed, oneEpoch, ...gain }) => ({
    ...{ ...gain, mean: value, gains: bySeed },
    interval: low === null ? null : [low, high],
    oneEpoch: oneEpoch && { ...oneEpoch, mean: oneEpoch.value },
  }));
  return {
    tasks: Object.fromEntries(shown.flatMap((gain) => (gain.task === undefined ? [] : [[gain.task, gain]]))),
    aggregate: shown.find(({ task }) => task === undefined) ?? null,
  };
}

/** As the table of cases has it: each model, contrast and mean with its gains. */
function byModel({ models, contrasts, gains, ...rest }: Comparison) {
  const of = (family: Gain['family'], model: string, reference: string | null, point: object = {}) =>
    gains.filter((gain) => {
      const isMeant =
        gain.family === family && gain.model === model && (reference === null || gain.reference === reference);
      return isMeant && JSON.stringify(gain.point) === JSON.stringify(point);
    });
  const points = groupedBy(models, ({ point }) => point).map(([{ point }]) => point);
  const means = groupedBy(
    gains.filter(({ family }) => family === 'means'),
    ({ model, reference }) => [model, reference],
  );
  return {
    ...rest,
    rows: models.map(({ point, ...model }) => ({
      ...{ ...model, axis: point },
      ...nested(of('models', model.label, null, point)),
    })),
    contrasts: points.flatMap((point) =>
      contrasts.map((sides) => {
        const ofContrast = of('contrasts', sides.model, sides.reference, point);
        return { ...sides, axis: point, ...nested(ofContrast), verdict: ofContrast[0]?.modelVerdict };
      }),
    ),
    ...(means.length > 0
      ? {
          means: means.map((ofPair) => ({ model: ofPair[0].model, reference: ofPair[0].reference, ...nested(ofPair) })),
        }
      : {}),
  };
}

/** The gains that are tested together. */
function families({ gains }: Comparison): readonly (readonly Gain[])[] {
  return groupedBy(gains, ({ family, point, mean }) => [family, point, family !== 'means' && mean]);
}

test.each(cases)('$case', async (one) => {
  if (one.refused !== undefined) return expect(summary(one)).rejects.toThrow(new RegExp(`^${one.refused}`));
  const made = await summary(one);
  expect(byModel(made)).toMatchObject(Object(near(one.expect)));
  if (one.allNotes) expect(made.notes).toEqual(one.allNotes);
  expect(made.notes).toEqual(expect.arrayContaining([...(one.notes ?? [])]));

  // What holds of every comparison. The order in which runs finished does not matter.
  expect(JSON.stringify(await summary(one, reversed))).toBe(JSON.stringify(made));
  // p-values are adjusted by Holm over their family.
  for (const family of families(made)) {
    const ps = family.flatMap(({ p }) => p ?? []).toSorted((a, b) => a - b);
    const holm = (p: number) =>
      Math.min(1, Math.max(...ps.flatMap((smaller, rank) => (smaller <= p ? (ps.length - rank) * smaller : []))));
    for (const { p, pHolm } of family) if (pHolm !== null) expect(pHolm).toBeCloseTo(holm(p ?? Number.NaN), 12);
  }
  // A contrast with the baseline is the gain of the table.
  for (const contrast of made.gains.filter(
    ({ family, reference }) => family === 'contrasts' && reference === 'alone',
  )) {
    const { model, point, task, gain, se, p } = contrast;
    const row = made.gains.find((one) => {
      const isSame = one.family === 'models' && one.model === model && one.task === task && task !== undefined;
      return isSame && JSON.stringify(one.point) === JSON.stringify(point);
    });
    if (row) expect(row).toMatchObject({ gain, se, p });
  }
});
