import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ple, pleHere, succeeded, temporaryFolder } from './command.fixture.js';
import { smallComparison } from './compare.fixture.js';
import { configIn, folderWith, model, rmse, runsIn } from './plugins.fixture.js';

// Plugins import the built program, so these tests start it.

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
  const { stderr, metrics } = await evaluated('--plugin', 'moved/mine.ts');
  expect(stderr).toMatch(/^note: Without metric rmse: it is of a plugin that is not loaded/);
  const all = await evaluated('--plugin', 'moved/mine.ts', '--plugin', 'rmse.ts');
  expect(all.metrics).toEqual({ ...metrics, rmse: expect.closeTo(Math.sqrt(Number(metrics['mse'])), 6) });

  writeFileSync(at('moved/mine.ts'), `${model('mine')}// changed\n`);
  const changed = await here('evaluate', run, 'test.csv', '--plugin', 'moved/mine.ts');
  expect([changed.status, changed.stdout]).toEqual([2, '']);
  expect(changed.stderr).toContain(`${at('moved/mine.ts')} is not the plugin that trained ${run}: its SHA-256 was`);

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
  expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('name the plugin that has it')]);
  const known = await ple(['report', 'runs/small', '--plugin', 'rmse.ts', '--json'], { cwd: folder });
  expect(shape.parse(JSON.parse(known.stdout)).rows).toEqual(rows);
});

test('a run of a plugin’s model keeps the plugin with its SHA-256, is found again, and refuses a changed plugin', async () => {
  const { folder, plugin, train } = folderWith("export * from './model.js';\n");
  const imported = join(folder, 'model.ts');
  writeFileSync(imported, model('mine'));
  await succeeded(train('train.epochs=1'));
  const [run = ''] = runsIn(folder);
  const path = join(folder, 'runs', run);
  expect(configIn(path)).toMatchObject({
    model: { type: 'mine', levels: [[8]], tower: [4] },
    plugins: [{ file: plugin, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), parts: ['model mine'] }],
  });
  // From another folder, by what the run keeps.
  const again = await ple(['train', '--resume', path], { cwd: temporaryFolder() });
  expect(again.stderr).toContain('is finished already');

  const predicted = await pleHere(['predict', path, 'rows.csv']);
  expect([predicted.status, predicted.stderr]).toEqual([
    2,
    `ple: ${path} needs a plugin for its model mine: name the file, and its code runs (--plugin ${plugin}).\n`,
  ]);

  writeFileSync(imported, `${model('mine')}// changed\n`);
  const resumed = await pleHere(['train', '--resume', path]);
  expect([resumed.status, resumed.stdout]).toEqual([2, '']);
  expect(resumed.stderr).toMatch(
    /^ple: \S+mine\.ts has changed: its SHA-256 was [0-9a-f]{64} and is [0-9a-f]{64}\. Put [^\n]+\n$/,
  );
});
