import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import type { Comparison } from '../comparison/comparison.js';
import type { Scale } from '../comparison/stored/external-predictions.js';
import type { StoredRuns } from '../comparison/stored/stored-runs.js';
import { catalogue } from '../support/catalogue.js';
import { ConfigError, DataError, exitCode } from '../support/errors.js';
import { makeFolder } from '../support/make-folder.js';
import { collect, commandLine, defineCommand, examples, noPng, type OptionsOf } from './command.js';
import { say } from './display/say.js';

const uncertainties = catalogue<{ name: Comparison['uncertainty'] }>('--uncertainty', [
  { name: 'seeds' },
  { name: 'rows' },
  { name: 'both' },
]);
const scales = catalogue<{ name: Scale }>('kind of --scores', [{ name: 'probability' }, { name: 'logit' }]);

const words = () =>
  new Command('report')
    .description('Make tables and the report from stored runs, without training.')
    .argument('<path...>', 'folders of runs or of comparisons, in any mix; NAME=PATH names one')
    .option(
      '--out <dir>',
      'where to write (default: the folder of a run or a comparison that stands alone, else report)',
    )
    .option('--baseline <label>', 'the model that gains are measured against (default: the single-task one)')
    .option(
      '--uncertainty <what>',
      'seeds, rows or both (default: that of the comparison; of runs both where they kept predictions, else seeds)',
      (word: string) => uncertainties.get(word).name,
    )
    .option(
      '--predictions <label=file>',
      'scores of the test rows from another program; LABEL:SEED=FILE, or several times',
      collect,
    )
    .option(
      '--scores <kind>',
      'what a CSV of --predictions has for binary tasks: probability or logit (no default)',
      (word: string) => scales.get(word).name,
    )
    .option('--plugin <file>', 'a plugin whose metrics tasks are judged by; its code runs', collect)
    .option('--leaderboard', 'rank the models of all comparisons task by task; prints only, and writes nothing')
    .option('--svg', 'write the charts as SVG too')
    .option('--wide', 'print all numbers: means, intervals, p-values, parameters; wider than 80 columns')
    .option('--json', 'print the comparison, or the result of a run that stands alone, as one JSON document')
    .addHelpText(
      'after',
      examples(
        'ple report runs/my-ple-0123abcd',
        'ple report runs/quickstart --wide',
        'ple report runs/census-income-compare --uncertainty both',
        'ple report runs/quickstart runs/wider --leaderboard',
        'ple report runs/*-0123abcd runs/quickstart --out report',
        'ple report runs/quickstart --predictions theirs:1=scores-1.csv --predictions theirs:2=scores-2.csv',
      ),
    );
type Options = OptionsOf<typeof words>;

/**
 * Recreates tables and the report from stored runs; for a single run, its own report. Prints the table on stdout and
 * the report's path on stderr.
 */
