// The share of an epoch that reading, shuffling and batching prepared data takes: the data alone against training.
import { readConfig } from '../src/cli/input/config-file.js';
import { readBatches } from '../src/data/batches/batches.js';
import { prepare, train } from '../src/training/run.js';
import { refuse, wordsOf } from './usage.js';

const usage =
  'Usage: npm run bench:data -- [--epochs 3] CONFIG [key.path=value...], e.g. configs/census-income/ple.yaml dataset.path=DIR';
const { values, positionals } = wordsOf(usage, {
  options: { epochs: { type: 'string', default: '3' } },
  allowPositionals: true,
});
const [config, ...overrides] = positionals;
if (config === undefined) refuse(usage, 'Name a config.');
const epochs = Number(values.epochs);
if (!(Number.isInteger(epochs) && epochs > 0)) refuse(usage, `--epochs ${values.epochs}: say a whole number above 0.`);
const setup = await prepare(await readConfig(config, [...overrides, `train.epochs=${epochs}`]), {
  on: () => undefined,
});

const reading: number[] = [];
for (let epoch = 1; epoch <= epochs; epoch++) {
  const started = performance.now();
  const order = setup.order.stream(String(epoch));
  const reader = readBatches(setup.dataset, 'train', { batchSize: setup.batchSize, order });
  while (await reader.take(8)) {} // about the chunk that training takes
  reading.push((performance.now() - started) / 1000);
}
const training: number[] = [];
for await (const record of train(setup)) if (record.kind === 'epoch') training.push(record.record.seconds);

const [data, epoch] = [median(reading), median(training)];
console.log(
  `median of ${epochs} epochs: data ${data.toFixed(2)} s, epoch ${epoch.toFixed(2)} s, share ${((100 * data) / epoch).toFixed(1)} %`,
);

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
