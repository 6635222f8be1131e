import { once } from 'node:events';
import { Command } from '@commander-js/extra-typings';
import { ConfigError, exitCode } from '../support/errors.js';
import { collect, defineCommand, examples } from './command.js';
import { interruptible } from './interruptible.js';
import { dataArgument, devices, withNewRows } from './new-rows.js';
import { say } from './say.js';

const words = () =>
  new Command('predict')
    .description('Predict new rows with a finished run. Labels need not be there.')
    .argument('<run>', 'the folder of a finished run')
    .argument(...dataArgument)
    .option('--out <file>', 'a .csv, .parquet or .arrow file (default: CSV on stdout)')
    .option('--keep <column>', 'copy a column of the rows, such as an id; may be repeated', collect)
    .option('--logits', 'write logits instead of probabilities and predictions in the labels’ units')
    .option(
      '--device <device>',
      'auto, cpu, cuda or webgpu (default: that of the run’s config)',
      (word: string) => devices.get(word).name,
    )
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
        "ple predict runs/shop-ple-0123abcd 'new-*.parquet' > scores.csv",
        "ple predict runs/shop-ple-0123abcd new.txt 'dataset.delimiter=;' --out scores.csv",
      ),
    );

/** Writes the predictions, in the order of the rows. */
export const predict = defineCommand(words, async (path, data, options) => {
  const [{ encoded, formatOf, writeTable }, { predictions }] = await Promise.all([
    import('../data/write/write-file.js'),
    import('../serving/predict-rows.js'),
  ]);
  const { out, keep = [], logits = false, device } = options;
  const format = formatOf(out ?? 'stdout.csv');
  const interrupted = `Interrupted: ${out ?? 'the output'} is not written.`;
  return interruptible(interrupted, (signal) =>
    withNewRows(path, data, { keep, device, signal }, async ({ run, rows, dataset, engine, onRows }) => {
      const { columns, blocks } = predictions(run, dataset, engine, logits ? 'logit' : 'label', onRows);
      const beside = keep.length > 0 ? { file: rows.file, names: keep } : undefined;
      refuseTwice([...keep, ...columns.map(({ name }) => name)]);
      if (out !== undefined) {
        await writeTable(out, columns, blocks, beside);
        say(`Written: ${out} (${dataset.splits.test.rows} rows)`);
        return exitCode.done;
      }
      // A reader that closes the pipe, as head does, ends the writing. Other errors of stdout are reported by main.
      for await (const piece of encoded(format, columns, blocks, beside)) {
        if (process.stdout.write(piece)) continue;
        const isOpen = await once(process.stdout, 'drain').then(
          () => true,
          () => false,
        );
        if (!isOpen) break;
      }
      return exitCode.done;
    }),
  );
});

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, place) => names.indexOf(name) < place);
  if (twice !== undefined) throw new ConfigError(`--keep ${twice}: a column of this name is written already.`);
}
