// Runs the code blocks of README.md, CONTRIBUTING.md, docs/ and datasets/ as scripts/documents/blocks.ts says: each page in
// a temporary clone of its own, from its first block to its last. `PYTHON` names the interpreter of Python blocks.
import { spawnSync } from 'node:child_process';
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
import { withDatabase } from '../src/data/store/database.js';
import { textTable } from '../src/report/text-table.js';
import { type Block, blocksOf } from './documents/blocks.js';
import { refuse, wordsOf } from './usage.js';

const usage = `Usage: npm run check:documents -- [--only PAGE[,PAGE]] [--keep] [--verbose]
  --only     these pages, such as docs/notebook.md
  --keep     leaves the temporary clones
  --verbose  prints what each command prints`;
const { values } = wordsOf(usage, {
  options: {
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const root = resolve(import.meta.dirname, '..');
const below = (folder: string) =>
  readdirSync(join(root, folder)).flatMap((name) => (name.endsWith('.md') ? [`${folder}/${name}`] : []));
const all = ['README.md', 'CONTRIBUTING.md', ...below('docs'), ...below('datasets')];
const pages = values.only?.split(',') ?? all;
const unknown = pages.find((page) => !all.includes(page));
if (unknown !== undefined) refuse(usage, `${unknown}: no such page.`);

/** Of a block, in milliseconds. */
const longest = 10 * 60_000;

/** A block that is not as its page says. */
interface Fault {
  readonly page: string;
  readonly line: number;
  readonly what: string;
}
const faults: Fault[] = [];
const table: (readonly string[])[] = [];
const placeholders = new Map<string, number>();
const folder = mkdtempSync(join(tmpdir(), 'ple-check-documents-'));
try {
  for (const page of pages) await checkPage(page);
} finally {
  if (values.keep) console.log(folder);
  else rmSync(folder, { recursive: true, force: true });
}
const head = ['document', 'blocks', 'commands', 'passed', 'outputs', 'passed', 'files', 'parts', 'placeholders', 's'];
process.stdout.write(
  `\n${textTable(
    head,
    table,
    head.map((_, column) => column > 0),
  )}\n`,
);
for (const [why, count] of [...placeholders].toSorted(([, a], [, b]) => b - a)) console.log(`${count} x ${why}`);
for (const { page, line, what } of faults) console.log(`\nFAILED ${page}:${line}: ${what}`);
console.log(
  `\n${faults.length === 0 ? 'Each page does what it says.' : `${faults.length} blocks are not as their pages say.`}`,
);
process.exitCode = faults.length === 0 ? 0 : 1;

async function checkPage(page: string): Promise<void> {
  const blocks = blocksOf(readFileSync(join(root, page), 'utf8'));
  const isRun = blocks.some(({ mark }) => mark && mark.kind !== 'placeholder');
  const clone = isRun ? cloneFor(page, blocks) : '';
  for (const { mark, text } of blocks)
    if (mark?.kind === 'file') {
      mkdirSync(dirname(join(clone, mark.name)), { recursive: true });
      writeFileSync(join(clone, mark.name), `${replaced(text, mark.as)}\n`);
    }
  const passed = { command: 0, output: 0 };
  const started = performance.now();
  let [cwd, printed] = [clone, ''];
  for (const block of blocks) {
    const { mark, line } = block;
    const fail = (what: string) => void faults.push({ page, line, what });
    if (mark === undefined)
      fail('nothing says what it is: <!-- command -->, <!-- output -->, <!-- placeholder: why -->');
    if (mark?.kind === 'placeholder') placeholders.set(mark.why, (placeholders.get(mark.why) ?? 0) + 1);
    if (mark?.kind === 'output') {
      const missing = missingLine(block.text, printed, mark.shape);
      if (missing === undefined) passed.output++;
      else fail(`the command does not print: ${missing}\nIt prints:\n${printed.slice(-3000)}`);
    }
    if (mark?.kind === 'part') fail0(run(validation(block.text, mark.of), clone, clone), fail);
    if (mark?.kind !== 'command' && mark?.kind !== 'before') continue;
    const result = await executed(block, cwd, clone);
    if (values.verbose) console.log(`${page}:${line}\n${result.printed}`);
    ({ cwd, printed } = mark.kind === 'before' ? { cwd: result.cwd, printed } : result);
    const expected = mark.kind === 'before' ? 0 : mark.exit;
    if (result.status === expected) passed.command += Number(mark.kind === 'command');
    else fail(`it ends with exit code ${result.status}, not ${expected}:\n${result.printed.slice(-3000)}`);
  }
  const count = (kind: string) => blocks.filter(({ mark }) => mark?.kind === kind).length;
  const own = blocks.length - count('before');
  if (own === 0) return;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const numbers = [own, count('command'), passed.command, count('output'), passed.output];
  table.push([page, ...[...numbers, count('file'), count('part'), count('placeholder')].map(String), seconds]);
  console.log(`${page}: ${passed.command} of ${count('command')} commands, ${seconds} s`);
}

function fail0({ status, printed }: Result, fail: (what: string) => void): void {
  if (status !== 0) fail(printed.slice(-3000));
}

/** A clone with the changes that are not committed. Where a page installs packages itself, it has none before. */
function cloneFor(page: string, blocks: readonly Block[]): string {
  const clone = join(folder, page.replaceAll('/', '-'));
  git('clone', '--quiet', '--local', root, clone);
  const changed = [
    ...git('diff', 'HEAD', '--name-only', '--no-renames', '-z').split('\0'),
    ...git('ls-files', '--others', '--exclude-standard', '-z').split('\0'),
  ];
  for (const file of changed.filter((name) => name !== ''))
    if (existsSync(join(root, file))) cpSync(join(root, file), join(clone, file), { force: true });
    else rmSync(join(clone, file), { force: true });
  if (blocks.some(({ mark, text }) => mark?.kind === 'command' && text.includes('npm ci'))) return clone;
  for (const name of ['node_modules', 'dist']) symlinkSync(join(root, name), join(clone, name));
  return clone;
}

function git(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', words, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`);
  return stdout;
}

interface Result {
  readonly status: number;
  /** On stdout and stderr. */
  readonly printed: string;
  /** The folder that it ends in. */
  readonly cwd: string;
}

async function executed({ mark, text, language }: Block, cwd: string, clone: string): Promise<Result> {
  if (mark?.kind !== 'command') return run(text, cwd, clone);
  const { add, as, behind } = mark;
  const code = replaced(text, as);
  if (language === 'sql') return queries(code, cwd);
  if (language === 'python') return run(`"$PYTHON" - <<'END'\n${code}\nEND`, cwd, clone);
  if (language === 'js') {
    writeFileSync(join(cwd, 'block.mjs'), code);
    return run('node block.mjs', cwd, clone);
  }
  const isBehind = (line: string) => behind.some((words) => line.startsWith(words));
  const script = code.split('\n').map((line) => (isBehind(line) ? `${line.replace(/\s+#.*/, '')} &` : line));
  return run(script.join('\n'), cwd, clone, add);
}

function replaced(text: string, as: readonly (readonly [string, string])[]): string {
  return as.reduce((code, [from, to]) => code.replaceAll(from, () => to), text);
}

/** Runs lines of Bash, in which `ple` is the clone's. @param add Words that ple train and ple compare get. */
function run(script: string, cwd: string, clone: string, add = ''): Result {
  const env = {
    ...{ ...process.env, CLONE: clone, ADD: add, ORT_DISABLE_TELEMETRY: '1', OMP_NUM_THREADS: '1' },
    ...{ PYTHON: process.env.PYTHON ?? 'python3', SESSION: join(root, 'scripts/documents/session.sh') },
  };
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `source "$SESSION"\n${script}`], {
    ...{ cwd, env, timeout: longest, encoding: 'utf8', maxBuffer: 2 ** 28 },
  });
  const ended = readFileSync(join(clone, '.cwd'), 'utf8').trim();
  return { status: status ?? -1, printed: stdout + stderr, cwd: ended };
}

/** `ple validate` of a config with other keys. */
function validation(text: string, of: string): string {
  const keys: Record<string, unknown> = parse(text);
  const words = Object.entries(keys).flatMap(([key, value]) =>
    key === 'compare' && value instanceof Object
      ? Object.entries(value).map(([below, own]) => `${key}.${below}=${JSON.stringify(own)}`)
      : `${key}=${JSON.stringify(value)}`,
  );
  return ['ple validate --config', of, ...words.map((word) => `'${word.replaceAll("'", "'\\''")}'`)].join(' ');
}

/** SQL, by the DuckDB that `ple` has. */
async function queries(text: string, cwd: string): Promise<Result> {
  const before = process.cwd();
  process.chdir(cwd);
  try {
    return await withDatabase(async (database) => {
      let printed = '';
      for (const query of text.split(/;\s*\n/)) {
        const found = await database.runAndReadAll(query);
        printed += `${JSON.stringify(found.getRowsJson())}\n`;
      }
      return { status: 0, printed, cwd };
    });
  } catch (error) {
    return { status: 1, printed: String(error), cwd };
  } finally {
    process.chdir(before);
  }
}

/** The first line of a page that is not printed, in its order. `…` and `[…]` stand for any text, or any lines. */
function missingLine(page: string, printed: string, isShape: boolean): string | undefined {
  const plain = (line: string) => {
    const words = line.trim().replaceAll(/\s+/g, ' ');
    return isShape ? words.replaceAll(/[-+]?(\d[\d,]*(\.\d+)?|\.\d+)/g, '#') : words;
  };
  const actual = printed.split('\n').map(plain);
  let from = 0;
  for (const line of page.split('\n')) {
    const words = plain(line);
    if (/^(\[?…\]?)?$/.test(words)) continue;
    const escaped = words.split(/\[…\]|…/).map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    const pattern = new RegExp(`^${escaped.join('.*')}$`);
    const found = actual.findIndex((own, at) => at >= from && pattern.test(own));
    if (found < 0) return line;
    from = found + 1;
  }
  return undefined;
}
