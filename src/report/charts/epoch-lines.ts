import { type Datum, description, type PanelSpec, tip } from './drawing.js';
import { seriesOf } from './palette.js';

interface EpochValues {
  readonly epoch: number;
  /** By name; null or absent: no point. */
  readonly values: Readonly<Record<string, number | null>>;
  /** What the pointer is told besides, by name. */
  readonly remarks?: Readonly<Record<string, string>>;
}

interface Axis {
  /** Of the data. */
  readonly field: string;
  readonly title: string;
  /** Of the panel. */
  readonly width: number;
  readonly domain?: readonly [number, number];
}

/** A line for each name, with a dot for each epoch. */
export function epochLines(names: readonly string[], epochs: readonly EpochValues[], axis: Axis): PanelSpec {
  const series = seriesOf(names);
  const values = epochs.flatMap(({ epoch, values: ofEpoch, remarks }) =>
    names.map((task, index): Datum => {
      const { colour = '', dash = [] } = series[index] ?? {};
      const value = ofEpoch[task] ?? null;
      return {
        task,
        epoch,
        [axis.field]: value,
        colour,
        dash,
        tip: tip(null, `${task}, epoch ${epoch}: ${value?.toPrecision(4)}${remarks?.[task] ?? ''}`),
      };
    }),
  );
  const x = {
    field: 'epoch',
    type: 'quantitative' as const,
    scale: { zero: false, nice: false },
    axis: { format: 'd', grid: false, tickMinStep: 1, title: 'epoch' },
  };
  const y = {
    field: axis.field,
    type: 'quantitative' as const,
    axis: { title: axis.title, tickCount: 5 },
    ...(axis.domain ? { scale: { domain: [...axis.domain] } } : {}),
  };
  const color = { field: 'colour', type: 'nominal' as const, scale: null };
  return {
    width: axis.width - 86,
    height: 190,
    data: { values },
    layer: [
      {
        mark: { type: 'line', strokeWidth: 2 },
        encoding: {
          x,
          y,
          color,
          strokeDash: { field: 'dash', type: 'nominal', scale: null },
          detail: { field: 'task' },
        },
      },
      { mark: { type: 'circle', size: 24, opacity: 1 }, encoding: { x, y, color, ...description } },
    ],
  };
}
