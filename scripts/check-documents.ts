// Runs the code blocks of README.md, CONTRIBUTING.md, docs/ and datasets/ as scripts/documents/blocks.ts says: each page in
// a temporary copy of its own, from its first block to its last.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { type Block, blocksOf } from './documents/blocks.js';
import { checkChoice, refuse, wordsOf } from './usage.js';

const usage = `Usage: npm run check:documents -- [--only PAGE[,PAGE]] [--keep] [--verbose]
  --only     these pages, such as docs/notebook.md
  --keep     leaves the temporary copies
  --verbose  prints what each command prints
Blocks of Python run in the interpreter that the variable PYTHON names. .ci/run gets one so:
  python3 -m venv pypi && pypi/bin/pip install pandas pyarrow scikit-learn lightgbm onnxruntime
  PYTHON=$PWD/pypi/bin/python npm run check:documents`;
const { values } = wordsOf(usage, {
  options: { only: { type: 'string' }, keep: { type: 'boolean' }, verbose: { type: 'boolean' } },
});
const root = resolve(import.meta.dirname, '..');
const below = (folder: string) =>
  readdirSync(join(root, folder)).flatMap((name) => (name.endsWith('.md') ? [`${folder}/${name}`] : []));
const all = ['README.md', 'CONTRIBUTING.md', ...below('docs'), ...below('datasets')];
const pages = values.only?.split(',') ?? all;
for (const page of pages) checkChoice(usage, 'only', page, all);
const textOf = (page: string) => readFileSync(join(root, page), 'utf8');
if (!process.env.PYTHON && pages.some((page) => /```python|\$PYTHON/.test(textOf(page))))
  refuse(usage, 'The variable PYTHON is not set, and blocks of Python need it. Nothing was run.');

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' });
const session = readFileSync(join(root, 'scripts/documents/session.sh'), 'utf8');
const faults: string[] = [];
const folder = mkdtempSync(join(tmpdir(), 'ple-check-documents-'));
try {
  for (const page of pages) checkPage(page);
} finally {
  if (values.keep) console.log(folder);
  else rmSync(folder, { recursive: true, force: true });
}
for (const fault of faults) console.log(`\nFAILED ${fault}`);
console.log(
  faults.length === 0 ? '\nEach page does what it says.' : `\n${faults.length} blocks are not as their pages say.`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

function checkPage(page: string): void {
  const started = performance.now();
  const blocks = blocksOf(textOf(page));
  const copy = copyFor(page, blocks);
  let [cwd, printed] = [copy, ''];
  for (const { mark, line, language, text } of blocks) {
    let fault: string | undefined;
    if (mark === undefined)
      fault = 'nothing says what it is: <!-- command -->, <!-- output -->, <!-- placeholder: why -->';
    else if (mark.kind === 'output') {
      const missing = missingLine(text, printed, mark.shape);
      if (missing !== undefined) fault = `the command does not print: ${missing}\nIt prints:\n${printed.slice(-3000)}`;
    } else if (mark.kind === 'command' || mark.kind === 'before' || mark.kind === 'part of') {
      if (mark.kind === 'part of') writeFileSync(join(copy, 'part.yaml'), withKeys(copy, mark.of, text));
      const program = language === '' ? text : `${language} <<'END'\n${text}\nEND`;
      const result = run(
        mark.kind === 'part of' ? 'ple validate --config "$CLONE/part.yaml"' : program,
        cwd,
        copy,
        mark.add,
      );
      if (mark.kind === 'command') printed = result.printed;
      cwd = readFileSync(join(copy, '.cwd'), 'utf8').trim();
      if (values.verbose) console.log(`${page}:${line}\n${result.printed}`);
      if (result.status !== 0) fault = `it ends with exit code ${result.status}:\n${result.printed.slice(-3000)}`;
    }
    if (fault !== undefined) faults.push(`${page}:${line}: ${fault}`);
  }
  const counts = ['command', 'output', 'part of', 'placeholder'].map(
    (kind) => `${blocks.filter(({ mark }) => mark?.kind === kind).length} ${kind}`,
  );
  console.log(`${page}: ${counts.join(', ')}; ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** A copy with the changes that are not committed, and with the files of the page. Where a page installs packages itself, it has none before. */
function copyFor(page: string, blocks: readonly Block[]): string {
  const copy = join(folder, page.replaceAll('/', '-'));
  if (blocks.every(({ mark }) => mark?.kind === 'placeholder')) return copy;
  for (const file of files.split('\0'))
    if (file !== '' && existsSync(join(root, file))) cpSync(join(root, file), join(copy, file));
  if (!blocks.some(({ mark, text }) => mark?.kind === 'command' && text.includes('npm ci')))
    for (const name of ['node_modules', 'dist']) symlinkSync(join(root, name), join(copy, name));
  for (const { mark, text } of blocks)
    if (mark?.kind === 'file') {
      mkdirSync(dirname(join(copy, mark.of)), { recursive: true });
      writeFileSync(join(copy, mark.of), `${text}\n`);
    }
  return copy;
}

/** Runs lines of Bash, as session.sh says. */
function run(script: string, cwd: string, copy: string, add: string) {
  const { status, stdout } = spawnSync('bash', ['-c', `${session}\n${script}`], {
    ...{ cwd, timeout: 10 * 60_000, encoding: 'utf8', maxBuffer: 2 ** 28 },
    env: { ...process.env, CLONE: copy, ADD: add, ORT_DISABLE_TELEMETRY: '1', OMP_NUM_THREADS: '1' },
  });
  return { status, printed: stdout };
}

/** A shipped config with other keys. */
function withKeys(copy: string, name: string, text: string): string {
  const config = parse(readFileSync(join(copy, `configs/${name}.yaml`), 'utf8'));
  const keys = parse(text);
  return JSON.stringify({
    ...config,
    ...keys,
    ...(config.compare && { compare: { ...config.compare, ...keys.compare } }),
  });
}

/** The first line of a page that is not printed, in its order. `…` and `[…]` stand for any text, or any lines. */
function missingLine(page: string, printed: string, isShape: boolean): string | undefined {
  const plain = (line: string) => {
    const words = line.trim().replaceAll(/\s+/g, ' ');
    return isShape ? words.replaceAll(/[-+]?(\d[\d,]*(\.\d+)?|\.\d+)/g, '#') : words;
  };
  const left = printed.split('\n').map(plain);
  return page.split('\n').find((line) => {
    if (/^(\[?…\]?)?$/.test(line.trim())) return false;
    const parts = plain(line).split(/\[…\]|…/);
    const escaped = parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    const pattern = new RegExp(`^${escaped.join('.*')}$`);
    const at = left.findIndex((own) => pattern.test(own));
    left.splice(0, at + 1);
    return at < 0;
  });
}
