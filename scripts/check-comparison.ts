/**
 * Computes a comparison's statistics again, from its runs' result.json and predictions.arrow, with SciPy
 * (scripts/check-comparison.py):
 *
 *     npm run check:comparison -- runs/<name>
 *
 * `PYTHON` names the interpreter that has NumPy and SciPy. Prints the largest relative difference of each kind of
 * number; exits with 1 if one is above its tolerance. It leaves out `oneEpoch`, and takes each run's
 * metrics as they are.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { parse } from 'yaml';
import type { ComparedModel, Comparison } from '../src/comparison/comparison.js';
import type { Result } from '../src/training/result.js';
import { refuse, wordsOf } from './usage.js';

const usage = 'Usage: npm run check:comparison -- runs/<name>, the folder of a finished comparison';
const [folder = '', ...others] = wordsOf(usage, { allowPositionals: true }).positionals;
if (others.length > 0 || !existsSync(join(folder, 'comparison.json')))
  refuse(usage, `${[folder, ...others].join(' ')}: there is no comparison.json.`);
const comparison: Comparison = JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8'));
if (comparison.schema !== 7) refuse(usage, `${folder}: comparison.json is of another version of ple.`);

const done = comparison.models.flatMap(({ runs }) => runs.filter(({ status }) => status === 'done'));
const tried = comparison.search?.crossFit ? comparison.search.models.flatMap(({ candidates }) => candidates) : [];
const paths = [
  ...new Set([
    ...done.flatMap(({ path, parts }) => [path, ...Object.values(parts ?? {})]),
    ...tried.flatMap(({ runs }) => runs.flatMap(({ path, trained }) => (trained ? path : []))),
  ]),
];
const missing = paths.find((path) => !existsSync(join(folder, path, 'result.json')));
if (missing !== undefined)
  refuse(
    usage,
    `There is no ${join(folder, missing, 'result.json')}: predictions that were made elsewhere cannot be checked.`,
  );

const given = mkdtempSync(join(tmpdir(), 'ple-check-comparison-'));
try {
  const results = Object.fromEntries(paths.map((path) => [path, resultOf(path)]));
  const rows = comparison.models.map((model) => rowOf(model, results));
  const [first] = Object.values(results);
  const types = Object.fromEntries(comparison.tasks.map((task) => [task, first?.tasks[task]?.type]));
  const tables = comparison.uncertainty === 'seeds' ? {} : Object.fromEntries(paths.map(tableOf));
  const settings = (comparison.search?.models ?? []).map(({ label, point, candidates }) =>
    tried.length === 0 ? [] : candidates.map((candidate) => rowOf({ label, point, runs: runsOf(candidate) }, results)),
  );
  const all = { comparison, types, rows, settings, tables };
  writeFileSync(join(given, 'runs.json'), JSON.stringify(all));
  const python = process.env.PYTHON ?? 'python3';
  const words = [join(import.meta.dirname, 'check-comparison.py'), given];
  const { status, error } = spawnSync(python, words, { stdio: 'inherit' });
  if (error) console.error(`${python} cannot be started (${error.message}): PYTHON names the Python that has SciPy.`);
  process.exitCode = status ?? 2;
} finally {
  rmSync(given, { recursive: true });
}

function resultOf(path: string): Result {
  return JSON.parse(readFileSync(join(folder, path, 'result.json'), 'utf8'));
}

function runsOf({ runs }: Pick<(typeof tried)[number], 'runs'>): ComparedModel['runs'] {
  return runs.map(({ seed, path, trained }) => ({ seed, path, status: trained ? 'done' : 'failed' }));
}

/** A model's finished runs: metrics by task, the folder that a task is reported from, and the key of the runs' data. */
function rowOf(
  { label, point, runs }: Pick<ComparedModel, 'label' | 'point' | 'runs'>,
  results: Readonly<Record<string, Result>>,
) {
  const finished = runs.filter(({ status }) => status === 'done');
  const read = finished.map(({ seed, path, parts }) => {
    const paths = Object.fromEntries(comparison.tasks.map((task) => [task, parts?.[task] ?? path]));
    const values = Object.entries(paths).map(([task, path]) => [task, results[path]?.tasks[task]?.test]);
    const dataset = results[path]?.dataset;
    const { splitSeed, validation, split } = parse(readFileSync(join(folder, path, 'config.yaml'), 'utf8')).dataset;
    const others = dataset && (validation === 'test-half' || split?.of ? dataset.rows.validation : dataset.rows.train);
    const overlap = dataset && others && splitSeed === 'run' ? dataset.rows.test / others : null;
    const late = Object.entries(paths).map(
      ([task, path]) => (results[path]?.tasks[task]?.ended ?? results[path]?.ended) === 'limit',
    );
    return [seed, { paths, values: Object.fromEntries(values), set: JSON.stringify(dataset), overlap, late }];
  });
  return { label, point, runs: Object.fromEntries(read) };
}

/** A run's predictions: column after column in a file of float64. */
function tableOf(path: string, index: number) {
  const file = join(given, `${index}.f64`);
  const table = tableFromIPC(readFileSync(join(folder, path, 'predictions.arrow')));
  const columns = table.schema.fields.map(({ name, metadata }) => ({ name, ...Object.fromEntries(metadata) }));
  for (const { name } of columns)
    appendFileSync(file, new Uint8Array(Float64Array.from(table.getChild(name)?.toArray() ?? []).buffer));
  return [path, { file, columns }] as const;
}
