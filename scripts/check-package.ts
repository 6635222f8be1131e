import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { blocksOf } from './documents/blocks.js';

/**
 * Packs this program and installs the tarball into an empty folder from the npm registry, without install scripts.
 * There it follows docs/plugins.md, "A model of your own, without a fork", on fewer rows. The program must be built.
 * Prints what it checks; ends with exit code 1 at the first failure.
 */
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'ple-package-'));
const work = join(folder, 'work');
mkdirSync(work);
const run = (line: string, more: readonly string[] = [], cwd = work) => {
  const [file = '', ...words] = line.split(' ');
  return execFileSync(file, [...words, ...more], {
    ...{ cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 26 },
    env: { ...process.env, XDG_DATA_HOME: join(folder, 'data') },
  });
};
const ple = (line: string, ...more: readonly string[]) => run(`npx --no-install ple ${line}`, more);
const step = (what: string) => console.log(`== ${what}`);
const expect = (right: boolean, what: string) => {
  if (!right) throw new Error(what);
  console.log(`   ${what}`);
};

try {
  step('the tarball has what users need, and no tests');
  const packed: readonly [{ filename: string; files: readonly { path: string }[] }] = JSON.parse(
    run('npm pack --json --pack-destination', [folder], root),
  );
  const [{ filename, files }] = packed;
  const paths = files.map(({ path }) => path);
  const documents = ['LICENSE', 'README.md', 'docs/config.md', 'datasets/table.md', 'configs/quickstart.yaml'];
  const needed = [...documents, 'configs/ple.schema.json', 'bin/ple.js', 'dist/cli/main.js', 'dist/library.d.ts'];
  const missing = needed.filter((path) => !paths.includes(path));
  const stray = paths.filter((path) => /\.(test|fixture)\.|^(src|scripts|runs)\//.test(path));
  expect(missing.length + stray.length === 0, `${paths.length} files; missing: ${missing}; stray: ${stray}`);

  step('npm install --ignore-scripts, in an empty folder');
  run('npm init -y');
  run('npm install --ignore-scripts --prefer-offline --no-audit --no-fund', [join(folder, filename)]);

  step('npx ple finds its models and configs');
  const models: readonly unknown[] = JSON.parse(ple('list models --json'));
  expect(models.length > 10, `${models.length} models`);
  ple('init census-income/ple');
  ple('validate --config census-income-ple.yaml');
  ple('train --config quickstart --dry-run');

  step('the plugin and config of docs/plugins.md: ple compare');
  for (const { mark, text } of blocksOf(readFileSync(join(root, 'docs/plugins.md'), 'utf8')))
    if (mark?.kind === 'file') writeFileSync(join(work, mark.of.replace('mine/', '')), text);
  const rows = 'dataset.rows={ train: 3000, validation: 1000, test: 1000 }';
  const few = [rows, 'compare.seeds=1', 'train.epochs=1'];
  const compared: { readonly models: readonly { label: string; runs: readonly { status: string }[] }[] } = JSON.parse(
    ple('compare --config mine.yaml --json --jobs 2', ...few),
  );
  const ended = compared.models.map(({ label, runs }) => `${label} ${runs.map(({ status }) => status)}`);
  expect(ended.length > 1 && ended.every((one) => one.endsWith(' done')), ended.join(', '));

  step('the plugin compiles in strict TypeScript, against the package’s declarations');
  const strict = '--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --noEmit --skipLibCheck';
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  run(`node ${tsc} ${strict} --target es2023 --module nodenext shared-embedding.ts`);

  step('the library trains, predicts and compares');
  ple('synth --kind funnel --rows 50 --out rows.csv');
  const { compare, ...rest } = parse(readFileSync(join(work, 'mine.yaml'), 'utf8'));
  writeFileSync(
    join(work, 'check.mjs'),
    `import { compare, predict, train } from '@ple-runner/ple';
    const config = ${JSON.stringify({ ...rest, model: compare.models.at(-1) })};
    const { path, status } = await train(config, { overrides: ${JSON.stringify([rows, 'train.epochs=1'])} });
    const predicted = Object.values(await predict(path, 'rows.csv')).map(({ length }) => length);
    const outcome = await compare('mine.yaml', { overrides: ${JSON.stringify(few)} });
    console.log(status.replace('already ', ''), outcome.status, String(predicted));`,
  );
  const said = run('node check.mjs').trim();
  expect(said === 'done done 50,50', `${said}; runs: ${readdirSync(join(work, 'runs'))}`);

  step('npx ple setup tensorflow, and a run through TensorFlow');
  ple('setup tensorflow');
  const words = '--json engine.name=tfjs engine.device=cpu train.epochs=1';
  const { engine }: { engine: { name: string } } = JSON.parse(ple(`train --config quickstart ${words}`, rows));
  const sets = readdirSync(join(folder, 'data/ple-runner/native'));
  expect(engine.name === 'tfjs' && sets.length > 0, `${engine.name}, from ${sets}`);
  console.log('The package works.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
