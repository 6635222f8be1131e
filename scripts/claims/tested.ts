// Gains that a table's own tests judge: of real data there is one draw, and errors are over seeds and test rows.
import type { TestedGain } from '../../src/comparison/comparison.js';
import type { Answer, Tables } from './claim.js';
import { type Estimate, estimandTable, verdictOn } from './estimand.js';
import { nameOf } from './models.js';
import { contrasts, gains, rowOf, unsettled } from './tables.js';

/** Of PLE over single-task, and over what the table contrasts it with among `others`. */
export function testedAnswer(
  tables: Tables,
  { others = [], aim = 0 }: { others?: string[]; aim?: number } = {},
): Answer {
  const pairs = tables.flatMap((table) => {
    const level = table.test.level / tables.length;
    const shared = table.contrasts.filter(({ model, reference }) => model === 'ple' && others.includes(reference));
    const among = tables.length > 1 ? table.tasks : [];
    return [rowOf(table, 'ple'), ...shared].map((pair) => ({
      untold: Object.values(pair.tasks).some(({ verdict }) => verdict === null),
      estimates: testedGains(pair, { draws: table.seeds.length, among, level, aim }),
    }));
  });
  const estimates = pairs.flatMap((pair) => pair.estimates);
  const verdict = verdictOn(estimates);
  const count = (of: (one: Estimate) => boolean) => estimates.filter(of).length;
  return {
    verdict,
    ...(verdict === 'cannot be told' && pairs.some(({ untold }) => untold) ? { next: unsettled } : {}),
    sentence: `Of PLE’s ${estimates.length} gains over ${['single-task', ...others.map(nameOf)].join(' and ')}: ${count(({ shown }) => shown)} shown, ${count(({ excluded }) => excluded)} smaller than δ`,
    found: [
      estimandTable(estimates),
      ...tables.flatMap((table) => [gains(table), table.contrasts.length > 0 ? contrasts(table) : '']),
    ],
  };
}

/** PLE and what it is compared with. */
interface TestedPair {
  readonly reference?: string;
  readonly tasks: Readonly<
    Record<string, Pick<TestedGain, 'gain' | 'interval' | 'margin' | 'verdict' | 'pHolm' | 'pEquivalent'>>
  >;
}

/** @param level Of what refutes. Tests are adjusted within the table (Holm). */
export function testedGains(
  { tasks, reference = 'single-task' }: TestedPair,
  { draws, among, level, aim }: { draws: number; among: readonly string[]; level: number; aim: number },
): readonly Estimate[] {
  return Object.entries(tasks).map(([task, { gain, interval, margin, verdict, pHolm, pEquivalent }]) => {
    const inMargins = (value: number | undefined) => (value ?? Number.NaN) / (margin ?? Number.NaN);
    const [low, high] = [inMargins(interval?.[0]), inMargins(interval?.[1])];
    const halfWidth = (high - low) / 2;
    const beside = among.filter((other) => other !== task);
    const against = { worse: pHolm, equivalent: pEquivalent, better: null, undecided: null }[verdict ?? 'undecided'];
    return {
      of: `ple over ${reference}, ${[task, ...beside.map((other) => `beside ${other}`)].join(', ')}`,
      draws,
      delta: 1,
      aim,
      unit: 'margins',
      gain: inMargins(gain ?? undefined),
      interval: [low, high],
      halfWidth,
      shown: verdict === 'better',
      excluded: against !== null && against < level,
      precise: aim === 0 || halfWidth <= aim,
    };
  });
}
