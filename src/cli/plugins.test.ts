import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ple, smallConfig, temporaryFolder } from './command.fixture.js';
import { smallComparison } from './compare.fixture.js';

// Plugins import the built program, so these tests start it.

const library = '@ple-runner/ple';
const model = (
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
const rmse = `import { defineMetric } from '${library}';
export const rmse = defineMetric({
  name: 'rmse', summary: 'root of the mean squared error', type: 'regression', better: 'lower',
  relativeTo: (baseline) => baseline, margin: { percent: 1 },
  compute: ({ labels, predictions }) =>
    Math.sqrt(labels.reduce((sum, label, row) => sum + (label - predictions[row]!) ** 2, 0) / labels.length),
});
`;
const own = 'model: { type: ple, levels: [[8], [8]], tower: [4], experts: { shared: 1, task: 2 } }';

/** A folder without node_modules, with a plugin and a config that trains its model. */
function folderWith(text: string, file = 'mine.ts') {
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

const runsIn = (folder: string) => readdirSync(join(folder, 'runs')).toSorted();
const configIn = (path: string): unknown => parse(readFileSync(join(path, 'config.yaml'), 'utf8'));

describe('a run of a plugin’s model', () => {
  test('keeps the plugin with its SHA-256, is found again, and is another one after a change', async () => {
    const { folder, plugin, train } = folderWith(model('mine'));
    expect(await train()).toMatchObject({ status: 0 });
    const [first = ''] = runsIn(folder);
    const path = join(folder, 'runs', first);
    expect(configIn(path)).toMatchObject({
      model: { type: 'mine', levels: [[8]], tower: [4] },
      plugins: [{ file: plugin, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), parts: ['model mine'] }],
    });
    expect((await train()).stderr).toContain('is finished already');
    // From another folder, by what the run keeps.
    expect((await ple(['train', '--resume', path], { cwd: temporaryFolder() })).stderr).toContain(
      'is finished already',
    );

    writeFileSync(plugin, `${model('mine')}// changed\n`);
    const resumed = await ple(['train', '--resume', path]);
    expect([resumed.status, resumed.stdout]).toEqual([2, '']);
    expect(resumed.stderr).toMatch(
      /^ple: \S+mine\.ts has changed: its SHA-256 was [0-9a-f]{64} and is [0-9a-f]{64}\. Put [^\n]+\n$/,
    );
    expect(await train()).toMatchObject({ status: 0 });
    expect(runsIn(folder)).toHaveLength(2);
    // What is stored is read without its plugin.
    expect(await ple(['report', path], { cwd: folder })).toMatchObject({ status: 0 });
    expect(
      await ple(['diff', path, join(folder, 'runs', runsIn(folder).find((name) => name !== first) ?? '')]),
    ).toMatchObject({ status: 0 });
  });

  test('may be JavaScript, and import other files, whose change makes another run', async () => {
    const { folder, train } = folderWith("export * from './model.js';\n", 'mine.js');
    for (const text of [
      model('mine').replace(/interface.*\n/, ''),
      `// changed\n${model('mine').replace(/interface.*\n/, '')}`,
    ]) {
      writeFileSync(join(folder, 'model.js'), text);
      expect(await train()).toMatchObject({ status: 0 });
    }
    expect(runsIn(folder)).toHaveLength(2);
  });

  test('leaves runs of other models as they are', async () => {
    const { folder, config } = folderWith(model('mine'));
    const others = [config, smallConfig(temporaryFolder())].map((file) =>
      ple(['train', file, own.replace(': ', '='), '--dry-run', '--json'], { cwd: folder }),
    );
    const [beside, without] = (await Promise.all(others)).map(({ stdout }): { hash8: string } => JSON.parse(stdout));
    expect(beside).toEqual(without);
    expect(beside?.hash8).toMatch(/^[0-9a-f]{8}$/);
  });
});

test('a comparison trains and judges by plugins, and its report needs the metric’s', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'mine.ts'), model('mine'));
  writeFileSync(join(folder, 'rmse.ts'), rmse);
  const config = smallComparison(folder, [
    [
      '    - { label: shared, type: hard-sharing, levels: [[8, 8]], tower: [4] }\n',
      '    - { type: mine, levels: [[8]] }\n',
    ],
    ['  seeds: 2\n', '  seeds: 1\n  metrics: { y1: rmse }\n'],
    ['name: small\n', 'name: small\nplugins: [mine.ts, rmse.ts]\n'],
  ]);
  const compared = await ple(['compare', config, '--json', '--jobs', '2'], { cwd: folder });
  expect(compared).toMatchObject({ status: 0 });
  const shape = z.object({
    rows: z.array(
      z.object({ label: z.string(), tasks: z.record(z.string(), z.object({ metric: z.string(), mean: z.number() })) }),
    ),
  });
  const { rows } = shape.parse(JSON.parse(compared.stdout));
  expect(rows.map(({ label, tasks }) => [label, tasks['y1']?.metric, tasks['y2']?.metric])).toEqual(
    ['single-task', 'ple', 'mine'].map((label) => [label, 'rmse', 'mse']),
  );
  const [single = ''] = readdirSync(join(folder, 'runs/small')).filter((name) => name.startsWith('single-task'));
  expect(configIn(join(folder, 'runs/small', single))).toMatchObject({ plugins: [{ parts: ['metric rmse'] }] });

  const again = await ple(['report', 'runs/small'], { cwd: folder });
  expect([again.status, again.stderr]).toEqual([
    2,
    "ple: There is no metric 'rmse', by which the regression task 'y1' is judged: name the plugin that has it (--plugin FILE).\n",
  ]);
  const known = await ple(['report', 'runs/small', '--plugin', 'rmse.ts', '--json'], { cwd: folder });
  expect(shape.parse(JSON.parse(known.stdout)).rows).toEqual(rows);
});

