/**
 * The part of a starting config that does not depend on the data: small models, initial settings. It is text, so that
 * this file need not know their names.
 * @param rows Number of rows in the training files.
 * @param sparse An input with many values that have few rows each.
 * @param models Further ones of the comparison, a line of YAML each.
 */
export function trainingText(
  tasks: number,
  rows: number,
  sparse: { readonly name: string; readonly different: number } | undefined,
  models: readonly string[] = [],
): { readonly compare: readonly string[]; readonly run: string } {
  const several = tasks > 1;
  const { epochs, batchSize, patience, rate, fall } = settingsFor(rows);
  return {
    compare: several ? [comparison(tasks, rows, models)] : [],
    run: `model: ${several ? '{ type: ple, levels: [[64], [32]], tower: [16], experts: { shared: 1, task: 1 } }' : '{ type: single-task, levels: [[64], [32]], tower: [16] }'}
train:
  epochs: ${epochs}
  batchSize: ${batchSize}
  optimizer: { type: adam, learningRate: ${rate}${sparse ? ', l2Embeddings: 0.001' : ''}, schedule: { type: plateau, ratio: 0.3, patience: ${fall}, minimum: 0.01 } }${sparse ? ` # few rows for each of the ${sparse.different} values of ${sparse.name}` : ''}
  earlyStopping: { monitor: mean, patience: ${patience} }
`,
  };
}

/** A table with fewer rows is small. */
const smallRows = 10_000;

/**
 * With this many rows each model chooses by validation between narrow and wide layers, with dropout or not. On twelve
 * tables (docs/data.md) wide layers with dropout as a choice lowered errors by 3.5 % from 1,000 rows on, and raised them
 * by 1 % below. Above 3,000 they were not tried, and take longer.
 */
const tunedRows = { from: 1000, to: 3000 };

function comparison(tasks: number, rows: number, models: readonly string[]): string {
  const isTuned = rows >= tunedRows.from && rows <= tunedRows.to;
  const choice = (narrow: string, wide: string) =>
    isTuned ? `, tune: { model.levels: [${narrow}, ${wide}], model.dropout: [0, 0.1] }` : '';
  const one = `levels: [[64]], tower: [32, 16]`;
  const ofOne = choice('[[64]]', '[[128]]');
  const two = `levels: [[64], [32]], tower: [16]`;
  const ofTwo = choice('[[64], [32]]', '[[128], [64]]');
  return `compare:
  models:${isTuned ? ' # each with the layers and dropout that are best on validation' : ''}
    - { type: single-task, ${two}${ofTwo} }
    - { type: hard-sharing, ${one}${ofOne} }
    - { type: mmoe, ${one}, experts: ${tasks + 1}${ofOne} }
    - { type: cgc, ${one}, experts: { shared: 1, task: 1 }${ofOne} }
    - { type: ple, ${two}, experts: { shared: 1, task: 1 }${ofTwo} }
${models.map((line) => `    ${line}\n`).join('')}  seeds: 5`;
}

/** Steps of a small table: at most, without an improvement until training ends, and until the rate falls. */
const [leastSteps, leastPatience, leastFall] = [24_000, 2000, 600];

interface Settings {
  readonly epochs: number;
  readonly batchSize: number;
  /** Adam's learning rate at the start. */
  readonly rate: number;
  /** Epochs without an improvement until the rate falls, and until training ends. */
  readonly fall: number;
  readonly patience: number;
}

/**
 * About a hundred steps per epoch, and fewer epochs if an epoch has more rows. Small tables have fewer steps. Tried on
 * six public tables, and judged on six others (docs/data.md): from 10,000 rows on the higher rate that falls is better; a
 * small table is at its best after a few epochs, and a low rate finds that.
 */
function settingsFor(rows: number): Settings {
  const batchSize = Math.min(4096, Math.max(16, 2 ** Math.round(Math.log2(rows / 100))));
  const toEpochs = (steps: number) => Math.ceil(steps / Math.ceil((0.8 * rows) / batchSize));
  if (rows < smallRows) {
    const [epochs, patience, fall] = [toEpochs(leastSteps), toEpochs(leastPatience), toEpochs(leastFall)];
    return { epochs, batchSize, rate: 0.001, fall, patience };
  }
  if (rows < 200_000) return { epochs: 80, batchSize, rate: 0.008, fall: 2, patience: 8 };
  return { epochs: rows < 2_000_000 ? 30 : 12, batchSize, rate: 0.008, fall: 1, patience: 4 };
}
