import { assignMarks } from './palette.js';
import { type Axis, epochAxis, layer, type Plot, panelWidth } from './plot.js';

interface EpochValues {
  readonly epoch: number;
  /** By name; null or absent: no point. */
  readonly values: Readonly<Record<string, number | null>>;
}

/** A line for each name, with a dot for each epoch. */
export function epochLines(names: readonly string[], epochs: readonly EpochValues[], y: Axis): Plot {
  const series = assignMarks(names);
  const rows = epochs.flatMap(({ epoch, values }) =>
    series.flatMap(({ label, colour, dash }) => {
      const value = values[label] ?? null;
      if (value === null) return [];
      const about = [`${label}, epoch ${epoch}: ${value.toPrecision(4)}`];
      return [{ series: label, x: epoch, y: value, colour, dash, tip: about }];
    }),
  );
  return {
    width: panelWidth.medium - 86,
    height: 190,
    x: { ...epochAxis(epochs.at(-1)?.epoch ?? 1), title: 'epoch' },
    y: { ticks: 5, ...y },
    layers: [layer('line', rows, { width: 2 }), layer('point', rows, { radius: 2.45 })],
  };
}
