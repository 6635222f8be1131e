// How gains change with the number of rows: what is trained at each.
import type { Variant } from './claim.js';
import { modelsOf } from './models.js';

interface Curve {
  readonly kind: 'related' | 'conflicting';
  readonly training: 'one pass' | 'to a plateau';
}

const kinds = {
  related: [],
  conflicting: ['dataset.correlation=0.2', 'dataset.context={ values: 4, opposed: 0.6 }'],
} as const;

export interface Point extends Curve {
  readonly rows: number;
  readonly batch: number;
  readonly draws: number;
  /** At most. One pass: absent. */
  readonly epochs?: number;
  /** What is left out where rows are many. */
  readonly without: { readonly search?: true; readonly wide?: true };
}

/** Steps grow with the rows, and so does the batch. */
const onePass = [
  { rows: 10_000, batch: 32, draws: 10, without: {} },
  { rows: 100_000, batch: 64, draws: 10, without: {} },
  { rows: 1_000_000, batch: 256, draws: 10, without: {} },
  { rows: 10_000_000, batch: 1024, draws: 4, without: { search: true, wide: true } },
] as const;
const toPlateau = [
  { rows: 10_000, batch: 64, draws: 10, epochs: 150, without: {} },
  { rows: 100_000, batch: 128, draws: 5, epochs: 60, without: { search: true } },
  { rows: 1_000_000, batch: 512, draws: 4, epochs: 30, without: { search: true, wide: true } },
] as const;
const trained =
  'train={ epochs: EPOCHS, batchSize: BATCH, optimizer: { type: adam, learningRate: 0.006, clipNorm: 1, schedule: { type: plateau, ratio: 0.3, patience: 2, minimum: 0.01 } }, earlyStopping: { monitor: mean, patience: 6 } }';

export const rowsVariants: readonly (Variant & Point)[] = (['related', 'conflicting'] as const).flatMap((kind) => [
  ...onePass.map((point) => variant({ ...point, kind, training: 'one pass' })),
  ...toPlateau.map((point) => variant({ ...point, kind, training: 'to a plateau' })),
]);

function variant(point: Point): Variant & Point {
  const { kind, training, rows, batch, draws, epochs, without } = point;
  const train = epochs
    ? trained.replace('EPOCHS', `${epochs}`).replace('BATCH', `${batch}`)
    : `train.batchSize=${batch}`;
  return {
    ...point,
    config: 'rows',
    name: `claim-rows-${kind}-${training === 'one pass' ? 'pass' : 'plateau'}-${rows}`,
    words: [
      ...kinds[kind],
      `dataset.rows={ train: ${rows}, validation: 10000, test: 20000 }`,
      `compare.seeds=${draws}`,
      train,
      ...(without.search ? ['compare.tune=null', 'compare.search=null', ...fixedRate(point)] : []),
      ...(without.wide
        ? [`compare.models=${JSON.stringify(modelsOf('rows', (label) => !label.endsWith(', as wide')))}`]
        : []),
    ],
  };
}

/** To a plateau the rate falls by itself. */
function fixedRate({ training }: Point): readonly string[] {
  return training === 'one pass' ? ['train.optimizer.learningRate=0.012'] : [];
}
