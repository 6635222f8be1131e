import type { Comparison, Contrast, Gain, TaskVerdict, TestedGain, Verdict } from '../comparison/comparison.js';
import { pointKey } from '../comparison/plan/axis-point.js';
import { percent, percentDigits, rounded, signed } from './numbers.js';
import { gainOf, metricName, type Point, type PointTask } from './points.js';
import type { TextCell } from './text-table.js';

/** The sign after a gain, by verdict. */
export const signs: Readonly<Record<TaskVerdict, string>> = {
  better: '▲',
  worse: '▼',
  equivalent: '=',
  undecided: '?',
};

/** A text with its verdict's sign, for a terminal. */
export function withSign(text: string, verdict: TaskVerdict | null, colour: boolean): TextCell {
  if (verdict === null) return text;
  const whole = `${text} ${signs[verdict]}`;
  if (!colour || (verdict !== 'better' && verdict !== 'worse')) return whole;
  return { text: whole, after: '', colour: verdict === 'better' ? 'green' : 'red' };
}

/** A gain's size: in percent, or in the task's metric if it is relative to nothing. */
export function effect({ gain, relativeGain }: TestedGain, task: PointTask, point: Point): string {
  if (gain === null) return 'no result';
  if (relativeGain === null) return `${signed(gain, task.digits)} ${metricName(task.metric)}`;
  return percent(relativeGain, relativeDigits(point, task));
}

function relativeDigits({ rows }: Point, task: PointTask): number {
  return percentDigits(rows.map((row) => gainOf(row, task).relativeGain));
}

/** Decimals of the mean relative gains. */
export function aggregateDigits({ rows }: Point): number {
  return percentDigits(rows.map(({ aggregate }) => aggregate?.gain ?? null));
}

/** A model's verdict, or a text that says it has no gain. */
export function verdictText(verdict: Verdict, tasks: Readonly<Record<string, Gain>>): string {
  return verdict === 'baseline' || Object.values(tasks).some(({ gain }) => gain !== null) ? verdict : 'no result';
}

/** Whether the test shows that the gain is above -margin. */
export function isNotInferior({ pNotInferior }: TestedGain, level: number): boolean {
  return pNotInferior !== null && pNotInferior < level;
}

/** The interval type of a table on a page: simultaneous if available, since it covers all gains at once. */
export function intervalKind({ rows }: Point, level: number): IntervalKind | null {
  const gains = rows.flatMap(({ tasks }) => Object.values(tasks));
  if (gains.some(({ simultaneous }) => simultaneous !== null))
    return { words: `${confidence(level)} simultaneous interval`, of: ({ simultaneous }) => simultaneous };
  return gains.some(({ interval }) => interval !== null)
    ? { words: '95 % interval', of: ({ interval }) => interval }
    : null;
}

/** `[+0.0007, +0.0017]`. Empty without an interval. */
export function intervalText(gain: Gain, kind: IntervalKind | null, digits: number): string {
  const ends = kind?.of(gain) ?? null;
  return ends === null ? '' : `[${ends.map((end) => signed(end, digits)).join(', ')}]`;
}

/** Confidence of simultaneous intervals: `95 %`. */
export function confidence(level: number): string {
  return `${rounded(100 * (1 - level))} %`;
}

export interface IntervalKind {
  readonly words: string;
  of(gain: Gain): Gain['interval'];
}

export function contrastsAt({ contrasts }: Comparison, { rows }: Point): readonly Contrast[] {
  const [first] = rows;
  return first ? contrasts.filter(({ axis }) => pointKey(axis) === pointKey(first.axis)) : [];
}
