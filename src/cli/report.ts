import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Comparison } from '../comparison/comparison.js';
import { storedTable } from '../comparison/gains/stored-table.js';
import { parseExternalFile, type Scale } from '../comparison/stored/external-predictions.js';
import { readComparison, readStoredRuns, type StoredRuns } from '../comparison/stored/stored-runs.js';
import { metricsTable } from '../report/metrics-table.js';
import { writeOutputs, writeRunReport } from '../report/write-outputs.js';
import { catalogue } from '../support/catalogue.js';
import { ConfigError, DataError, exitCode } from '../support/errors.js';
import { makeFolder } from '../support/make-folder.js';
import { writeWhole } from '../support/whole-file.js';
import { commandLine } from './command-line.js';
import { say } from './say.js';
import { showComparison } from './show-comparison.js';

interface ReportOptions {
  readonly out?: string;
  readonly baseline?: string;
  readonly uncertainty?: string;
  readonly predictions?: readonly string[];
  readonly scores?: string;
  readonly svg?: boolean;
  readonly png?: boolean;
  readonly wide?: boolean;
  readonly json?: boolean;
}

const uncertainties = catalogue<{ name: Comparison['uncertainty'] }>('--uncertainty', [
  { name: 'seeds' },
  { name: 'rows' },
  { name: 'both' },
]);
const scales = catalogue<{ name: Scale }>('kind of --scores', [{ name: 'probability' }, { name: 'logit' }]);

/**
 * `ple report`: tables and the report again, from stored runs; of one run alone, its own report. The table on stdout, where the report is on
 * stderr.
 */
export async function reportCommand(words: readonly string[], options: ReportOptions): Promise<number> {
  const uncertainty = options.uncertainty === undefined ? undefined : uncertainties.get(options.uncertainty).name;
  const scale = options.scores === undefined ? undefined : scales.get(options.scores).name;
  const predictions = (options.predictions ?? []).map(parseExternalFile);
  const sources = words.flatMap(readStoredRuns);
  const { baseline, wide = false } = options;
  const comparing =
    baseline !== undefined || uncertainty !== undefined || scale !== undefined || predictions.length > 0 || wide;
  if (!comparing && words.length === 1 && sources[0] && !sources[0].comparison && sources[0].path === words[0])
    return reportRun(sources[0], options);
  const alone = sources.length === 1 && predictions.length === 0 && sources[0]?.comparison ? sources[0] : undefined;
  const folder = options.out ?? alone?.path ?? 'report';
  if (holdsRunsOf(folder) && !(alone && resolve(alone.path) === resolve(folder))) refuse(folder);

  const { comparison, runs, notes } = await storedTable(sources, {
    folder,
    baseline,
    uncertainty,
    predictions,
    scale,
  });
  for (const note of notes) say(`note: ${note}`);
  makeFolder(folder);
  writeWhole(join(folder, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  const data = {
    comparison,
    runs,
    command: commandOf(words, options, alone),
    config: alone ? configOf(alone) : null,
  };
  await writeOutputs(folder, data, { svg: options.svg ?? false, png: options.png ?? false });
  showComparison(comparison, options);
  say(`Written to ${join(folder, 'report.html')}`);
  return exitCode.done;
}

/** The report of a run, into its folder. */
async function reportRun({ path, rows }: StoredRuns, options: ReportOptions): Promise<number> {
  const run = rows[0]?.runs[0]?.run;
  if (!run) throw new DataError(`${path} is not finished: ple train --resume ${path} goes on.`);
  const folder = options.out ?? path;
  if (holdsRunsOf(folder)) refuse(folder);
  const command = commandLine('train', ['--config', join(path, 'config.yaml'), '--runs', dirname(path)]);
  await writeRunReport(folder, run, command, { svg: options.svg ?? false, png: options.png ?? false });
  process.stdout.write(options.json ? `${JSON.stringify(run.result, null, 2)}\n` : metricsTable(run.result));
  say(`Written to ${join(folder, 'report.html')}`);
  return exitCode.done;
}

function refuse(folder: string): never {
  throw new ConfigError(
    `${folder} is the folder of a comparison, whose files would be lost: choose another --out DIR.`,
  );
}

/** True for a folder that `ple compare` made: its runs lie in it. */
function holdsRunsOf(folder: string): boolean {
  if (!existsSync(join(folder, 'comparison.json'))) return false;
  return readComparison(folder).rows.some(({ runs }) => runs.some(({ path }) => !path.includes('/')));
}

function configOf({ path }: StoredRuns): string | null {
  const file = join(path, 'config.yaml');
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** What makes the table again: for a comparison as it was, its own config. */
function commandOf(words: readonly string[], options: ReportOptions, alone: StoredRuns | undefined): string {
  const { baseline, uncertainty, scores, predictions = [] } = options;
  if (alone && baseline === undefined && uncertainty === undefined && configOf(alone) !== null)
    return commandLine('compare', ['--config', join(alone.path, 'config.yaml'), '--runs', dirname(alone.path)]);
  const named = Object.entries({ baseline, uncertainty, scores });
  return commandLine('report', [
    ...words,
    ...named.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...predictions.flatMap((file) => ['--predictions', file]),
  ]);
}
