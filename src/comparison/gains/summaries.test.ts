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

/** The gains that are tested together. */
function families({ rows, contrasts, means = [] }: Comparison): (Gain | null)[][] {
  const ofPoints = [rows, contrasts].flatMap((all) => groupedBy<(typeof all)[number]>(all, ({ axis }) => axis));
  return [
    ...ofPoints.flatMap((models) => [
      models.flatMap(({ tasks }) => Object.values(tasks)),
      models.map(({ aggregate }) => aggregate),
    ]),
    means.flatMap(({ tasks, aggregate }) => [...Object.values(tasks), aggregate]),
  ];
}

test.each(cases)('$case', async (one) => {
  if (one.refused !== undefined) return expect(summary(one)).rejects.toThrow(new RegExp(`^${one.refused}`));
  const made = await summary(one);
  expect(made).toMatchObject(Object(near(one.expect)));
  if (one.allNotes) expect(made.notes).toEqual(one.allNotes);
  expect(made.notes).toEqual(expect.arrayContaining([...(one.notes ?? [])]));

  // What holds of every comparison. The order in which runs finished does not matter.
  expect(JSON.stringify(await summary(one, reversed))).toBe(JSON.stringify(made));
  // p-values are adjusted by Holm over their family.
  for (const family of families(made)) {
    const ps = family.flatMap((gain) => gain?.p ?? []).toSorted((a, b) => a - b);
    const holm = (p: number) =>
      Math.min(1, Math.max(...ps.flatMap((smaller, rank) => (smaller <= p ? (ps.length - rank) * smaller : []))));
    for (const gain of family) if (gain?.pHolm != null) expect(gain.pHolm).toBeCloseTo(holm(gain.p ?? Number.NaN), 12);
  }
  // A contrast with the baseline is the gain of the table.
  for (const { reference, model, axis, tasks } of made.contrasts) {
    const row = made.rows.find(({ label, axis: at }) => label === model && JSON.stringify(at) === JSON.stringify(axis));
    for (const [task, { gain, se, p }] of Object.entries(reference === 'alone' ? tasks : {}))
      expect(row?.tasks[task]).toMatchObject({ gain, se, p });
  }
});
