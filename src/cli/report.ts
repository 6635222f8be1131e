import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { ConfigError } from '../support/errors.js';
import { collect, commandLine, defineCommand, examples, type OptionsOf, say } from './command.js';

const words = () =>
  new Command('report')
    .description('Make tables and the report from stored runs, without training.')
    .argument('<folder>', 'the folder of a comparison')
    .option('--out <dir>', 'where to write (default: the same folder; with --predictions report)')
    .option('--baseline <label>', 'the model that gains are measured against (default: that of the comparison)')
    .addOption(
      new Option('--uncertainty <what>', 'what errors cover, if not what the comparison says').choices([
        'seeds',
        'rows',
        'both',
      ] as const),
    )
    .option(
      '--predictions <label=file>',
      'scores of the test rows from another program; LABEL:SEED=FILE, or several times',
      collect,
    )
    .addOption(
      new Option('--scores <kind>', 'what a CSV of --predictions has for binary tasks (no default)').choices([
        'probability',
        'logit',
      ] as const),
    )
    .option('--plugin <file>', 'a plugin whose metrics tasks are judged by; its code runs', collect)
    .option('--svg', 'write the charts as SVG too')
    .option('--wide', 'print all numbers: means, intervals, p-values, parameters; wider than 80 columns')
    .option('--json', 'print the comparison as one JSON document')
    .addHelpText(
      'after',
      examples(
        'ple report runs/quickstart --wide',
        'ple report runs/census-income-compare --uncertainty both',
        'ple report runs/quickstart --predictions theirs:1=scores-1.csv --predictions theirs:2=scores-2.csv',
      ),
    );
type Options = OptionsOf<typeof words>;

/**
 * Recreates tables and the report of a stored comparison. Prints the table on stdout and the report's path on stderr.
 */
export const report = defineCommand(words, async (path, options) => {
  const { parseExternalFile } = await import('../comparison/stored/external-predictions.js');
  const { readStoredRuns } = await import('../comparison/stored/stored-runs.js');
  const { storedTable } = await import('../comparison/gains/stored-table.js');
  const { writeOutputs } = await import('../report/write-outputs.js');
  const { showComparison } = await import('./display/compare-display.js');
  const { loadNamed } = await import('../training/plugins.js');
  await loadNamed(options.plugin);
  const predictions = (options.predictions ?? []).map(parseExternalFile);
  const { baseline, uncertainty, scores: scale } = options;
  const source = readStoredRuns(path);
  const folder = options.out ?? (predictions.length === 0 ? path : 'report');
  const isOwn = predictions.length === 0 && resolve(path) === resolve(folder);
  if (!isOwn && (await holdsOwnRuns(folder)))
    throw new ConfigError(
      `${folder} is the folder of a comparison, whose files would be lost: choose another --out DIR.`,
    );

  const { comparison, runs, notes } = await storedTable(source, {
    folder,
    baseline,
    uncertainty,
    predictions,
    scale,
  });
  for (const note of notes) say(`note: ${note}`);
  const { makeFolder, writeWhole } = await import('../support/files.js');
  makeFolder(folder);
  await writeWhole(join(folder, 'comparison.json'), `${JSON.stringify(comparison, null, 2)}\n`);
  const data = {
    comparison,
    runs,
    command: recreatingCommand(path, options),
    config: predictions.length === 0 ? storedConfig(path) : null,
  };
  await writeOutputs(folder, data, options.svg ?? false);
  showComparison(comparison, options);
  say(`Written to ${join(folder, 'report.html')}`);
});

/** Whether `ple compare` created the folder, so that its runs lie in it. */
async function holdsOwnRuns(folder: string): Promise<boolean> {
  if (!existsSync(join(folder, 'comparison.json'))) return false;
  const { readComparison } = await import('../comparison/comparison.js');
  return readComparison(folder).models.some(({ runs }) => runs.some(({ path }) => !path.includes('/')));
}

function storedConfig(path: string): string | null {
  const file = join(path, 'config.yaml');
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

/** The command that recreates the table. For an unchanged comparison, it names the config. */
function recreatingCommand(path: string, options: Options): string {
  const { baseline, uncertainty, scores, predictions = [] } = options;
  if (predictions.length === 0 && baseline === undefined && uncertainty === undefined && storedConfig(path) !== null)
    return commandLine('compare', ['--config', join(path, 'config.yaml'), '--runs', dirname(path)]);
  const named = Object.entries({ baseline, uncertainty, scores });
  return commandLine('report', [
    path,
    ...named.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...predictions.flatMap((file) => ['--predictions', file]),
  ]);
}
