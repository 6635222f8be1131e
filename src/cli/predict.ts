import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { Command } from '@commander-js/extra-typings';
import { ConfigError } from '../support/errors.js';
import { collect, defineCommand, examples, interruptible, say } from './command.js';
import { dataArgument, deviceOption, strictOption, withNewRows } from './input/new-rows.js';
import { modelOption, pluginOption, runArgument, seedOption, servedRun } from './input/served-run.js';

const words = () =>
  new Command('predict')
    .description('Predict new rows with a finished run. Labels need not be there.')
    .argument(...runArgument)
    .argument(...dataArgument)
    .option('--out <file>', 'a .csv or .parquet file (default: CSV on stdout)')
    .option('--keep <column>', 'copy a column of the rows, such as an id; may be repeated', collect)
    .option('--logits', 'write logits instead of probabilities and predictions in the labels’ units')
    .option(...modelOption)
    .addOption(seedOption())
    .option(...strictOption)
    .addOption(deviceOption())
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
        'ple predict runs/shop --model single-task new.csv > scores.csv',
        "ple predict runs/shop-ple-0123abcd 'new-*.parquet' > scores.csv",
        "ple predict runs/shop-ple-0123abcd new.txt 'dataset.delimiter=;' --out scores.csv",
      ),
    );

/** Writes the predictions, in the order of the rows. */
export const predict = defineCommand(
  words,
  async (path, data, { out, keep = [], logits = false, strict, device, ...named }) => {
    const { encoded, outputFormat: formatOf, writeTable } = await import('../data/write/write-file.js');
    const { checkNames, predictions } = await import('../serving/score-rows.js');
    const scale = logits ? 'logit' : 'label';
    if (out === undefined && isStdoutClosed()) throw new ConfigError('stdout is closed: name a file (--out FILE).');
    const format = formatOf(out ?? 'stdout.csv');
    await interruptible(`Interrupted: ${out ?? 'the output'} is not written.`, async (signal) => {
      const run = await servedRun(path, named);
      checkNames(run, scale, keep);
      await withNewRows(
        run,
        data,
        { keep, labels: false, strict, out, device, signal },
        async ({ rows, dataset, engine, onRows }) => {
          const { columns, blocks } = predictions(run, dataset, engine, scale, onRows);
          const kept = keep.length > 0 ? rows.file : undefined;
          if (out === undefined) return printed(encoded(format, columns, blocks, { kept }));
          await writeTable(out, columns, blocks, { kept });
          say(`Written: ${out} (${dataset.splits.test.rows} rows)`);
        },
      );
    });
  },
);

/** A reader that closes the pipe, as head does, ends the writing. Other errors of stdout are reported by main. */
async function printed(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) {
    if (process.stdout.write(piece)) continue;
    const isOpen = await once(process.stdout, 'drain').then(
      () => true,
      () => false,
    );
    if (!isOpen) break;
  }
}

/** Node opens /dev/null, for reading too, in the place of a closed stdout. Nothing written there is an error. */
function isStdoutClosed(): boolean {
  try {
    if (readlinkSync('/proc/self/fd/1') !== '/dev/null') return false;
    return /^flags:\s*\d*2$/m.test(readFileSync('/proc/self/fdinfo/1', 'utf8'));
  } catch {
    return false; // not Linux: nothing is known
  }
}
