import type { Gain, TestedGain } from '../../comparison/comparison.js';
import { percent, probability, signed } from '../numbers.js';
import { metricName, type PointTask } from '../task-gains.js';

/** The lines of a mark's tooltip: a gain on a task and its statistics. */
export function taskGainLines(own: TestedGain, { name, metric, digits }: PointTask): readonly string[] {
  const relative = own.relativeGain === null ? '' : ` (${percent(own.relativeGain)})`;
  return [
    `${name}: ${signed(own.gain, digits)} ${metricName(metric)}${relative}${own.verdict === null ? '' : `, ${own.verdict}`}`,
    ...knownLines(own, (value) => signed(value, digits)),
  ];
}

/** The same for the mean relative gain. */
export function meanGainLines(own: Gain, digits: number): readonly string[] {
  return [`mean relative gain: ${percent(own.gain, digits)}`, ...knownLines(own, (value) => percent(value, digits))];
}

function knownLines(
  { interval, simultaneous, p, pHolm, gains }: Gain,
  text: (value: number) => string,
): readonly string[] {
  const range = (name: string, ends: readonly [number, number] | null) =>
    ends === null ? [] : [`${name}: ${text(ends[0])} to ${text(ends[1])}`];
  return [
    ...range('interval', interval),
    ...range('simultaneous', simultaneous),
    ...(p === null ? [] : [`p ${probability(p)}, adjusted ${probability(pHolm)}`]),
    ...(gains.length > 1 ? [`by seed: ${gains.map(({ gain }) => text(gain)).join(', ')}`] : []),
  ];
}
