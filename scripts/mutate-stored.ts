// Damages the stored files of a comparison, one by one, in many ways, and reads the table again. Each time it must be the same, or a file must be
// refused by its name. Usage: npm run mutate-stored -- [mutants] [seed]
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { storedTable } from '../src/comparison/gains/stored-table.js';
import { readStoredRuns } from '../src/comparison/stored/stored-runs.js';
import { UserError } from '../src/support/errors.js';
import { randomFromSeed } from '../src/support/random.js';

const [mutants = 1400, seed = 1] = process.argv.slice(2).map(Number);
const random = randomFromSeed(seed).stream('mutants');
const { below } = random;
const folder = mkdtempSync(join(tmpdir(), 'ple-mutants-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const config = `name: whole
dataset: { loader: synthetic, rows: { train: 300, validation: 100, test: 100 }, dimension: 4 }
tasks: [{ name: y1, type: regression }, { name: y2, type: regression }]
train: { epochs: 3, batchSize: 50, optimizer: { type: adam, learningRate: 0.01 } }
engine: { device: cpu, threads: 1 }
compare:
  models: [{ type: single-task, levels: [[4]], tower: [3] }, { type: mmoe, levels: [[4]], tower: [3], experts: 2 }]
  seeds: 2
`;
writeFileSync(join(folder, 'config.yaml'), config);
const launcher = join(import.meta.dirname, '../bin/ple.js');
const words = ['compare', '--config', join(folder, 'config.yaml'), '--runs', folder, '--jobs', '1'];
const trained = spawnSync(process.execPath, [launcher, ...words], { encoding: 'utf8' });
if (trained.status !== 0) throw new Error(trained.stderr);
const [whole, mutant] = [join(folder, 'whole'), join(folder, 'mutant')];
cpSync(whole, mutant, { recursive: true });
const read =
  /^(comparison|environment|gates|result)\.json$|^config\.yaml$|^epochs\.jsonl$|^predictions\.arrow$|^best\.safetensors$/;
const files = readdirSync(whole, { recursive: true, encoding: 'utf8' }).filter(
  (path) => statSync(join(whole, path)).isFile() && read.test(basename(path)),
);

/** A damaged copy of a file's bytes. */
function damaged(bytes: Buffer, others: readonly Buffer[]): Buffer {
  const copy = Buffer.from(bytes);
  const at = below(copy.length);
  const lines = copy.toString('latin1').split('\n');
  const digits = [...copy.keys()].filter((place) => /\d/.test(String.fromCharCode(copy[place] ?? 0)));
  const digit = digits[below(digits.length)] ?? at;
  const kinds: (() => Buffer)[] = [
    () => copy.fill((copy[at] ?? 0) ^ (1 << below(8)), at, at + 1),
    () => copy.subarray(0, at),
    () => copy.fill(0, at, Math.min(copy.length, at + 1 + below(64))),
    () => Buffer.from(lines.toSpliced(below(lines.length), 1).join('\n'), 'latin1'),
    () => Buffer.from(lines.toSpliced(below(lines.length), 0, lines[below(lines.length)] ?? '').join('\n'), 'latin1'),
    () => copy.fill(`${below(10)}`, digit, digit + 1),
    () =>
      Buffer.from(
        copy.toString('latin1').replace(/null|true|false|"[a-z]\w*"/g, (word) => (below(9) === 0 ? '[]' : word)),
        'latin1',
      ),
    () => others[below(others.length)] ?? copy,
  ];
  return kinds[below(kinds.length)]?.() ?? copy;
}

/** The table as it is read from a folder, or the message of the refusal. */
async function tableOf(path: string): Promise<string> {
  const sources = readStoredRuns(path);
  const options = { folder: path, baseline: undefined, uncertainty: undefined, predictions: [], scale: undefined };
  const { comparison, notes } = await storedTable(sources, options);
  const { timing: _, sha256: __, notes: own, ...table } = comparison;
  return JSON.stringify([table, [...own, ...notes].filter((note) => !note.includes(path))]);
}

const expected = await tableOf(mutant);
const counts = { same: 0, refused: 0, noted: 0 };
const wrong: string[] = [];
for (let index = 0; index < mutants; index++) {
  const file = files[index % files.length] ?? '';
  const original = readFileSync(join(whole, file));
  const others = files.filter((other) => other !== file && basename(other) === basename(file));
  writeFileSync(
    join(mutant, file),
    damaged(
      original,
      others.map((other) => readFileSync(join(whole, other))),
    ),
  );
  try {
    if ((await tableOf(mutant)) === expected) counts.same += 1;
    else if (basename(file) === 'config.yaml')
      counts.noted += 1; // its name and its engine may be edited, which a note says
    else wrong.push(`${file}: another table (mutant ${index})`);
  } catch (error) {
    if (error instanceof UserError && error.message.includes(mutant) && !error.message.includes('\n'))
      counts.refused += 1;
    else wrong.push(`${file}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  writeFileSync(join(mutant, file), original);
}
process.stdout.write(
  `${mutants} mutants: ${JSON.stringify(counts)}, ${wrong.length} wrong\n${wrong.slice(0, 20).join('\n')}\n`,
);
process.exitCode = wrong.length > 0 ? 1 : 0;
