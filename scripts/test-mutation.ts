// Whether the tests catch faults: each of `mutants.ts` is put into a copy of the tree, whose tests run until one fails. First the test of the same
// name, then those of its folder, those of its room (src/<room>), and all others.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import { type Mutant, mutants } from './mutants.js';
import { refuse, wordsOf } from './usage.js';

const usage = `Usage: npm run test:mutation -- [options]
  --list          the mutants, without running tests
  --only TEXT     those of files whose path contains this
  --tree DIR      tries them on the tracked files of another checkout
  --room-only     leaves out the tests of other rooms
  --slow          runs the slow tests, too, on what survives
  --all-projects  for a checkout without the projects 'fast' and 'slow'
  --jobs N        mutants at a time (default 2)
  --json FILE     writes the results`;
const [flag, word] = [{ type: 'boolean' }, { type: 'string' }] as const;
const flags = { list: flag, 'room-only': flag, slow: flag, 'all-projects': flag } as const;
const { values } = wordsOf(usage, { options: { ...flags, only: word, tree: word, jobs: word, json: word } });
const root = resolve(values.tree ?? join(import.meta.dirname, '..'));
const jobs = Number(values.jobs ?? 2);
if (!Number.isInteger(jobs) || jobs < 1) refuse(usage, `--jobs ${values.jobs}: a whole number from 1.`);
const fast = values['all-projects'] ? [] : ['fast', 'fast-alone'];

const numbered = mutants.map((mutant, number) => ({ ...mutant, number }));
const timesIn = ({ file, from }: Mutant) =>
  fs.existsSync(join(root, file)) ? fs.readFileSync(join(root, file), 'utf8').split(from).length - 1 : 0;
const asked = numbered.filter(({ file }) => file.includes(values.only ?? ''));
const tried = asked.filter((mutant) => timesIn(mutant) === 1);
const faults = asked.filter((mutant) => !tried.includes(mutant));
for (const fault of faults) console.error(`${fault.number} ${fault.file}: ${timesIn(fault)} times: ${fault.from}`);
if (tried.length === 0 || (faults.length > 0 && values.tree === undefined)) process.exit(1);
if (values.list) {
  for (const { number, file, why } of tried) console.log(`${number} ${file}: ${why}`);
  process.exit(0);
}

const folder = fs.mkdtempSync(join(tmpdir(), 'ple-mutants-'));
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) kill(child);
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }); // a test may still write
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
const listed = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 });
const tracked = listed.stdout.split('\0').filter((path) => path !== '' && fs.existsSync(join(root, path)));
const tests = tracked.filter((path) => /^src\/.*\.test\.ts$/.test(path));

interface Outcome {
  readonly killedBy: string | null;
  /** The failed test, and the beginning of its message. */
  readonly how?: string;
  readonly stage: string;
}
const results: ((typeof numbered)[number] & Outcome & { readonly seconds: number })[] = [];

const copies = Array.from({ length: Math.min(jobs, tried.length) }, (_, copy) => join(folder, String(copy)));
for (const copy of copies) {
  for (const path of tracked) fs.cpSync(join(root, path), join(copy, path));
  fs.mkdirSync(join(copy, 'node_modules')); // a folder of its own, since Vitest writes into it
  const packages = fs.readdirSync(join(root, 'node_modules')).filter((name) => !name.startsWith('.vite'));
  for (const name of packages) fs.symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  spawnSync('npm', ['run', '--silent', 'build'], { cwd: copy, stdio: 'inherit' });
}
const broken = values['room-only'] ? null : await failing(copies[0] ?? '', tests, fast, 60);
if (broken) throw new Error(`A test fails without a mutant: ${broken.killedBy} ${broken.how ?? ''}`);
const waiting = tried.values();
await Promise.all(copies.map(work));
report();

