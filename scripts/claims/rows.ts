// How gains change with the number of rows: what is trained at each, and on which processes the sentence is tested.
import type { Variant } from './claim.js';
import { modelsOf } from './models.js';

export const kinds = ['related', 'conflicting'] as const;

interface Curve {
  readonly kind: (typeof kinds)[number];
  readonly training: 'one pass' | 'to a plateau';
}

export interface Point extends Curve {
  readonly rows: number;
  readonly batch: number;
  readonly draws: number;
  /** At most. One pass: absent. */
  readonly epochs?: number;
  /** What is left out where rows are many. */
  readonly without: { readonly search?: true; readonly wide?: true };
}

const conflicting = ['dataset.correlation=0.2', 'dataset.context={ values: 4, opposed: 0.6 }'];

const unsearched = ['compare.tune=null', 'compare.search=null'];
const middleRate = 'train.optimizer.learningRate=0.012';
const equalModels = `compare.models=${JSON.stringify(modelsOf('rows', (label) => !label.endsWith(', as wide')))}`;

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
  { rows: 1_000_000, batch: 512, draws: 3, epochs: 30, without: { search: true, wide: true } },
] as const;
const trained =
  'train={ epochs: EPOCHS, batchSize: BATCH, optimizer: { type: adam, learningRate: 0.006, clipNorm: 1, schedule: { type: plateau, ratio: 0.3, patience: 2, minimum: 0.01 } }, earlyStopping: { monitor: mean, patience: 6 } }';

export const rowsVariants: readonly (Variant & Point)[] = kinds.flatMap((kind) => [
  ...onePass.map((point) => variant({ ...point, kind, training: 'one pass' })),
  ...toPlateau.map((point) => variant({ ...point, kind, training: 'to a plateau' })),
]);

/** Where none is searched. To a plateau it falls by itself. */
export function fixedRate({ training }: Point): number {
  return training === 'one pass' ? 0.012 : 0.006;
}

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
      ...(kind === 'related' ? [] : conflicting),
      rowsOf(rows),
      `compare.seeds=${draws}`,
      train,
      ...(without.search ? [...unsearched, `train.optimizer.learningRate=${fixedRate(point)}`] : []),
      ...(without.wide ? [equalModels] : []),
    ],
  };
}

function rowsOf(rows: number): string {
  return `dataset.rows={ train: ${rows}, validation: 10000, test: 20000 }`;
}

/** A way to draw two tasks of each kind. */
interface Process {
  readonly name: string;
  readonly words: Readonly<Record<(typeof kinds)[number], readonly string[]>>;
}

const explored: Process = { name: 'explored', words: { related: [], conflicting } };

/** Of each, single-task's errors on two draws were looked at before; nothing of joint models. */
const fresh: readonly Process[] = [
  {
    name: 'harder',
    words: processOf(
      ['dimension=24', 'sines=3', 'scale=0.5', 'noise=[0.02, 2]', 'labelled=[1, 0.3]'],
      ['correlation=0.8', 'context={ values: 6, opposed: 0 }'],
      ['correlation=0.3', 'context={ values: 6, opposed: 0.5 }'],
    ),
  },
  {
    name: 'easier',
    words: processOf(
      ['dimension=10', 'sines=1', 'scale=1', 'noise=[0.005, 0.5]'],
      ['correlation=0.95', 'context={ values: 3, opposed: 0 }'],
      ['correlation=0', 'context={ values: 3, opposed: 0.8 }'],
    ),
  },
];

function processOf(
  all: readonly string[],
  related: readonly string[],
  conflicting: readonly string[],
): Process['words'] {
  const words = (own: readonly string[]) => [...all, ...own].map((word) => `dataset.${word}`);
  return { related: words(related), conflicting: words(conflicting) };
}

/** A table on which the sentence is tested, or at four loss weights of y2. */
export interface Test extends Variant {
  readonly process: string;
  readonly kind: (typeof kinds)[number];
  readonly isFront: boolean;
}

const frontWords = ['compare.front={ loss.weights.y2.initial: [0.1, 0.2, 0.3, 1] }'];

/** Both kinds of tasks at 100,000 rows with other loss weights; of fresh processes also at 100,000 and 1,000,000 rows. */
export const rowsTests: readonly Test[] = [explored, ...fresh].flatMap((process) =>
  kinds.flatMap((kind) => [
    test(process, kind, { rows: 100_000, batch: 64, isFront: true }),
    ...(process === explored
      ? []
      : onePass.slice(1, 3).map((point) => test(process, kind, { ...point, isFront: false }))),
  ]),
);

function test(
  { name, words }: Process,
  kind: (typeof kinds)[number],
  { rows, batch, isFront }: { readonly rows: number; readonly batch: number; readonly isFront: boolean },
): Test {
  return {
    process: name,
    kind,
    isFront,
    config: 'rows',
    name: `claim-rows-${name}-${kind}-${isFront ? 'weights' : rows}`,
    words: [
      ...words[kind],
      rowsOf(rows),
      `train.batchSize=${batch}`,
      'compare.match=parameters',
      equalModels,
      ...unsearched,
      middleRate,
      ...(isFront ? frontWords : []),
    ],
  };
}
