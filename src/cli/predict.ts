import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { Command } from '@commander-js/extra-typings';
import { ConfigError, exitCode } from '../support/errors.js';
import { collect, defineCommand, examples } from './command.js';
import { say } from './display/say.js';
import {
  dataArgument,
  deviceOption,
  pluginOption,
  sayEmpty,
  sayWithoutLabels,
  strictOption,
  withNewRows,
} from './input/new-rows.js';
import { interruptible } from './interruptible.js';

const words = () =>
  new Command('predict')
    .description('Predict new rows with a finished run. Labels need not be there.')
    .argument('<run>', 'the folder of a finished run')
    .argument(...dataArgument)
    .option('--out <file>', 'a .csv, .parquet or .arrow file (default: CSV on stdout)')
    .option('--keep <column>', 'copy a column of the rows, such as an id; may be repeated', collect)
    .option('--metrics', 'also print the metrics over all rows, which have labels then; needs --out')
    .option('--logits', 'write logits instead of probabilities and predictions in the labels’ units')
    .option(...strictOption)
    .option(...deviceOption)
    .option(...pluginOption)
    .addHelpText(
      'after',
      `
Columns written: <task>.probability of a binary task, <task>.probability.<class> of a multiclass task,
<task>.prediction of a regression; with --logits <task>.logit.
`,
    )
    .addHelpText(
      'after',
      examples(
        'ple predict runs/shop-ple-0123abcd new.csv --out scores.parquet --keep user --keep item',
        'ple predict runs/shop-ple-0123abcd labelled.csv --out scores.csv --metrics',
        "ple predict runs/shop-ple-0123abcd 'new-*.parquet' > scores.csv",
        "ple predict runs/shop-ple-0123abcd new.txt 'dataset.delimiter=;' --out scores.csv",
      ),
    );

/** Writes the predictions, in the order of the rows. */
export const predict = defineCommand(words, async (path, data, options) => {
  const [
    { encoded, formatOf, writeTable },
    { readTrainedRun },
    { loadNamed, metricsLeftOut },
    { checkNames, gatheredScores, predictions },
    { evaluateRows, labelledTasks },
    { evaluationText },
  ] = await Promise.all([
    import('../data/write/write-file.js'),
    import('../serving/trained-run.js'),
    import('../training/plugins.js'),
    import('../serving/predict-rows.js'),
    import('../serving/evaluate-rows.js'),
    import('../report/evaluation-text.js'),
  ]);
  const { out, keep = [], metrics = false, logits = false, strict, device, plugin } = options;
  const scale = logits ? 'logit' : 'label';
  if (metrics && out === undefined)
    throw new ConfigError('--metrics prints on stdout: name a file for the predictions (--out FILE).');
  if (out === undefined && isStdoutClosed()) throw new ConfigError('stdout is closed: name a file (--out FILE).');
  const format = formatOf(out ?? 'stdout.csv');
  const interrupted = `Interrupted: ${out ?? 'the output'} is not written.`;
  return interruptible(interrupted, async (signal) => {
    await loadNamed(plugin);
    const run = await readTrainedRun(path);
    checkNames(run, scale, keep);
    if (metrics) for (const note of metricsLeftOut(run)) say(`note: ${note}`);
    const text = await withNewRows(
      run,
      data,
      { keep, labels: metrics, strict, out, device, signal },
      async ({ rows, dataset, engine, onRows }) => {
        const measured = metrics ? { ...labelledTasks(run, rows), scores: await gatheredScores(dataset) } : undefined;
        const { columns, blocks } = predictions(run, dataset, engine, scale, onRows, measured?.scores);
        const kept = keep.length > 0 ? rows.file : undefined;
        if (out !== undefined) {
          await writeTable(out, columns, blocks, kept);
          say(`Written: ${out} (${dataset.splits.test.rows} rows)`);
          if (!measured) return '';
          sayWithoutLabels(measured.without);
          const evaluated = await evaluateRows(run, dataset.tasks, measured.scores.tasks, measured.labelled, []);
          sayEmpty(evaluated);
          return evaluationText(evaluated);
        }
        // A reader that closes the pipe, as head does, ends the writing. Other errors of stdout are reported by main.
        for await (const piece of encoded(format, columns, blocks, kept)) {
          if (process.stdout.write(piece)) continue;
          const isOpen = await once(process.stdout, 'drain').then(
            () => true,
            () => false,
          );
          if (!isOpen) break;
        }
        return '';
      },
    );
    process.stdout.write(text);
    return exitCode.done;
  });
});

/** Node opens /dev/null, for reading too, in the place of a closed stdout. Nothing written there is an error. */
function isStdoutClosed(): boolean {
  try {
    if (readlinkSync('/proc/self/fd/1') !== '/dev/null') return false;
    return /^flags:\s*\d*2$/m.test(readFileSync('/proc/self/fdinfo/1', 'utf8'));
  } catch {
    return false; // not Linux: nothing is known
  }
}