test('a stored run predicts, is measured and exported with the plugins that trained it, which are named', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const lines = Array.from({ length: 400 }, (_, row) => `${row % 7},${row % 5},${row % 7},${(row % 5) + (row % 3)}`);
  for (const name of ['rows.csv', 'test.csv']) writeFileSync(at(name), `a,b,y1,y2\n${lines.join('\n')}\n`);
  writeFileSync(at('mine.ts'), model('mine'));
  writeFileSync(at('rmse.ts'), rmse);
  writeFileSync(
    at('config.yaml'),
    `name: table
plugins: [mine.ts, rmse.ts]
dataset:
  { loader: table, path: ${at('rows.csv')}, test: ${at('test.csv')}, cache: ${at('cache')}, tasks: { y1: { regression: true }, y2: { regression: true } } }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
model: { type: mine, levels: [[8]] }
train: { epochs: 1, batchSize: 64, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu, threads: 1 }
`,
  );
  const here = (...words: string[]) => ple(words, { cwd: folder });
  expect(await here('train', 'config.yaml')).toMatchObject({ status: 0 });
  const run = join('runs', runsIn(folder)[0] ?? '');
  const commands = [
    ['predict', run, 'test.csv'],
    ['evaluate', run, 'test.csv'],
    ['export', run, '--to', 'model.onnx'],
    ['export', run, '--to', 'model', '--format', 'safetensors'],
  ];
  for (const words of commands)
    expect(await here(...words)).toEqual({
      status: 2,
      stdout: '',
      stderr: `ple: ${run} needs a plugin for its model mine: name the file, and its code runs (--plugin ${at('mine.ts')}).\n`,
    });

  // Where the file lies does not matter.
  mkdirSync(at('moved'));
  renameSync(at('mine.ts'), at('moved/mine.ts'));
  for (const words of commands)
    expect(await here(...words, '--plugin', 'moved/mine.ts'), words.join(' ')).toMatchObject({ status: 0 });
  expect(readFileSync(at('model.onnx'), 'latin1')).not.toContain(folder);

  const evaluated = async (...words: string[]) => {
    const { stdout, stderr } = await here('evaluate', run, 'test.csv', '--json', ...words);
    return {
      stderr,
      metrics: z
        .object({ tasks: z.object({ y1: z.object({ metrics: z.record(z.string(), z.unknown()) }) }) })
        .parse(JSON.parse(stdout)).tasks.y1.metrics,
    };
  };
  const without = await evaluated('--plugin', 'moved/mine.ts');
  expect(without.stderr).toBe(
    `note: Without metric rmse: it is of a plugin that is not loaded (--plugin ${at('rmse.ts')}).\n`,
  );
  expect(without.metrics).not.toHaveProperty('rmse');
  const all = await evaluated('--plugin', 'moved/mine.ts', '--plugin', 'rmse.ts');
  expect(all.stderr).toBe('');
  expect(all.metrics).toEqual({
    ...without.metrics,
    rmse: expect.closeTo(Math.sqrt(Number(without.metrics['mse'])), 6),
  });

  for (const [file, text] of [
    ['rmse.ts', rmse],
    ['moved/mine.ts', model('mine')],
  ] as const) {
    writeFileSync(at(file), `${text}// changed\n`);
    const words = file === 'rmse.ts' ? ['--plugin', 'moved/mine.ts', '--plugin', file] : ['--plugin', file];
    const { status, stdout, stderr } = await here('evaluate', run, 'test.csv', ...words);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      new RegExp(
        `^ple: ${at(file)} is not the plugin that trained ${run}: its SHA-256 was [0-9a-f]{64} and is [0-9a-f]{64}\\. Name [^\n]+\n$`,
      ),
    );
  }

  writeFileSync(at('moved/mine.ts'), model('mine'));
  const program = `import { predict } from '${new URL('../../dist/library.js', import.meta.url)}';
const words = ['${run}', 'test.csv'];
const refused = await predict(...words).catch(({ message }) => message);
const { 'y1.prediction': found } = await predict(...words, { plugins: ['moved/mine.ts'] });
console.log(JSON.stringify([refused, found.length]));
`;
  writeFileSync(at('program.mjs'), program);
  const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual([expect.stringContaining('needs a plugin for its model mine'), 400]);
});

