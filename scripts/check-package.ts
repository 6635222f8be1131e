import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/**
 * Packs this program and installs the tarball into an empty folder from the npm registry, without install scripts.
 * There it follows docs/plugins.md, "A model of your own, without a fork", on fewer rows. The program must be built.
 * Prints what it checks; ends with exit code 1 at the first failure.
 */
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'ple-package-'));
const [packed, work] = [join(folder, 'packed'), join(folder, 'work')];
for (const path of [packed, work]) mkdirSync(path);
const run = (file: string, words: readonly string[], cwd = work, env: NodeJS.ProcessEnv = {}) =>
  execFileSync(file, [...words], {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
const ple = (...words: readonly string[]) => run('npx', ['--no-install', 'ple', ...words]);

try {
  const library = z
    .object({ name: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))).name;

  step('the tarball has what users need, and no tests');
  const listing = z.array(
    z.object({ filename: z.string(), size: z.number(), files: z.array(z.object({ path: z.string() })) }),
  );
  const [tarball] = listing.parse(JSON.parse(run('npm', ['pack', '--json', '--pack-destination', packed], root)));
  if (!tarball) throw new Error('npm pack has packed nothing.');
  const paths = tarball.files.map(({ path }) => path);
  const needed = 'LICENSE README.md bin/ple.js configs/quickstart.yaml configs/ple.schema.json docs/config.md'.split(
    ' ',
  );
  for (const path of [...needed, 'datasets/table.md', 'dist/cli/main.js', 'dist/library.js', 'dist/library.d.ts'])
    if (!paths.includes(path)) throw new Error(`The tarball lacks ${path}.`);
  const stray = paths.filter((path) => /\.(test|fixture)\./.test(path) || /^(src|scripts|runs)\//.test(path));
  if (stray.length > 0) throw new Error(`The tarball has ${stray.join(', ')}.`);
  say(`${paths.length} files, ${(tarball.size / 1e6).toFixed(1)} MB`);

  step('npm install --ignore-scripts, in an empty folder');
  run('npm', ['init', '-y']);
  const quietly = '--ignore-scripts --prefer-offline --no-audit --no-fund'.split(' ');
  run('npm', ['install', ...quietly, join(packed, tarball.filename)]);

  step('npx ple finds its models and configs');
  const models = z.array(z.object({ name: z.string() })).parse(JSON.parse(ple('list', 'models', '--json')));
  say(`${models.length} models`);
  say(ple('init', 'census-income/ple').trim());
  ple('validate', '--config', 'census-income-ple.yaml');
  ple('train', '--config', 'quickstart', '--dry-run');

  step('the plugin and config of docs/plugins.md: ple compare');
  const files = exampleFiles(readFileSync(join(root, 'docs/plugins.md'), 'utf8'));
  for (const { name, text } of files) writeFileSync(join(work, name), text);
  const [plugin, config] = ['.ts', '.yaml'].map((end) => files.find(({ name }) => name.endsWith(end))?.name ?? '');
  const few = ['dataset.rows={ train: 3000, validation: 1000, test: 1000 }', 'compare.seeds=1', 'train.epochs=1'];
  const gains = z.object({
    rows: z.array(z.object({ label: z.string(), runs: z.array(z.object({ status: z.string() })) })),
  });
  const { rows } = gains.parse(JSON.parse(ple('compare', '--config', config ?? '', '--json', '--jobs', '2', ...few)));
  const trained = rows.filter(({ runs }) => runs.every(({ status }) => status === 'done')).map(({ label }) => label);
  if (!rows.every(({ label }) => trained.includes(label)))
    throw new Error(`Of ${rows.length} models only ${trained.join(', ')} were trained.`);
  say(trained.join(', '));

  step('the plugin compiles in strict TypeScript, against the package’s declarations');
  const strict = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noEmit'];
  const modern = ['--target', 'es2023', '--module', 'nodenext', '--skipLibCheck'];
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...strict, ...modern, plugin ?? '']);

  step('the library trains, predicts and compares');
  run('npx', ['ple', 'synth', '--kind', 'funnel', '--rows', '50', '--out', 'rows.csv']);
  const first = parse(readFileSync(join(work, config ?? ''), 'utf8'));
  const script = `
    import { compare, predict, train } from '${library}';
    const config = ${JSON.stringify(first)};
    const overrides = ${JSON.stringify(few)};
    const { compare: models, ...rest } = config;
    const outcome = await train({ ...rest, model: models.models.at(-1) }, { overrides: overrides.filter((word) => !word.startsWith('compare.')) });
    const predicted = Object.values(await predict(outcome.path, 'rows.csv'));
    const result = await compare('${config}', { overrides });
    console.log(JSON.stringify([outcome.status, result.status, predicted.map(({ length }) => length).join()]));`;
  writeFileSync(join(work, 'library.mjs'), script);
  const [one, all, predicted] = z
    .tuple([z.string(), z.string(), z.string()])
    .parse(JSON.parse(run(process.execPath, ['library.mjs'])));
  if (!['done', 'already done'].includes(one) || all !== 'done' || predicted !== '50,50')
    throw new Error(`train: ${one}, compare: ${all}, predict: ${predicted} rows`);
  say(`runs: ${readdirSync(join(work, 'runs')).join(', ')}`);

  step('npx ple setup tensorflow, and a run through TensorFlow');
  const own = { XDG_DATA_HOME: join(folder, 'data') };
  run('npx', ['--no-install', 'ple', 'setup', 'tensorflow'], work, own);
  const words = ['--json', 'engine.name=tfjs', 'engine.device=cpu', 'train.epochs=1', few[0] ?? ''];
  const through = z.object({ engine: z.object({ name: z.string(), device: z.string() }) });
  const { engine } = through.parse(
    JSON.parse(run('npx', ['--no-install', 'ple', 'train', '--config', 'quickstart', ...words], work, own)),
  );
  say(
    `${engine.name} on ${engine.device}, from ${readdirSync(join(own.XDG_DATA_HOME, 'ple-runner/native')).join(', ')}`,
  );
  console.log('The package works.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function step(what: string): void {
  console.log(`== ${what}`);
}

function say(what: string): void {
  console.log(`   ${what}`);
}

/** The page's code blocks whose first line is a comment with a file's name. */
function exampleFiles(text: string): readonly { readonly name: string; readonly text: string }[] {
  const blocks = text.matchAll(/^```(?:ts|yaml)\n(?:\/\/|#) ([\w-]+\.(?:ts|yaml))\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, name = '', body = '']) => ({ name, text: body }));
}
