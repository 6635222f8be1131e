import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../src/cli/input/config-file.js';
import { singleOf, splitNames } from '../src/data/dataset.js';
import { findTask } from '../src/data/encode/encode.js';
import { withSource } from '../src/training/load-dataset.js';

// Gradient boosting (scikit-learn) on the rows of a config, as scores for `ple report --predictions`. Categories are
// told as such; lists are left out.
//
//   npm run boosted-trees -- CONFIG FOLDER [key.path=value …]

const [file, folder, ...overrides] = process.argv.slice(2);
if (file === undefined || folder === undefined)
  throw new Error('usage: npm run boosted-trees -- CONFIG FOLDER [key=value …]');
const experiment = await readConfig(file, overrides);
mkdirSync(folder, { recursive: true });
await withSource(
  experiment,
  () => undefined,
  {},
  async (source) => {
    const tasks = experiment.tasks.map((task) => findTask(source, task));
    const columns = [...source.columns.keys()].filter((c) => source.columns[c]?.kind !== 'list');
    for (const name of splitNames) {
      const split = source.splits[name];
      const inputs = new Float32Array(split.rows * columns.length);
      const labels = new Float32Array(split.rows * tasks.length);
      for (let block = 0, first = 0; first < split.rows; block++) {
        const { rows, columns: values, labels: all } = await split.read(block);
        for (let row = 0; row < rows; row++) {
          for (const [at, c] of columns.entries())
            inputs[(first + row) * columns.length + at] = singleOf(values[c] ?? new Float32Array())[row] ?? Number.NaN;
          for (const [at, t] of tasks.entries())
            labels[(first + row) * tasks.length + at] = all[t]?.[row] ?? Number.NaN;
        }
        first += rows;
      }
      writeFileSync(join(folder, `${name}-inputs.f32`), inputs);
      writeFileSync(join(folder, `${name}-labels.f32`), labels);
    }
    const about = {
      seed: experiment.seed,
      tasks: experiment.tasks.map(({ name }) => name),
      categorical: columns.map((c) => source.columns[c]?.kind === 'categorical'),
    };
    writeFileSync(join(folder, 'about.json'), JSON.stringify(about));
  },
);
const { status } = spawnSync(process.env.PYTHON ?? 'python3', [join(import.meta.dirname, 'boosted-trees.py'), folder], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
console.log(join(folder, 'scores.csv'));