test('ple list shows the parts of a plugin', async () => {
  const { plugin } = folderWith(model('mine'));
  expect((await ple(['list', 'models', '--plugin', plugin])).stdout).toMatch(/^mine +a network per task$/m);
});

describe('a plugin is refused', () => {
  test.each([
    [
      'with a name that is taken',
      model('ple'),
      "mine.ts: there is a model 'ple' already, of this program: give this one another name.",
    ],
    [
      'without a part',
      'export const one = 1;',
      `mine.ts exports nothing that ${library} can use: export what defineModel, or another define… function, returns.`,
    ],
    ['that is no TypeScript', 'export const = 1;', 'mine.ts:1:14: Expected identifier but found "=".'],
    [
      'that imports what is not there',
      "import 'nothing-of-this-name';",
      'mine.ts:1:8: Could not resolve "nothing-of-this-name".',
    ],
    ['that fails', "throw new TypeError('oh');", 'mine.ts: TypeError: oh.'],
    [
      'with a metric that selects epochs',
      rmse.replace("better: 'lower'", "better: 'lower', score: (value) => -value"),
      "mine.ts: metric 'rmse': 'usual', 'score' and 'loss' are of built-in metrics: leave them out.",
    ],
  ])('%s', async (_, text, message) => {
    const { folder, train } = folderWith(text);
    expect(await train()).toEqual({ status: 2, stdout: '', stderr: `ple: ${join(folder, message)}\n` });
  });

  test('that is not there; an override’s path is relative to the working folder', async () => {
    const { config } = folderWith(model('mine'));
    const folder = temporaryFolder();
    const { stderr } = await ple(['train', config, 'plugins=[other.ts]'], { cwd: folder });
    expect(stderr).toBe(
      `ple: override 'plugins=[other.ts]': 'plugins.0': there is no file ${join(folder, 'other.ts')}.\n`,
    );
  });

  test('with the name of another plugin’s, and both are named', async () => {
    const { folder, train } = folderWith(model('mine'));
    writeFileSync(join(folder, 'other.ts'), model('mine'));
    const { stderr } = await train('plugins=[mine.ts, other.ts]');
    expect(stderr).toBe(
      `ple: ${join(folder, 'other.ts')}: there is a model 'mine' already, of ${join(folder, 'mine.ts')}: give this one another name.\n`,
    );
  });
});

test('a mistake in a plugin’s model is shown with the plugin’s own line', async () => {
  const { folder, train } = folderWith(
    model('mine').replace('    const input', "    if (shape) throw new Error('oh');\n    const input"),
  );
  const { status, stderr } = await train();
  expect(status).toBe(1);
  expect(stderr).toContain(`Error: oh\n    at Object.build (${join(folder, 'mine.ts')}:12:22)`);
});
