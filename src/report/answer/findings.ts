import type { Comparison, TaskVerdict } from '../../comparison/comparison.js';
import { joined } from '../../support/joined.js';
import type { GainCell, GainRow } from '../gain-table.js';
import { confidence, listed, rounded } from '../numbers.js';
import { quoted, say } from '../sentences.js';
import { metricName } from '../task-gains.js';

/**
 * What the tests say of a row against its reference, task by task: `better than single-task on a (+1.2 %); undecided …`.
 * @param mostNamed More tasks of one verdict are counted.
 */
export function findings(row: GainRow, { test }: Comparison, mostNamed = Number.POSITIVE_INFINITY): string {
  const reference = quoted(row.reference ?? '');
  const on = (verdict: TaskVerdict, size: (cell: GainCell) => string) => {
    const cells = withVerdict(row, verdict);
    if (cells.length > mostNamed) return `${cells.length} of ${row.cells.length} tasks`;
    return listed(cells.map((cell) => `${cell.task.name} (${size(cell)})`));
  };
  const open = withVerdict(row, 'undecided');
  const isBounded = open.length <= mostNamed && open.every((cell) => mostLoss(cell, test.level) !== '');
  const undecided = { reference, tasks: on('undecided', (cell) => openEffect(cell, test.level)) };
  const missing = row.cells.filter(({ gain }) => gain.gain === null).map(({ task }) => task.name);
  return joined(
    '; ',
    say('better', { reference, tasks: on('better', effect) }),
    say('worse', { reference, tasks: on('worse', effect) }),
    say('equivalent', { reference, tasks: on('equivalent', (cell) => say('withinMargin', { margin: margin(cell) })) }),
    isBounded ? say('bounded', { ...undecided, confidence: confidence(test.level) }) : say('undecided', undecided),
    say('waiting', { tasks: listed(withVerdict(row, 'not trained to a plateau').map(({ task }) => task.name)) }),
    say('missing', { tasks: listed(missing) }),
  );
}

export function withVerdict(row: GainRow, verdict: TaskVerdict): readonly GainCell[] {
  return row.cells.filter(({ gain }) => gain.verdict === verdict);
}

function effect({ text }: GainCell): string {
  return text?.effectInWords ?? '';
}

function openEffect(cell: GainCell, level: number): string {
  return say('atMostWorse', { effect: effect(cell), loss: mostLoss(cell, level) }) || effect(cell);
}

/** The margin where a test shows that the loss is below it, else the end of the simultaneous interval. Empty without one. */
function mostLoss({ gain, task }: GainCell, level: number): string {
  const { margin, pNotInferior, simultaneous } = gain;
  if (margin !== null && pNotInferior !== null && pNotInferior < level) return amount(margin, task);
  return simultaneous === null ? '' : amount(Math.max(0, -simultaneous[0]), task);
}

function margin({ gain, task }: GainCell): string {
  if (gain.margin === null) return 'the margin';
  return `${amount(gain.margin, task)}${task.percent === null ? '' : ` of the ${metricName(task.metric)}`}`;
}

/** A size without its sign, in the unit in which the table has gains. */
export function amount(size: number, { metric, percent }: GainCell['task']): string {
  return percent === null ? `${rounded(size)} ${metricName(metric)}` : `${rounded(size * percent)} %`;
}
