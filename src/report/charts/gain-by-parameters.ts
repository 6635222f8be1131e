import type { Comparison } from '../../comparison/comparison.js';
import { confidence, count } from '../numbers.js';
import { aggregateDigits, pointsOf } from '../points.js';
import { type Datum, type Drawing, description, type Section, tip } from './drawing.js';
import { meanGainLines } from './gain-lines.js';
import { signedAxis } from './gain-range.js';
import { cssColour, modelSeries } from './palette.js';
import { atPoint, chartId, drawnPoints } from './points.js';
import { labelLayers, labelsOf } from './scatter.js';

const plot = { width: 362, height: 260 };

/** The mean relative gain against the number of network parameters, a point per model. */
export function gainByParameters(comparison: Comparison): readonly Section[] {
  const { points, omission } = drawnPoints(pointsOf(comparison), 1);
  const series = modelSeries(comparison);
  const drawings = points.flatMap((point, index): Drawing[] => {
    const models = point.rows.flatMap(({ label, parameters, aggregate }) => {
      const isBaseline = label === comparison.baseline;
      const gain = isBaseline ? 0 : (aggregate?.gain ?? null);
      if (parameters === null || gain === null) return [];
      const model = series.findIndex((one) => one.label === label);
      const { colour = '', shape = '' } = series[model] ?? {};
      const [low, high] = aggregate?.interval ?? [null, null];
      const lines = [
        `${count(parameters.network)} network parameters`,
        ...(aggregate ? meanGainLines(aggregate, aggregateDigits(point)) : []),
      ];
      const about = tip(model, label, ...lines);
      return [{ label, model, colour, shape, network: parameters.network, gain, low, high, tip: about }];
    });
    if (models.length < 2) return [];
    return [
      {
        id: chartId('parameters', index + 1),
        title: atPoint('', point),
        remarks: [],
        panels: [{ title: '', spec: specOf(models) }],
        key: [],
        columns: 1,
      },
    ];
  });
  if (drawings.length === 0) return [];
  const note = [
    `Mean relative gain over ${comparison.baseline} by the parameters of the network (without embeddings), with the ${confidence(comparison.test.level)} interval.`,
    ...omission,
  ].join(' ');
  return [{ id: 'parameters', title: 'Gain and parameters', note, key: [], size: 'medium', drawings }];
}

interface Model {
  readonly label: string;
  readonly model: number;
  readonly colour: string;
  readonly shape: string;
  readonly network: number;
  readonly gain: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly tip: string;
}

/** If the largest number of parameters is this many times the smallest, the axis is logarithmic. */
const logarithmicFrom = 4;

function specOf(models: readonly Model[]): Drawing['panels'][number]['spec'] {
  const sizes = models.map(({ network }) => network);
  const logarithmic = Math.min(...sizes) > 0 && Math.max(...sizes) > logarithmicFrom * Math.min(...sizes);
  const scaled = (size: number) => (logarithmic ? Math.log(size) : size);
  const [least, most] = [scaled(Math.min(...sizes)), scaled(Math.max(...sizes))];
  const space = 0.12 * (most - least || 1);
  const across = [least - space, most + space] as const;
  const ends = models.flatMap(({ gain, low, high }) => [gain, low ?? gain, high ?? gain]);
  const room = 0.06 * (Math.max(...ends) - Math.min(...ends) || 1);
  const up = [Math.min(...ends) - room, Math.max(...ends) + room] as const;
  const pixelX = (size: number) => (plot.width * (scaled(size) - across[0])) / (across[1] - across[0]);
  const pixelY = (gain: number) => (plot.height * (up[1] - gain)) / (up[1] - up[0]);
  const bars = models.map(({ network, low, high, gain }) => {
    const x = pixelX(network);
    return { left: x - 1, right: x + 1, top: pixelY(high ?? gain), bottom: pixelY(low ?? gain) };
  });
  const zero = { left: 0, right: plot.width, top: pixelY(0) - 1, bottom: pixelY(0) + 1 };
  const labels = labelsOf(models, ({ network, gain }) => [pixelX(network), pixelY(gain)], [...bars, zero], plot);
  const x = {
    field: 'network',
    type: 'quantitative' as const,
    scale: logarithmic
      ? { type: 'log' as const, domain: across.map(Math.exp), nice: false }
      : { domain: [...across], nice: false, zero: false },
    axis: { title: 'network parameters', format: '~s', tickCount: 5, grid: false },
  };
  const y = {
    field: 'gain',
    type: 'quantitative' as const,
    scale: { domain: [...up], nice: false, zero: false },
    axis: { ...signedAxis, title: 'mean relative gain, %' },
  };
  const colour = { field: 'colour', type: 'nominal' as const, scale: null };
  return {
    ...plot,
    data: { values: models.map((model): Datum => ({ ...model })) },
    layer: [
      {
        data: { values: [{ zero: 0 }] },
        mark: { type: 'rule', color: cssColour('muted'), strokeDash: [5, 4] },
        encoding: { y: { ...y, field: 'zero' } },
      },
      {
        transform: [{ filter: 'isValid(datum.low)' }],
        mark: { type: 'rule', strokeWidth: 1.3, opacity: 0.6 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color: colour, ...description },
      },
      ...labelLayers(labels),
      {
        mark: { type: 'point', filled: true, size: 75, opacity: 1 },
        encoding: { x, y, color: colour, shape: { field: 'shape', type: 'nominal', scale: null }, ...description },
      },
    ],
  };
}
