import { describe, expect, it } from 'vitest';
import type { Engine, Program, Signature, Step } from '../../engine/engine.js';
import {
  candidate,
  deviceName,
  referenceEngine,
  testedEngine,
  tolerance,
  whole,
} from '../../engine/parity-device.fixture.js';
import { createCompiledEngine } from '../../engine/run/compiled-engine.js';
import { byteCount } from '../../engine/run/transfers.js';
import { cut } from '../../engine/training-step.fixture.js';
import { models } from '../../models/catalogue.js';
import { mixed, three, withLists } from '../../models/model-tests.fixture.js';
import { type Given, present } from '../../models/run.fixture.js';
import { balancings } from '../../objective/balancing/catalogue.js';
import { float32, type HostArrays } from '../../support/arrays.js';
import { differences, madeStep, smallModel, trained } from '../step.fixture.js';

const steps = whole ? 10 : 3;

/** Variants of the common options: all have dropout, and each other choice occurs in one. */
const variants = [
  { activation: 'gelu', dropout: 0.2 },
  { activation: 'silu', normalization: 'layer', dropout: 0.3 },
  { activation: 'tanh', dropout: { layers: 0.5, embeddings: 0 } },
  { activation: 'prelu', normalization: 'layer', dropout: { layers: 0.1, embeddings: 0.3 } },
  { normalization: 'layer', dropout: 0.25 },
  { normalization: 'batch', dropout: 0.1 },
] as const;

interface Case {
  readonly label: string;
  readonly given: Given;
  readonly batchSize: number;
  readonly optimizer?: object;
  readonly seed?: number;
}

const shapes = {
  plain: { tasks: three, ...mixed },
  classes: { tasks: three.with(1, { name: 'click', type: 'multiclass', outputs: 3 }), ...mixed },
  lists: { tasks: three, ...withLists },
};
const isBinary = (model: string) => models.get(model).binaryOnly;

/** Layer normalisation of few features, most of them dropped, magnifies rounding: wide layers. */
function varied(model: string, index: number, shape: Given['shape'], batchSize: number): Case {
  const given = smallModel(model, shape, present(variants[index % variants.length]));
  const wide = { levels: given.options.levels.map((widths) => widths.map(() => 16)), tower: [16] };
  const label = `${model} with ${JSON.stringify(variants[index % variants.length])}`;
  const own = model === 'aitm' ? { seed: 7 } : {};
  return { label, given: { ...given, options: { ...given.options, ...wide } }, batchSize, ...own };
}

/** A part: each model once, with a variant on few rows; each kind of inputs and tasks occurs with some model. */
const some = models.names.map((model, index) => {
  const shape = isBinary(model) ? shapes.plain : present(Object.values(shapes)[index % 3]);
  return varied(model, index, shape, 16);
});

/** Every model with defaults, with one of the variants on fewer rows, and with a multiclass task; then two on lists. */
const all = models.names.flatMap((model, index): Case[] => [
  { label: model, given: smallModel(model, shapes.plain), batchSize: 512, seed: model === 'aitm' ? 7 : 6 },
  varied(model, index, shapes.plain, 64),
  ...(isBinary(model)
    ? []
    : [{ label: `${model} with classes`, given: smallModel(model, shapes.classes), batchSize: 64 }]),
  ...(['hard-sharing', 'single-task'].includes(model)
    ? [{ label: `${model} on lists`, given: smallModel(model, shapes.lists), batchSize: 512 }]
    : []),
]);

/** Of 40 ids a step reads a few. */
const manyIds = { ...shapes.plain, categorical: mixed.categorical.map((column) => ({ ...column, cardinality: 40 })) };
const lazy = {
  label: 'stem with lazy tables',
  given: smallModel('stem', manyIds),
  batchSize: 8,
  optimizer: { lazy: true, l2Embeddings: 0.001 },
};

