import { Command, Option } from '@commander-js/extra-typings';
import type { LibraryName } from '../engine/native/libraries.js';
import { exitCode, UserError } from '../support/errors.js';
import { defineCommand, examples, type OptionsOf } from './command.js';

const ways = ['onnxruntime', 'tfjs'] as const;

const words = () =>
  new Command('setup')
    .description('Bring TensorFlow for the CPU, or CUDA without an administrator, from PyPI.')
    .argument('<what>', 'tensorflow: for engine.name=tfjs on the CPU; cuda: for both engines on NVIDIA GPUs')
    .addOption(new Option('--only <way>', 'cuda: for one engine, onnxruntime (compiled) or tfjs').choices(ways))
    .addHelpText(
      'after',
      `
On Linux x64, with any Python that has pip, or uv; TensorFlow needs a C++ compiler too. Nothing is written outside of one
folder, which the command names. At its end it does what ple doctor does.
${examples('ple setup tensorflow', 'ple setup cuda', 'ple setup cuda --only tfjs')}`,
    );

/** Sets up native libraries, then tries every engine on every device. Fails if one of them could not be set up. */
export const setup = defineCommand(words, async (what, { only }) => {
  const names = libraryNames(what, only);
  const [{ libraries }, { setUp, setUpOptions }, { examine }, { inspectMachine: lookAtMachine }] = await Promise.all([
    import('../engine/native/libraries.js'),
    import('../engine/native/set-up.js'),
    import('./doctor.js'),
    import('../engine/devices/choose-device.js'),
  ]);
  let code: number = exitCode.done;
  for (const name of names) {
    try {
      await setUp(libraries[name], await setUpOptions((line) => process.stderr.write(`${line}\n`)));
    } catch (error) {
      // The other way may still work. A way that was asked for alone has nothing after it.
      if (!(error instanceof UserError) || names.length === 1) throw error;
      process.stderr.write(`ple: ${error.message}\n`);
      code = error.exitCode;
    }
  }
  process.stderr.write('\n');
  await examine(lookAtMachine(), false);
  return code;
});

function libraryNames(what: string, only: OptionsOf<typeof words>['only']): readonly LibraryName[] {
  if (what === 'tensorflow' && only === undefined) return ['tensorflow'];
  if (what === 'cuda') return (only === undefined ? ways : [only]).map((way) => sets[way]);
  throw new UserError(
    what === 'tensorflow' ? '--only goes with ple setup cuda.' : `ple setup ${what}: say tensorflow or cuda.`,
    exitCode.usage,
  );
}

const sets = { onnxruntime: 'onnxruntime-cuda', tfjs: 'tensorflow-cuda' } as const satisfies Record<
  (typeof ways)[number],
  LibraryName
>;
