import type { TaskVerdict } from '../comparison/comparison.js';
import { joined } from '../support/joined.js';
import { effect } from './gain-columns.js';
import type { GainRow } from './gain-rows.js';
import { listed, percent, rounded } from './numbers.js';
import { metricName, type PointTask } from './task-gains.js';

/**
 * What the tests say of a model's gains, verdict by verdict: `better than single-task on a (+1.2 %); undecided on b …`.
 * @param mostNamed More tasks of one verdict are counted.
 */
export function findings(gains: readonly GainRow[], level: number, mostNamed = Number.POSITIVE_INFINITY): string {
  const reference = quoted(gains[0]?.reference ?? '');
  const on = (verdict: TaskVerdict, before: string, size: (row: GainRow) => string) => {
    const own = gains.filter((row) => row.gain !== null && row.verdict === verdict);
    if (own.length === 0) return '';
    if (own.length > mostNamed) return `${before} ${own.length} of ${gains.length} tasks`;
    return `${before} ${listed(own.map((row) => joined(' ', row.task.name, size(row))))}`;
  };
  const missing = gains.filter(({ gain }) => gain === null).map(({ task }) => task.name);
  return joined(
    '; ',
    on('better', `better than ${reference} on`, (row) => `(${effectInWords(row)})`),
    on('worse', `worse than ${reference} on`, (row) => `(${effectInWords(row)})`),
    on('equivalent', `equivalent to ${reference} on`, ({ margin, task }) =>
      margin === null ? '' : `(within ± ${amount(margin, task)})`,
    ),
    on(
      'undecided',
      `undecided against ${reference} on`,
      (row) => `(${joined(', ', effectInWords(row), mostLoss(row, level))})`,
    ),
    on('not trained to a plateau', 'no verdict, for want of training, on', () => ''),
    missing.length === 0 ? '' : `no result on ${listed(missing)}`,
  );
}

/** `+0.0012 AUC`, or of an error `27.1 % less MSE`. */
function effectInWords(row: GainRow): string {
  const { task, relativeGain, percentDigits } = row;
  if (task.percent === null) return `${effect(row)} ${metricName(task.metric)}`;
  if (relativeGain === null) return effect(row);
  const size = percent(Math.abs(relativeGain), percentDigits).replace('+', '');
  return `${size} ${relativeGain < 0 ? 'more' : 'less'} ${metricName(task.metric)}`;
}

/** The margin where a test shows that the loss is below it, else the end of the simultaneous interval. */
function mostLoss({ margin, pNotInferior, simultaneous, task }: GainRow, level: number): string {
  if (margin !== null && pNotInferior !== null && pNotInferior < level) return `at most ${amount(margin, task)} worse`;
  return simultaneous === null ? '' : `at most ${amount(Math.max(0, -simultaneous[0]), task)} worse`;
}

/** A size without its sign, in the unit in which the table has gains. */
export function amount(size: number, { metric, percent }: PointTask): string {
  return percent === null ? `${rounded(size)} ${metricName(metric)}` : `${rounded(size * percent)} %`;
}

/** Puts a label in quotation marks if it could be confused with the sentence's words. */
export function quoted(label: string): string {
  return /[,;.:]\s|\s(and|or|is|on|over)\s/.test(label) ? `“${label}”` : label;
}