describe.each([...(whole ? all : some), lazy])(
  `$label on ${deviceName}`,
  ({ given, batchSize, optimizer, seed }: Case) => {
    const adam = { type: 'adam', clipNorm: 1, l2: 0.001, epsilon: 0.001, ...optimizer };
    const { evaluation, ...training } = madeStep({
      ...given,
      batchSize,
      steps,
      optimizer: adam,
      gradients: true,
      seed,
    });

    it('has the loss and the gradients, and takes the steps, of the pure-JS backend', async () => {
      const [first, rest] = [cut(training.chunk, 0, 1), cut(training.chunk, 1, steps)];
      const [got, wanted] = await both(training, async (program) => {
        const made = await program.run(first);
        const before = program.transfers?.toDeviceBytes;
        const { loss } = await program.run(rest);
        // On WebGPU the state stays on the device: what goes there is the batches.
        if (before !== undefined && candidate.device === 'webgpu')
          expect((program.transfers?.toDeviceBytes ?? 0) - before).toBe(byteCount(Object.values(rest)));
        const after: HostArrays = { ...(await program.readState()), loss: present(loss) };
        return { made, after };
      });
      expect(Object.keys(got.made)).toEqual(Object.keys(wanted.made));
      expect(Object.keys(wanted.made).filter((name) => name.startsWith('gradient/')).length).toBeGreaterThan(1);
      expect(differences(got.made, wanted.made, tolerance.step)).toEqual([]);
      expect(differences(got.after, wanted.after, tolerance.tenSteps)).toEqual([]);
      expect(wanted.after.step?.data[0]).toBe(steps);
    });

    it('predicts as the pure-JS backend does, also with other parameters', async () => {
      const [got, wanted] = await both(evaluation, async (program) => {
        const before = await program.run(cut(evaluation.chunk, 0, 1));
        const doubled = Object.entries(await program.readState()).map(([name, { shape, data }]) => {
          const twice = Float32Array.from(data, (value) => 2 * value);
          return [name, float32(shape, twice)] as const;
        });
        await program.writeState(Object.fromEntries(doubled));
        return { before, after: await program.run(cut(evaluation.chunk, 1, steps)) };
      });
      expect(differences(got.before, wanted.before, tolerance.step)).toEqual([]);
      expect(differences(got.after, wanted.after, tolerance.step)).toEqual([]);
    });
  },
);

const size = whole ? { steps: 10, batchSize: 64 } : { steps: 4, batchSize: 32 };

// Without the whole product, the methods take turns with the models.
describe.each(balancings.names.map((type, index) => [type, index] as const))(`%s on ${deviceName}`, (type, index) => {
  it.each(['ple', 'mmoe'].filter((_, model) => whole || index % 2 === model))(
    'trains %s to the losses, weights and state of the pure-JS backend',
    async (model) => {
      // A smooth activation: WebGPU adds gradients in any order, so a relu with an input near 0 would differ between runs.
      const given = smallModel(model, shapes.plain, { dropout: 0.1, activation: 'silu' });
      const made = madeStep({ ...given, ...size, balancing: { type } });
      const run = async (engine: Engine) => {
        const { losses, weights, state } = await trained(engine, made);
        const numbers = (values: readonly number[]) => float32([values.length], Float32Array.from(values));
        return { ...state, losses: numbers(losses), weights: numbers(weights) };
      };
      const [got, wanted] = [await run(testedEngine()), await run(referenceEngine())];
      expect(differences(got, wanted, tolerance.tenSteps)).toEqual([]);
      expect([...wanted.losses.data].filter(Number.isFinite)).toHaveLength(size.steps);
      expect(wanted.weights.data.length > 0).toBe(type !== balancings.names[0]);
    },
  );
});

/** What the tested engine gives, and what the reference does. */
async function both<Result>(
  { step, signature }: { readonly step: Step; readonly signature: () => Signature },
  run: (program: Program) => Promise<Result>,
): Promise<[Result, Result]> {
  const by = async (engine: Engine) => {
    const program = await engine.compile(step, signature());
    const result = await run(program);
    await program.release();
    return result;
  };
  return [await by(wholeEngine()), await by(referenceEngine())];
}

/**
 * The tested engine. On WebGPU it refuses a graph unless every node runs on the device: a node that the provider lacks
 * would run on the CPU, with its operands copied there and back.
 */
function wholeEngine(): Engine {
  return candidate.device === 'webgpu'
    ? createCompiledEngine({ device: candidate.device, wholly: true })
    : testedEngine();
}
