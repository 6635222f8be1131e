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

/** A gain's size as the field tells it: of an error in percent, of any other metric in its own unit. */
export function effect(gain: TestedGain, task: PointTask, point: Point): string {
  if (gain.gain === null) return 'no result';
  return task.percent === null ? signed(gain.gain, task.digits) : relative(gain, task, point);
}

/** The same with its unit. */
export function effectInWords(gain: TestedGain, task: PointTask, point: Point): string {
  const unit = gain.gain === null || task.percent !== null ? '' : ` ${metricName(task.metric)}`;
  return `${effect(gain, task, point)}${unit}`;
}

/** A gain in percent of the baseline's metric. */
export function relative({ relativeGain }: TestedGain, task: PointTask, { rows }: Point): string {
  return percent(relativeGain, percentDigits(rows.map((row) => gainOf(row, task).relativeGain)));
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

/** The simultaneous interval, `[+0.0007, +0.0017]`. Empty without one. */
export function intervalText({ simultaneous }: Gain, digits: number): string {
  return simultaneous === null ? '' : `[${simultaneous.map((end) => signed(end, digits)).join(', ')}]`;
}

/** Confidence of all intervals of a look: `95 %`. */
export function confidence(level: number): string {
  return `${rounded(100 * (1 - level))} %`;
}

export function contrastsAt({ contrasts }: Comparison, { rows }: Point): readonly Contrast[] {
  const [first] = rows;
  return first ? contrasts.filter(({ axis }) => pointKey(axis) === pointKey(first.axis)) : [];
}
