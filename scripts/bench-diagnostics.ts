import { checkedConfig } from '../src/cli/input/config-file.js';
import { engineOn } from '../src/engine/devices/engine-on.js';
import { loadDataset } from '../src/training/load-dataset.js';
import { train } from '../src/training/run.js';
import { setUp } from '../src/training/setup.js';
import { type BenchCaseName, benchModel, median, timed } from './bench-case.js';

const rounds = 7;
const epochs = 3;
const stepsPerEpoch = 400;

/** Trains a case's model on made data, without and with diagnostics in turns, and says what these cost. */
export async function diagnosticsCost(name: BenchCaseName, threads: number): Promise<string> {
  const { batchSize, options } = benchModel(name);
  const rows = { train: stepsPerEpoch * batchSize, validation: batchSize, test: batchSize };
  const config = JSON.stringify({
    name: 'bench',
    dataset: { loader: 'synthetic', dimension: 40, rows },
    tasks: ['y1', 'y2'].map((task) => ({ name: task, type: 'regression' })),
    model: options,
    train: { epochs, batchSize, optimizer: { type: 'adam', learningRate: 0.001 } },
  });
  const [without, looked] = [
    await checkedConfig(config, name, []),
    await checkedConfig(config, name, ['diagnostics=true']),
  ];
  const dataset = await loadDataset(without, () => undefined, undefined);
  const engine = engineOn({ engine: 'compiled', device: 'cpu' }, { threads });
  const pairs: (readonly [number, number])[] = [];
  for (let round = 0; round < rounds; round++) pairs.push([await step(without), await step(looked)]);
  const [alone, both] = [0, 1].map((at) => median(pairs.map((pair) => pair[at] ?? Number.NaN)));
  const share = 100 * (median(pairs.map(([off, on]) => on / off)) - 1);
  return `${name}: ${alone?.toFixed(3)} ms a step, with diagnostics ${both?.toFixed(3)} (medians of ${rounds} rounds), ${share.toFixed(1)} % longer (median of ratios)`;

  /** Milliseconds of a step: of a training after its compilation, over its steps. */
  async function step(experiment: typeof without): Promise<number> {
    const records = train(setUp(experiment, dataset, engine));
    await records.next(); // compiled
    const rest = async () => {
      for await (const _ of records);
    };
    return (await timed(rest)) / (epochs * stepsPerEpoch);
  }
}
