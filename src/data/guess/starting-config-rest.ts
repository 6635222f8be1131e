/** The part of a starting config that the data say nothing of: small models, settings to begin with. As text: their names are not this file's to know. */
export interface RestOfConfig {
  /** Remarks on how to run it. */
  readonly commands: readonly string[];
  readonly compare: string;
  readonly run: string;
}

/**
 * @param rows Of the training files.
 * @param sparse An input with many values, each of which has few rows.
 */
export function restOfConfig(
  tasks: number,
  file: string,
  rows: number,
  sparse: { readonly name: string; readonly different: number } | undefined,
): RestOfConfig {
  const several = tasks > 1;
  const { epochs, batchSize, patience } = settingsFor(rows);
  return {
    commands: [
      `#   ple data inspect ${file}`,
      `#   ple train --config ${file}`,
      several
        ? `#   ple compare --config ${file}`
        : '# With a second task (--task NAME, once for each), `ple compare` tells what sharing between tasks gains.',
    ],
    compare: several ? comparison(tasks) : '',
    run: `model: ${several ? '{ type: ple, levels: [[64], [32]], tower: [16], experts: { shared: 1, task: 1 } }' : '{ type: single-task, levels: [[64], [32]], tower: [16] }'}
train:
  epochs: ${epochs}
  batchSize: ${batchSize}
  optimizer: ${sparse ? `{ type: adam, learningRate: 0.002, l2Embeddings: 0.001 } # few rows for each of the ${sparse.different} values of ${sparse.name}` : '{ type: adam, learningRate: 0.002 }'}
  earlyStopping: { monitor: mean, patience: ${patience} }
`,
  };
}

const comparison = (tasks: number) => `compare:
  models:
    - { type: single-task, levels: [[64], [32]], tower: [16] }
    - { type: hard-sharing, levels: [[64]], tower: [32, 16] }
    - { type: mmoe, levels: [[64]], tower: [32, 16], experts: ${tasks + 1} }
    - { type: cgc, levels: [[64]], tower: [32, 16], experts: { shared: 1, task: 1 } }
    - { type: ple, levels: [[64], [32]], tower: [16], experts: { shared: 1, task: 1 } }
  seeds: 5`;

/** About a hundred steps an epoch, and fewer epochs where one has more rows. */
function settingsFor(rows: number): { readonly epochs: number; readonly batchSize: number; readonly patience: number } {
  const batchSize = Math.min(4096, Math.max(16, 2 ** Math.round(Math.log2(rows / 100))));
  if (rows < 10_000) return { epochs: 200, batchSize, patience: 10 };
  if (rows < 200_000) return { epochs: 50, batchSize, patience: 3 };
  return { epochs: rows < 2_000_000 ? 20 : 10, batchSize, patience: 2 };
}
