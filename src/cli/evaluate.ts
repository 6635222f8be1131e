import { Command } from '@commander-js/extra-typings';
import { collect, defineCommand, examples, interruptible, print, say } from './command.js';
import { dataArgument, deviceOption, strictOption, withNewRows } from './input/new-rows.js';
import { modelOption, pluginOption, runArgument, seedOption, servedRun } from './input/served-run.js';

const words = () =>
  new Command('evaluate')
    .description(
      'Measure a finished run on new rows with labels: over all rows and by slice, each with its 95 % interval.',
    )
    .argument(...runArgument)
    .argument(...dataArgument)
    .option('--by <column>', 'also for each value, or range of numbers, of a column; may be repeated', collect)
    .option('--json', 'print one JSON document')
    .option(...modelOption)
    .addOption(seedOption())
    .option(...strictOption)
    .addOption(deviceOption())
    .option(...pluginOption)
    .addHelpText(
      'after',
      `
The tables show each task's usual metric by slice; --json has all metrics. A column of more than 10
different numbers is cut into ranges of about a tenth of the rows. Of more than 50 other values, those with the
most rows have a slice each. Columns need not be inputs of the model.
`,
    )
    .addHelpText(
      'after',
      examples(
        'ple evaluate runs/shop-ple-0123abcd labelled.csv',
        'ple evaluate runs/shop-ple-0123abcd labelled.csv --by country --by age',
        "ple evaluate runs/shop-ple-0123abcd 'day-*.parquet' --json > metrics.json",
      ),
    );

/** Prints metrics over all rows and by slice. */
export const evaluate = defineCommand(words, async (path, data, { by = [], json, strict, device, ...named }) => {
  const { metricsLeftOut } = await import('../training/plugins.js');
  const { allScores, scoredRows } = await import('../serving/score-rows.js');
  const { evaluateRows, labelledTasks } = await import('../serving/evaluate-rows.js');
  const { slicings } = await import('../serving/slices.js');
  const { evaluationText } = await import('../report/evaluation-text.js');
  const columns = [...new Set(by)];
  await interruptible('Interrupted.', async (signal) => {
    const run = await servedRun(path, named);
    for (const note of metricsLeftOut(run)) say(`note: ${note}`);
    const evaluated = await withNewRows(
      run,
      data,
      { keep: columns, labels: true, strict, device, signal },
      async ({ rows, dataset, engine, onRows }) => {
        const { labelled, without } = labelledTasks(run, rows);
        for (const missing of without) say(`note: Without metrics: the rows have no ${missing}.`);
        const cut = await slicings(rows.file, columns, run.encoding, signal);
        const scores = await allScores(dataset, scoredRows(run, dataset, engine), onRows);
        return evaluateRows(run, dataset.tasks, scores, labelled, cut, signal);
      },
    );
    for (const [name, { metrics }] of Object.entries(evaluated.tasks))
      if (metrics.samples === 0) say(`note: No row is in the sample space of task '${name}'; its metrics are null.`);
    print(json, evaluated, evaluationText(evaluated));
    if (columns.length > 0) say(manySlices);
  });
});

const manySlices =
  'note: Each interval covers one number alone. With many slices some lie apart by chance: none is adjusted for their number, and nothing is called better or worse.';
