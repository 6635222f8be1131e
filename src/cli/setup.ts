import { Command, Option } from '@commander-js/extra-typings';
import { exitCode, UserError } from '../support/errors.js';
import { defineCommand, examples } from './command.js';

const ways = ['onnxruntime', 'tfjs'] as const;
const sets = { onnxruntime: 'onnxruntime-cuda', tfjs: 'tensorflow-cuda' } as const;

const words = () =>
  new Command('setup')
    .description('Bring TensorFlow for the CPU, or CUDA without an administrator, from PyPI.')
    .argument('<what>', 'tensorflow: for engine.name=tfjs on the CPU; cuda: for both engines on NVIDIA GPUs')
    .addOption(new Option('--only <way>', 'cuda: for one engine, onnxruntime (compiled) or tfjs').choices(ways))
    .addHelpText(
      'after',
      `
On Linux x64, with any Python that has pip; TensorFlow needs a C++ compiler too. Nothing is written outside of one folder,
which the command names. At its end it does what ple doctor does.
${examples('ple setup tensorflow', 'ple setup cuda', 'ple setup cuda --only tfjs')}`,
    );

/** Sets up native libraries, then tries every engine on every device. */
export const setup = defineCommand(words, async (what, { only }) => {
  if (what !== 'cuda' && (what !== 'tensorflow' || only !== undefined))
    throw new UserError(`ple setup ${what}: say tensorflow, or cuda with --only or without.`, exitCode.usage);
  const names = what === 'cuda' ? (only ? [only] : ways).map((way) => sets[way]) : (['tensorflow'] as const);
  const { setUpLibrary } = await import('../engine/native/set-up.js');
  const { examine } = await import('./doctor.js');
  for (const name of names) setUpLibrary(name, { say: (line) => process.stderr.write(`${line}\n`) });
  await examine(false);
});
