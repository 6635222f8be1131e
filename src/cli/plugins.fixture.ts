import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ple, smallConfig, temporaryFolder } from './command.fixture.js';

export const library = '@ple-runner/ple';
export const model = (
  name: string,
) => `import { composed, defineModel, embed, namesOf, mlps, oneLevel, onlyLevel, towers } from '${library}';

interface Unused { readonly type: string }

export const model = defineModel({
  name: '${name}',
  summary: 'a network per task',
  source: 'a test',
  tower: [4],
  options: { levels: oneLevel },
  build(shape, options) {
    const input = embed(shape, options);
    const bottoms = mlps('bottoms', namesOf(shape.tasks), input.width, onlyLevel('${name}', options.levels), options);
    const heads = towers('tower', shape.tasks, bottoms.width, options);
    return composed([input, bottoms, heads], (pass) => ({
      logits: heads.apply(pass, bottoms.apply(pass, input.apply(pass))),
    }));
  },
});
`;
export const rmse = `import { defineMetric } from '${library}';
export const rmse = defineMetric({
  name: 'rmse', summary: 'root of the mean squared error', type: 'regression', better: 'lower',
  margin: { percent: 1 },
  compute: ({ labels, predictions }) =>
    Math.sqrt(labels.reduce((sum, label, row) => sum + (label - predictions[row]!) ** 2, 0) / labels.length),
});
`;
const own = 'model: { type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 } }';

/** A folder without node_modules, with a plugin and a config that trains its model. */
export function folderWith(text: string, file = 'mine.ts') {
  const folder = temporaryFolder();
  writeFileSync(join(folder, file), text);
  const config = smallConfig(folder, [[own, `model: { type: mine, levels: [[8]] }\nplugins: [./${file}]`]]);
  return {
    folder,
    plugin: join(folder, file),
    config,
    train: (...words: string[]) => ple(['train', config, ...words], { cwd: folder }),
  };
}

export const runsIn = (folder: string) => readdirSync(join(folder, 'runs')).toSorted();
export const configIn = (path: string): unknown => parse(readFileSync(join(path, 'config.yaml'), 'utf8'));