async function work(copy: string): Promise<void> {
  for (const mutant of waiting) {
    const { number, file, from, to, why } = mutant;
    const started = performance.now();
    const [path, built] = [join(copy, file), join(copy, file.replace(/^src(.*)\.ts$/, 'dist$1.js'))];
    const [source, program] = [fs.readFileSync(path, 'utf8'), fs.readFileSync(built, 'utf8')];
    const mutated = source.split(from).join(to);
    fs.writeFileSync(path, mutated);
    fs.writeFileSync(built, transformSync(mutated, { loader: 'ts', target: 'es2023' }).code); // some tests run the built program
    const found = await outcomeOf(copy, file);
    fs.writeFileSync(path, source);
    fs.writeFileSync(built, program);
    results.push({ ...mutant, ...found, seconds: Math.round((performance.now() - started) / 1000) });
    results.sort((a, b) => a.number - b.number);
    if (values.json) fs.writeFileSync(values.json, `${JSON.stringify(results, null, 1)}\n`);
    const { killedBy, stage } = found;
    console.log(`${number} ${file}: ${why}: ${killedBy === null ? 'SURVIVED' : `killed by ${killedBy} (${stage})`}`);
  }
}

async function outcomeOf(copy: string, file: string): Promise<Outcome> {
  let left = tests;
  const taken = (isOf: (test: string) => boolean) => {
    const files = left.filter(isOf);
    left = left.filter((test) => !isOf(test));
    return files;
  };
  const room = file.split('/', 2).join('/');
  const stages = [
    ['near', taken((test) => test === file.replace(/\.ts$/, '.test.ts')), fast, 5],
    ['near', taken((test) => dirname(test) === dirname(file)), fast, 15],
    ['room', taken((test) => test.startsWith(`${room}/`)), fast, 15],
    ['others', values['room-only'] ? [] : left, fast, 15],
    ['slow', values.slow ? tests : [], ['slow', 'slow-alone'], 15],
  ] as const;
  for (const [stage, files, projects, minutes] of stages) {
    const failed = await failing(copy, files, projects, minutes);
    if (failed) return { ...failed, stage };
  }
  return { killedBy: null, stage: 'survived' };
}

/** The first of these test files that fails. @param projects None: all. */
async function failing(copy: string, files: readonly string[], projects: readonly string[], minutes: number) {
  if (files.length === 0) return null;
  const output = join(copy, 'mutant-report.json');
  fs.rmSync(output, { force: true });
  const limits = projects.length > 0 ? ['--testTimeout=60000', ...projects.map((name) => `--project=${name}`)] : [];
  const others = ['--bail=1', '--maxWorkers=1', '--passWithNoTests', '--reporter=json', `--outputFile=${output}`];
  const words = [join(copy, 'node_modules/vitest/vitest.mjs'), 'run', ...limits, ...others, ...files];
  const child = spawn(process.execPath, words, { cwd: copy, stdio: 'ignore', detached: true });
  running.add(child);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill(child);
  }, 60_000 * minutes);
  const code = await new Promise((end) => child.on('exit', end));
  clearTimeout(timer);
  kill(child); // what it may have left running
  running.delete(child);
  if (isLate) return { killedBy: `a time-out of ${minutes} min` };
  if (code === 0) return null;
  const [file] = (fs.existsSync(output) ? reportIn(output) : []).filter(({ status }) => status === 'failed');
  if (!file) return { killedBy: `exit code ${code}` };
  const test = file.assertionResults.find(({ status }) => status === 'failed');
  const how = test ? `${test.fullName}: ${test.failureMessages[0]}` : file.message;
  return { killedBy: relative(copy, file.name), how: how.slice(0, 200) };
}

interface TestFile extends Readonly<Record<'name' | 'status' | 'message', string>> {
  readonly assertionResults: readonly { status: string; fullName: string; failureMessages: readonly string[] }[];
}

function reportIn(path: string): readonly TestFile[] {
  const { testResults }: { readonly testResults: readonly TestFile[] } = JSON.parse(fs.readFileSync(path, 'utf8'));
  return testResults;
}

/** With all processes that it has started. */
function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {} // it has ended
}

function report(): void {
  const table: Record<string, Record<string, number>> = {};
  for (const { file, stage } of results) {
    const room = file.split('/')[1] ?? '';
    table[room] ??= { mutants: 0, near: 0, room: 0, others: 0, slow: 0, survived: 0 };
    for (const column of ['mutants', stage]) table[room][column] = (table[room][column] ?? 0) + 1;
  }
  console.table(table);
  const survivors = results.filter(({ killedBy, accepted }) => killedBy === null && accepted === undefined);
  for (const { number, file, why } of survivors) console.log(`survived: ${number} ${file}: ${why}`);
  process.exitCode = survivors.length > 0 ? 1 : 0;
}
