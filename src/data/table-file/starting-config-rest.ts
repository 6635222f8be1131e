/** The part of a starting config that the data say nothing of: small models, settings to begin with. As text: their names are not this file's to know. */
export interface RestOfConfig {
  /** Remarks on how to run it. */
  readonly commands: readonly string[];
  readonly compare: string;
  readonly run: string;
}

export function restOfConfig(tasks: number, file: string): RestOfConfig {
  const several = tasks > 1;
  return {
    commands: [
      `#   ple data inspect ${file}`,
      `#   ple train --config ${file}`,
      several
        ? `#   ple compare --config ${file}`
        : '# With a second task, `ple compare` tells what sharing between tasks gains.',
    ],
    compare: several ? comparison(tasks) : '',
    run: `model: ${several ? '{ type: ple, levels: [[64], [32]], tower: [16], experts: { shared: 1, task: 1 } }' : '{ type: single-task, levels: [[64], [32]], tower: [16] }'}
train:
  epochs: 50
  batchSize: 256
  optimizer: { type: adam, learningRate: 0.002 }
  earlyStopping: { monitor: mean, patience: 3 }
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
