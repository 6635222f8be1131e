/**
 * Trains what a claim of docs/claims.md is about, as any user would: `ple compare` on configs/claims/NAME.yaml. Writes the gains as
 * CSV in the columns of docs/claims/*.csv, and prints the words of the claim's parts (docs/claims/parts.yaml) and its own:
 *
 *     npm run claims -- NAME [key=value …]         # without NAME: what there is; CSV: runs/claims/NAME.csv
 *
 * `low` and `high` are the 95 % interval of a gain alone; `adjusted` is its word by the simultaneous interval.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import type { Comparison } from '../src/comparison/comparison.js';
import { claimWord, losesEverywhere } from '../src/comparison/statistics/parts.js';
import { isLossWeight } from '../src/config/compare-schema.js';
import { csvOf } from '../src/report/gain-files.js';
import { count } from '../src/report/numbers.js';
import { gainTables, metricName, type ShownGain } from '../src/report/shown-gains.js';
import { groupedBy } from '../src/support/json.js';
import { must } from '../src/support/must.js';
import { joined } from '../src/support/text.js';
import { refuse, wordsOf } from './usage.js';

interface Claim {
  /** As `partName` has them; the main part first. */
  readonly parts: readonly string[];
  /** The verdict of a model that there must be. */
  readonly cures?: string;
}

const columns = [
  ...['table', 'reading', 'point', 'model', 'reference', 'task', 'unit', 'value'],
  ...['gain', 'low', 'high', 'adjusted', 'draws', 'runs', 'minutes', 'commit'],
];

const usage = 'Usage: npm run claims [-- NAME [key=value …]]';
const [name, ...overrides] = wordsOf(usage, { allowPositionals: true }).positionals;
const root = join(import.meta.dirname, '..');
const configs = join(root, 'configs/claims');
const names = readdirSync(configs).map((file) => basename(file, '.yaml'));
const claims: Readonly<Record<string, Claim>> = parse(readFileSync(join(root, 'docs/claims/parts.yaml'), 'utf8'));

if (name === undefined) for (const one of names) console.log(`${one.padEnd(20)} ${firstLine(one)}`);
else if (names.includes(name)) train(name);
else refuse(usage, `There is no claim '${name}': ${names.join(', ')}.`);

function firstLine(claim: string): string {
  return (
    readFileSync(join(configs, `${claim}.yaml`), 'utf8')
      .split('\n')[1]
      ?.replace('# ', '') ?? ''
  );
}

function train(claim: string): void {
  const [runs, config] = ['runs/claims', join(configs, `${claim}.yaml`)];
  const words = ['bin/ple.js', 'compare', '--json', '--runs', runs, '--config', config, ...overrides];
  const made = spawnSync(process.execPath, words, {
    ...{ cwd: root, encoding: 'utf8', maxBuffer: 2 ** 30 },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (made.status !== 0) process.exit(made.status ?? 1);
  const comparison: Comparison = JSON.parse(made.stdout);
  const rows = gainTables(comparison).flatMap(({ gains, title }) => gains.map((row) => ({ row, title })));
  mkdirSync(join(root, runs), { recursive: true });
  writeFileSync(join(root, runs, `${claim}.csv`), csv(comparison, rows));
  console.log(`${runs}/${claim}.csv: ${rows.length} gains`);
  const stated = claims[claim];
  if (stated) say(stated, comparison, rows);
  if (Object.keys(comparison.axes).some(isLossWeight)) sayLosses(rows.map(({ row }) => row));
}

/** Names the models that lose on some task at every loss weight: the seesaw that a claim may need. */
function sayLosses(rows: readonly ShownGain[]): void {
  const ofTasks = rows.filter((row) => row.family === 'models' && row.reference !== null && !row.mean);
  for (const gains of groupedBy(ofTasks, ({ model }) => model)) {
    const points = groupedBy(gains, ({ point }) => point);
    if (losesEverywhere(points)) console.log(`${gains[0].model}: worse on some task at every loss weight`);
  }
}

interface Titled {
  readonly row: ShownGain;
  /** Of the point. */
  readonly title: string;
}

function partName({ row: { model, reference, about }, title }: Titled): string {
  return joined(', ', `${model} over ${reference} on ${about.name}`, title);
}

function say({ parts, cures }: Claim, comparison: Comparison, rows: readonly Titled[]): void {
  const found = parts.map((part) => {
    const { row } = must(
      rows.find((one) => partName(one) === part),
      `gain '${part}'`,
    );
    const { part: stored, isWorthIt, moreDraws } = row;
    const word = stored ?? 'open';
    const more = moreDraws === null ? '' : `about ${count(moreDraws)} more draws`;
    console.log(joined(', ', `${part}: ${word}`, isWorthIt ? 'worth it' : '', more));
    return { word, isWorthIt, moreDraws };
  });
  const arose = cures === undefined || comparison.models.some(({ verdict }) => verdict === cures);
  console.log(`The claim: ${claimWord(found, found[0], arose)}`);
}

function csv(comparison: Comparison, rows: readonly Titled[]): string {
  const commit = execFileSync('git', ['rev-parse', '--short=8', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const fitted = comparison.search?.crossFit ? comparison.search.models : [];
  const all = [...comparison.models, ...fitted.flatMap(({ candidates }) => candidates)];
  const runs = new Set(all.flatMap((row) => row.runs.map(({ path }) => path))).size;
  const minutes = Math.round(Number(comparison.timing.seconds ?? 0) / 60);
  const hasSizes = comparison.models.some(({ label }) => label.endsWith(', equal'));
  const digits = (value: number | null | undefined) => (value == null ? null : Number(value.toPrecision(4)));
  const lines = rows.map(({ row, title }) => {
    const { model, reference, about, value, gain, low, high, part } = row;
    const [, label = model, size = hasSizes ? 'wide' : ''] = /^(.*), (equal|as wide)$/.exec(model) ?? [];
    return [
      ...[comparison.name, size.replace('as ', ''), title],
      ...[
        label,
        reference?.replace(/, (equal|as wide)$/, ''),
        about.name,
        gain === null ? metricName(row.metric ?? '') : about.unit,
      ],
      ...[digits(value), digits(gain), digits(low), digits(high), part],
      ...[row.runs, runs, minutes, commit],
    ];
  });
  return csvOf([columns, ...lines]).replaceAll('\r', '');
}
