import { type ComparisonConfig, parseComparison } from '../../config/comparison.js';
import { definitions } from '../../training/definitions.js';
import { cellExperiment, type Run, reportedRuns } from './run.js';

export function parsed(text: string, ...overrides: string[]): ComparisonConfig {
  return parseComparison(text, 'small.yaml', overrides, definitions);
}

/** A comparison of two regressions. @param compare What is below `compare`. */
export function smallConfig(compare: string, ...overrides: string[]): ComparisonConfig {
  const text = `name: small
dataset: { loader: synthetic, rows: { train: 20, validation: 10, test: 10 }, dimension: 10 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 9, batchSize: 10, optimizer: { type: adam } }
compare:
${compare}`;
  return parsed(text, ...overrides);
}

/** All runs of a comparison, before any has trained. Each has its place as its folder. */
export function plannedRuns(config: ComparisonConfig, changes = {}): Run[] {
  return reportedRuns(config, () => [{ changes }], config.seeds).map((run, place) => ({
    ...run,
    experiment: cellExperiment(config, run),
    hash8: `${place}1234567`,
    checksum: 'of the data',
    folder: `${place}`,
    state: 'planned',
  }));
}
