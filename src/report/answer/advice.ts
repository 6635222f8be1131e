import type { Comparison, TestedGain } from '../../comparison/comparison.js';
import { count, listed } from '../numbers.js';
import type { Point } from '../points.js';

/**
 * `On Δm, PLE, CGC and MMoE may be best; CGC is the smallest.` Empty if one model alone may be, or none is known.
 * @param use The model of the answer.
 */
export function mayBeBestInWords({ best }: Pick<Point, 'best'>, use: string): string {
  if (!best || best.candidates.length < 2) return '';
  const smallest = best.smallest !== use ? '' : `; ${quoted(use)} is the smallest`;
  return `On Δm, ${listed(best.candidates.map(quoted))} may be best${smallest}.`;
}

/** Nobody collects more times the data that there are. */
const mostTimes = 20;

/**
 * What would decide the undecided gains at a point: more seeds, more test rows, both, or neither; or that their effect,
 * if any, is below the margin. Each gain counts once, with seeds before rows. Empty if all is decided.
 */
export function nextInWords(comparison: Comparison, { models, contrasts }: Point): string {
  const undecided = [...models.rows, ...(contrasts?.rows ?? [])]
    .flatMap(({ cells }) => cells.map(({ gain }) => gain))
    .filter(({ verdict }) => verdict === 'undecided');
  const tested = undecided.filter(({ pHolm }) => pHolm !== null);
  if (undecided.length === 0) return '';
  if (undecided.every(({ gains }) => gains.length === 1) && tested.length === 0)
    return 'One seed allows no test: add seeds (compare.seeds).';
  if (tested.length === 0) return 'There is no test of the undecided gains (see the notes).';
  const open = tested.filter((gain) => !isBelowMargin(gain));
  const bySeeds = open.filter(({ seedsToDecide }) => seedsToDecide !== null);
  const byRows = open.filter(({ seedsToDecide, rowsToDecide }) => seedsToDecide === null && rowsToDecide !== null);
  const byBoth = open.filter(({ timesToDecide }) => timesToDecide !== null && timesToDecide <= mostTimes);
  const beyond = open.filter(({ timesToDecide }) => timesToDecide !== null && timesToDecide > mostTimes);
  const never = open.length - bySeeds.length - byRows.length - byBoth.length - beyond.length;
  const parts: readonly { gains: number; does: string; needs?: string }[] = [
    { gains: bySeeds.length, does: `about ${count(most(bySeeds, 'seedsToDecide'))} seeds would decide` },
    { gains: byRows.length, does: `about ${count(roundedUp(most(byRows, 'rowsToDecide')))} test rows would decide` },
    { gains: byBoth.length, does: `about ${most(byBoth, 'timesToDecide')} times the seeds and test rows would decide` },
    {
      gains: beyond.length,
      does: 'these data cannot decide',
      needs: ` (about ${most(beyond, 'timesToDecide')} times the seeds and test rows would)`,
    },
    { gains: never, does: noneAlone(comparison) },
    { gains: tested.length - open.length, does: 'the effect, if any, is below the margin in' },
  ].filter(({ gains }) => gains > 0);
  const [only, ...others] = parts;
  if (only && others.length === 0)
    return `${capital(only.does)} ${never + beyond.length > 0 || tested.length === 1 ? 'the' : 'all'} ${gainsInWords(tested.length)}${only.needs ?? ''}.`;
  return `Of the ${tested.length} undecided gains, ${listed(parts.map(({ gains, does, needs = '' }) => `${does} ${gains}${needs}`))}.`;
}

function gainsInWords(gains: number): string {
  return gains === 1 ? 'undecided gain' : `${gains} undecided gains`;
}

export function isBelowMargin({ interval, margin }: TestedGain): boolean {
  return interval !== null && margin !== null && -margin < interval[0] && interval[1] < margin;
}

function most(gains: readonly TestedGain[], of: 'seedsToDecide' | 'rowsToDecide' | 'timesToDecide'): number {
  return Math.max(...gains.map((gain) => gain[of] ?? 0));
}

/** To two significant digits. */
function roundedUp(rows: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(rows)) - 1);
  return unit * Math.ceil(rows / unit);
}

function noneAlone({ uncertainty, test: { drawn } }: Comparison): string {
  if (uncertainty === 'rows') return 'more test rows would not decide';
  return drawn === null ? 'more seeds would not decide' : 'more seeds and test rows would not decide';
}

/** Puts a label in quotation marks if it could be confused with the sentence's words. */
export function quoted(label: string): string {
  return /[,;.:]\s|\s(and|or|is|on|over)\s/.test(label) ? `“${label}”` : label;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