export const report = defineCommand(
  words,
  async (given, options) => {
    const [{ parseExternalFile }, { readStoredRuns }, { storedTable }, { writeOutputs }, { showComparison }] =
      await Promise.all([
        import('../comparison/stored/external-predictions.js'),
        import('../comparison/stored/stored-runs.js'),
        import('../comparison/gains/stored-table.js'),
        import('../report/write-outputs.js'),
        import('./display/show-comparison.js'),
      ]);
    const { loadNamed } = await import('../training/plugins.js');
    await loadNamed(options.plugin);
    const predictions = (options.predictions ?? []).map(parseExternalFile);
    const sources = given.flatMap(readStoredRuns);
    if (options.leaderboard) return rankModels(sources, options);
    const { baseline, uncertainty, scores: scale, wide = false } = options;
    const comparing =
      baseline !== undefined || uncertainty !== undefined || scale !== undefined || predictions.length > 0 || wide;
    if (!comparing && given.length === 1 && sources[0] && !sources[0].comparison && sources[0].path === given[0])
      return reportRun(sources[0], options);
    const alone = sources.length === 1 && predictions.length === 0 && sources[0]?.comparison ? sources[0] : undefined;
    const folder = options.out ?? alone?.path ?? 'report';
    if ((await holdsOwnRuns(folder)) && !(alone && resolve(alone.path) === resolve(folder))) refuse(folder);

    const { comparison, runs, notes } = await storedTable(sources, {
      folder,
      baseline,
      uncertainty,
      predictions,
      scale,
    });
    for (const note of notes) say(`note: ${note}`);
    makeFolder(folder);
    const { writeWhole } = await import('../support/whole-file.js');
    await writeWhole(join(folder, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`);
    const data = {
      comparison,
      runs,
      command: recreatingCommand(given, options, alone),
      config: alone ? storedConfig(alone) : null,
    };
    await writeOutputs(folder, data, options.svg ?? false);
    showComparison(comparison, options);
    say(`Written to ${join(folder, 'report.html')}`);
    return exitCode.done;
  },
  noPng,
);

async function rankModels(sources: readonly StoredRuns[], options: Options): Promise<number> {
  const { leaderboard: _, plugin, json, ...others } = options;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new ConfigError(`--leaderboard goes with --json and --plugin alone, not with --${other}.`);
  const [{ leaderboard }, { leaderboardText }] = await Promise.all([
    import('../comparison/gains/leaderboard.js'),
    import('../report/leaderboard-text.js'),
  ]);
  for (const note of sources.flatMap(({ notes }) => notes)) say(`note: ${note}`);
  const board = await leaderboard(sources);
  process.stdout.write(json ? `${JSON.stringify(board, null, 2)}\n` : leaderboardText(board));
  return exitCode.done;
}

/** Writes the report of a run into its folder. */
async function reportRun({ path, rows }: StoredRuns, options: Options): Promise<number> {
  const [{ metricsTable }, { writeRunReport }] = await Promise.all([
    import('../report/metrics-table.js'),
    import('../report/write-outputs.js'),
  ]);
  const run = rows[0]?.runs[0]?.run;
  if (!run) throw new DataError(`${path} is not finished: ple train --resume ${path} continues.`);
  const folder = options.out ?? path;
  for (const note of run.notes) say(`note: ${note}`);
  if (await holdsOwnRuns(folder)) refuse(folder);
  const command = commandLine('train', ['--config', join(path, 'config.yaml'), '--runs', dirname(path)]);
  await writeRunReport(folder, run, command, options.svg ?? false);
  process.stdout.write(options.json ? `${JSON.stringify(run.result, null, 2)}\n` : metricsTable(run.result));
  say(`Written to ${join(folder, 'report.html')}`);
  return exitCode.done;
}

function refuse(folder: string): never {
  throw new ConfigError(
    `${folder} is the folder of a comparison, whose files would be lost: choose another --out DIR.`,
  );
}

/** Whether `ple compare` created the folder, so that its runs lie in it. */
async function holdsOwnRuns(folder: string): Promise<boolean> {
  if (!existsSync(join(folder, 'comparison.json'))) return false;
  const { readComparison } = await import('../comparison/stored/comparison-file.js');
  return readComparison(folder).rows.some(({ runs }) => runs.some(({ path }) => !path.includes('/')));
}

function storedConfig({ path }: StoredRuns): string | null {
  const file = join(path, 'config.yaml');
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** The command that recreates the table. For an unchanged comparison, it names the config. */
function recreatingCommand(words: readonly string[], options: Options, alone: StoredRuns | undefined): string {
  const { baseline, uncertainty, scores, predictions = [] } = options;
  if (alone && baseline === undefined && uncertainty === undefined && storedConfig(alone) !== null)
    return commandLine('compare', ['--config', join(alone.path, 'config.yaml'), '--runs', dirname(alone.path)]);
  const named = Object.entries({ baseline, uncertainty, scores });
  return commandLine('report', [
    ...words,
    ...named.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...predictions.flatMap((file) => ['--predictions', file]),
  ]);
}
