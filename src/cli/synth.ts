import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { ConfigError } from '../support/errors.js';
import { defineCommand, examples, interruptible, print, say } from './command.js';

/** Flags that set keys of the kind's options. */
const flags = [
  { flag: '--correlation <p>', key: 'correlation', help: 'cosine of the weight vectors (0.5), or a matrix' },
  { flag: '--tasks <n>', key: 'tasks', help: 'labels of a row (2)' },
  { flag: '--rows <n>', key: 'rows', help: 'rows (10000)' },
  { flag: '--dim <n>', key: 'dimension', help: 'features (100)' },
  { flag: '--sines <n>', key: 'sines', help: 'sines added to a label’s linear part (10)' },
  { flag: '--noise <variance>', key: 'noise', help: 'variance of the labels’ noise (0.01; of a funnel 1)' },
  { flag: '--scale <c>', key: 'scale', help: 'norm of the weight vectors (1)' },
  { flag: '--seed <n>', key: 'seed', help: 'draws the process and the rows (0)' },
];

const words = () => {
  const command = new Command('synth')
    .description('Write rows of a generated data set, and a manifest of what they were drawn from.')
    .option('--kind <name>', 'synthetic (MMoE section 3.2) or funnel (a simulated video feed)')
    .option('--out <file>', 'its ending says the format: .csv or .parquet (datasets/<kind>.csv)')
    .option('--force', 'replace an existing file')
    .option('--json', 'print the manifest as one JSON document')
    .argument('[key.path=value...]', 'more options of the kind, those of its loader')
    .addHelpText(
      'after',
      examples(
        'ple synth --correlation 0.5 --rows 100000 --out datasets/synthetic.csv',
        'ple synth --tasks 3 --dim 512 --out datasets/three.parquet --json',
        'ple synth --kind funnel --rows 100000 --out datasets/funnel.csv rates.CTR=0.1 users=2000',
      ),
    );
  for (const { flag, help } of flags) command.option(flag, help);
  return command;
};

/** Writes a process's file and its manifest. Flags and words `key=value` are options of the kind. */
export const synth = defineCommand(words, async (given, options, command) => {
  const { synthesisKinds } = await import('../data/synthesize.js');
  const { withOverride } = await import('../config/document.js');
  const { plainNode } = await import('../config/node.js');
  const { parsePart } = await import('../config/parse.js');
  const { progressBars } = await import('./display/progress-bar.js');
  const { makeFolder } = await import('../support/files.js');
  const kind = synthesisKinds.get(options.kind ?? synthesisKinds.names[0] ?? '');
  const flagged = flags.flatMap(({ flag, key }) => {
    const value: unknown = command.getOptionValue(new Option(flag).attributeName());
    return value === undefined ? [] : [{ word: `${key}=${value}`, source: `${flag.split(' ')[0]} ${value}` }];
  });
  const chosen = [...flagged, ...given.map((word) => ({ word, source: undefined }))].reduce(
    (node, { word, source }) => withOverride(node, word, source),
    plainNode({}, { text: 'ple synth', folder: '.' }),
  );
  const out = options.out ?? `datasets/${kind.name}.csv`;
  const write = kind.prepare(parsePart(kind.options, chosen), out);
  if (existsSync(out) && !options.force) throw new ConfigError(`${out} exists already: --force replaces it.`);
  makeFolder(dirname(out));
  const { manifest, summary } = await interruptible(`Interrupted: ${out} is not written.`, (signal) => {
    const bars = progressBars();
    const advance = (done: number, total: number) => {
      signal.throwIfAborted();
      bars.update(out, 'rows', done, total);
    };
    return write(advance).finally(bars.stop);
  });
  say(`Written: ${out}; ${out}.manifest.json`);
  print(options.json, manifest, `${summary}\n`);
});
