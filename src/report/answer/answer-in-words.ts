import type { Comparison } from '../../comparison/comparison.js';
import { fewestRuns } from '../../comparison/statistics/verdict.js';
import { joined } from '../../support/joined.js';
import { must } from '../../support/must.js';
import { counted } from '../../support/whole-number.js';
import { type GainRow, isDecided } from '../gain-table.js';
import { confidence, count, listed, rounded } from '../numbers.js';
import { type Point, weightedTask } from '../points.js';
import { quoted, say, sentences } from '../sentences.js';
import type { Answer } from './answer.js';
import { amount, findings, withVerdict } from './findings.js';

/** More tasks of one verdict are counted. */
const mostNamed = 4;

/**
 * An answer in sentences, the first with what to do, for a reader who knows the tasks and no statistics. Why there is no
 * verdict at all is said elsewhere.
 */
export function answerInWords(answer: Answer, comparison: Comparison, point: Point): readonly string[] {
  const { baseline, seeds, uncertainty } = comparison;
  if (answer.kind === 'no result') return [say('noResult', { baseline })];
  if (answer.kind === 'no verdict') return [];
  const { use } = answer;
  const model = withSize(use, point);
  const row = (label: string) => must(byLabel(label, point), label);
  const found = (label: string) => findings(row(label), comparison, mostNamed);
  const finding = (label: string) => say('finding', { model: quoted(label), findings: found(label) });
  const rest = () => (use === baseline ? mayBring(comparison, point) : finding(use));
  const without = say('leftOut', { models: listed(point.models.rows.filter(isDecidedInPart).map(nameOf)) });
  switch (answer.kind) {
    case 'untested': {
      const hasFewSeeds = uncertainty !== 'rows' && seeds.length < fewestRuns;
      const few = { seeds: counted(seeds.length, 'seed'), fewest: String(fewestRuns) };
      return [say('useUntested', { model }), hasFewSeeds ? say('fewSeeds', few) : say('noTest')];
    }
    case 'undecided':
      return sentences(say('useForNow', { model, baseline, seeds: counted(seeds.length, 'seed') }), without, rest());
    case 'better': {
      const { mean, reference } = row(use);
      const onMean = withVerdict(row(use), 'better').length > 0 ? '' : (mean?.effectInWords ?? '');
      const all = joined('; ', say('meanBetter', { reference: reference ?? '', gain: onMean }), found(use));
      return sentences(say('use', { model: quoted(use), findings: all }), evidence(comparison, point));
    }
    case 'repaired': {
      const at = point.front?.rows.find((one) => one.model.label === use && one.weight === answer.weight);
      const weighted = { weight: rounded(answer.weight), task: weightedTask(answer.front) };
      return sentences(
        say('useWithWeight', {
          ...weighted,
          model: quoted(use),
          findings: findings(must(at, 'row of the front'), comparison, mostNamed),
        }),
        say('ownWeight', { findings: found(use) }),
        evidence(comparison, point),
      );
    }
    case 'none better': {
      const none = isEveryGainALoss(point)
        ? answer.trade === null
          ? say('useNoneBetter', { model, baseline })
          : say('useNoneWithoutLoss', { model })
        : say('useBestMean', { model });
      const trade = answer.trade === null ? '' : finding(answer.trade);
      return sentences(none, without, trade, rest(), evidence(comparison, point));
    }
  }
}

/** Whether no model with a verdict is better on one task without being worse on another. */
function isEveryGainALoss({ models }: Point): boolean {
  return models.rows.every(
    (row) => row.verdict === plateau || withVerdict(row, 'better').length === 0 || withVerdict(row, 'worse').length > 0,
  );
}

const plateau = 'not trained to a plateau';

/** Whether its verdict waits, though it differs on a task: the answer, which is of the others, must not deny that. */
function isDecidedInPart(row: GainRow): boolean {
  return row.verdict === plateau && row.cells.some(({ gain }) => isDecided(gain.verdict));
}

function nameOf({ model }: GainRow): string {
  return quoted(model.label);
}

/** What the baseline gives up at most: the upper ends of the simultaneous intervals of the other models. */
function mayBring({ test }: Comparison, { models, tasks }: Point): string {
  const bounds = tasks.flatMap((task, index) => {
    const ends = models.rows.flatMap(({ cells }) => {
      const gain = cells[index]?.gain;
      return gain?.verdict === 'undecided' && gain.simultaneous ? [gain.simultaneous[1]] : [];
    });
    const most = Math.max(0, ...ends);
    return most === 0 ? [] : [`${amount(most, task)} on ${task.name}`];
  });
  if (bounds.length > mostNamed) return '';
  return say('mayBring', { bounds: listed(bounds), confidence: confidence(test.level) });
}

/** How sure a reader can be of the differences, and what they hold for. */
function evidence({ seeds, test, uncertainty }: Comparison, { rows }: Point): string {
  const isDrawn = rows.some(({ design }) => design === 'draws' || design === 'splits');
  const chance = rounded(100 * test.level);
  const scope = { seeds: ', for these test rows', rows: ', for these trained models', both: '' };
  const runs = `${counted(seeds.length, 'seed')} of each model${isDrawn ? '' : scope[uncertainty]}`;
  return say('evidence', { runs, chance });
}

/** A model's name, and its size where it is smaller than the baseline. */
function withSize(label: string, point: Point): string {
  const base = point.models.rows.find(({ reference }) => reference === null)?.model;
  const own = byLabel(label, point)?.model.parameters;
  const [size, other] = [own, base?.parameters].map((one) => (one ? one.network + one.embedding : 0));
  if (!base || !size || !other || size >= other) return quoted(label);
  return `${quoted(label)} (${count(size)} parameters; ${base.label} has ${count(other)})`;
}

function byLabel(label: string, { models }: Point) {
  return models.rows.find(({ model }) => model.label === label);
}
