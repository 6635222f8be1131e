import { basename } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { ConfigError } from '../support/errors.js';
import { defineCommand, examples, say } from './command.js';
import { modelOption, pluginOption, runArgument, seedOption, servedRun } from './input/served-run.js';

const words = () =>
  new Command('export')
    .description('Write a finished run for other programs, as an ONNX file that predicts table rows.')
    .argument(...runArgument)
    .requiredOption('--to <path>', 'a file .onnx')
    .option(...modelOption)
    .addOption(seedOption())
    .option(...pluginOption)
    .addHelpText('after', examples('ple export runs/shop-ple-0123abcd --to model.onnx'));

export const exportRun = defineCommand(words, async (path, { to, ...named }) => {
  if (!to.endsWith('.onnx')) throw new ConfigError(`--to ${to}: name a file that ends in .onnx.`);
  const run = await servedRun(path, named, ['model']);
  const { onnxFile } = await import('../serving/export/onnx-file.js');
  const { writeWhole } = await import('../support/files.js');
  const beside = `${to}.data`;
  const { file, data } = onnxFile(run, basename(beside));
  if (data.length > 0) {
    await writeWhole(beside, data);
    say(`Written: ${beside}, the tables, which ${to} needs beside it: an ONNX file has less than 2 GiB`);
  }
  await writeWhole(to, file);
  say(`Written: ${to}`);
});
