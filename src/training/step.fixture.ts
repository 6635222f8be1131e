import type { Tensor } from '@tensorflow/tfjs';
import { expect } from 'vitest';
import { z } from 'zod';
import type { Task } from '../data/dataset.js';
import type { ArraySpec, Engine, Signature, Step } from '../engine/engine.js';
import { createCompiledEngine } from '../engine/run/compiled-engine.js';
import { firstDifference, type Tolerance, tolerances } from '../engine/tolerance.fixture.js';
import { cut } from '../engine/training-step.fixture.js';
import { models } from '../models/catalogue.js';
import { initialize, trainingStarts } from '../models/model.js';
import { mixed, three, two } from '../models/model-tests.fixture.js';
import { build, type Given, present, smallOptions, usualWidths } from '../models/run.fixture.js';
import { balancings } from '../objective/balancing/catalogue.js';
import { jointLoss } from '../objective/joint-loss.js';
import { buildOptimizer } from '../optimizers/apart.js';
import { elementCount, float32, type HostArrays, int32 } from '../support/arrays.js';
import { randomFromSeed } from '../support/random.js';
import { findSharing, smoothed } from './gradients/sharing.js';
import {
  batchArrays,
  chunkBalancingNoise,
  chunkNoise,
  evaluationStep,
  initialState,
  rowIndexes,
  trainingStep,
} from './step.js';

/** The required options of a balancing method: an option without a default names a task. */
export function balancingOptions(type: string, task: string): Readonly<Record<string, unknown>> & { type: string } {
  const required = Object.entries(balancings.get(type).options.shape).filter(
    ([key, option]) => key !== 'type' && !z.safeParse(option, undefined).success,
  );
  return { type, ...Object.fromEntries(required.map(([key]) => [key, task])) };
}

/** Options of a small model. */
export function smallModel(model: string, shape: Given['shape'], options: Partial<Given['options']> = {}): Given {
  const tasks = shape.tasks.slice(0, models.get(model).maximumTasks);
  const [first, second] = [present(tasks[0]).name, present(tasks[1]).name];
  return { model, shape: { ...shape, tasks }, options: { ...smallOptions(model, first, second), ...options } };
}

interface MadeStep extends Given {
  readonly batchSize: number;
  readonly steps: number;
  readonly optimizer?: { readonly type: string; readonly [key: string]: unknown };
  readonly balancing?: { readonly type: string; readonly [key: string]: unknown };
  readonly average?: number;
  readonly learningRate?: number;
  /** No relu’s input may be so near 0 that a device’s rounding decides its sign within ten steps. */
  readonly seed?: number | undefined;
  /** Adds outputs `gradient/<parameter>`. */
  readonly gradients?: boolean;
}

/** For tests: steps that train and evaluate a model, with drawn inputs. A second task is a regression, if the model takes one. */
export function madeStep({ model: name, shape, options, batchSize, steps, seed = 6, ...given }: MadeStep) {
  const random = randomFromSeed(seed);
  const model = build({ model: name, shape, options });
  const parameters = initialize(trainingStarts(model), random);
  const names = Object.keys(parameters);
  const tasks = shape.tasks.map(({ name: task, outputs }, index): Task => {
    const classes = Array.from({ length: outputs ?? 0 }, (_, c) => `c${c}`);
    if (outputs !== undefined) return { name: task, type: 'multiclass', offset: 0, scale: 1, classes };
    return index === 1 && !models.get(name).binaryOnly
      ? { name: task, type: 'regression', offset: 0.5, scale: 2 }
      : { name: task, type: 'binary', offset: 0, scale: 1, positiveWeight: 2.5 };
  });
  const { categorical, lists = [] } = shape;
  const dataset = { tasks, categorical, lists, numeric: shape.numeric.map((column) => ({ name: column })) };
  // With Adam's usual epsilon, a gradient that is zero but for rounding moves its parameter as far as any other.
  const { type, ...own } = given.optimizer ?? { type: 'adam', epsilon: 0.001 };
  const learningRate = given.learningRate ?? 0.01;
  const chosen = { ...balancingOptions(given.balancing?.type ?? 'fixed', present(tasks[0]).name), ...given.balancing };
  const method = balancings.get(chosen.type).build({ tasks, stepsPerEpoch: 1 }, chosen);
  const stateTasks = method?.kind === 'states' ? method.tasks : undefined;
  const optimizer = buildOptimizer(parameters, { type, learningRate, ...own }, undefined, stateTasks);
  const smooth = smoothed({ activation: 'relu' as const, ...options });
  const rebuilt = (columns: Pick<typeof dataset, 'categorical' | 'lists'>) =>
    build({ model: name, shape: { ...shape, ...columns }, options: smooth });
  const balanced = method && { method, sharing: findSharing(dataset, rebuilt) };
  const extras = { balanced, average: given.average };

  let gradients: Readonly<Record<string, Tensor>> = {};
  const seen: typeof optimizer = {
    ...optimizer,
    update(update) {
      gradients = update.gradients;
      return optimizer.update(update);
    },
  };
  const trained = trainingStep(model, jointLoss(tasks), seen, names, extras);
  const step: Step = (state, batch) => {
    const { state: next, outputs } = trained(state, batch);
    const shown = given.gradients ? Object.entries(gradients) : [];
    return { state: next, outputs: { ...outputs, ...Object.fromEntries(shown.map(([n, g]) => [`gradient/${n}`, g])) } };
  };
  const arrays = batchArrays(dataset, batchSize, 1, model.noise, extras);
  const cardinalities = [...categorical, ...lists.flatMap((list) => Array<typeof list>(list.length).fill(list))].map(
    ({ cardinality }) => cardinality,
  );
  const drawn = (array: string, size: number) => {
    const stream = random.stream('data').stream(array);
    // Of every third batch, no row is in the sample space of the last task.
    const isAbsent = (place: number) =>
      Math.floor(place / size) % 3 === 1 && place % size >= (size * (tasks.length - 1)) / tasks.length;
    const values: Record<string, (place: number) => number> = {
      categorical: (place) => stream.below(present(cardinalities[place % cardinalities.length])),
      labels: () => stream.below(2),
      // Rows have weights from 1/4 to 4.
      mask: (place) => (stream.uniform() < 0.8 && !isAbsent(place) ? 2 ** (stream.below(5) - 2) : 0),
      lossWeights: () => 0.5 + stream.uniform(),
      learningRate: () => learningRate,
    };
    return values[array] ?? (() => stream.normal());
  };
  const allSteps = { first: 0, steps };
  const chunk = chunkOf(arrays.training, steps, drawn, {
    ...chunkNoise(model.noise, batchSize, random.stream('noise'), allSteps),
    ...chunkBalancingNoise(balanced, random.stream('balancing'), allSteps),
  });
  /** Fresh: an engine may train tables where they lie. */
  const signature = (onRows = false): Signature => {
    const state = initialState(initialize(trainingStarts(model), random), optimizer, extras);
    return { state, batch: arrays.training, rows: onRows ? rowIndexes(model, optimizer.lazy, state) : undefined };
  };
  const evaluation = {
    step: evaluationStep(model, () => {}),
    signature: () => ({
      state: Object.fromEntries(Object.keys(model.parameters).map((n) => [n, present(parameters[n]).value])),
      batch: arrays.inputs,
    }),
    chunk: { categorical: present(chunk.categorical), numeric: present(chunk.numeric) },
  };
  return { step, signature, chunk, steps, evaluation, parameters, optimizer, balanced };
}

/**
 * For tests: the inputs of some steps. Arrays that are given stay as they are; of others, `valuesOf` tells each element
 * by its place, from the array's name and its size in a step.
 */
export function chunkOf(
  arrays: Readonly<Record<string, ArraySpec>>,
  steps: number,
  valuesOf: (name: string, size: number) => (place: number) => number,
  given: HostArrays = {},
): HostArrays {
  const made = ([name, { dtype, shape }]: readonly [string, ArraySpec]) => {
    const size = elementCount(shape);
    const value = valuesOf(name, size);
    const values = Array.from({ length: steps * size }, (_, place) => value(place));
    const sides = [steps, ...shape];
    return dtype === 'int32' ? int32(sides, Int32Array.from(values)) : float32(sides, Float32Array.from(values));
  };
  return Object.fromEntries(Object.entries(arrays).map((array) => [array[0], given[array[0]] ?? made(array)]));
}

/** The losses of the steps, and the state after them, in chunks of these lengths in turn. */
export async function trained(
  engine: Engine,
  { step, signature, chunk, steps }: Pick<ReturnType<typeof madeStep>, 'step' | 'signature' | 'chunk' | 'steps'>,
  { onRows = false, lengths = [steps], until = steps } = {},
) {
  let program = await engine.compile(step, signature(onRows));
  const losses: number[] = [];
  const weights: number[] = [];
  for (let at = 0, turn = 0; at < until; turn++) {
    const to = Math.min(until, at + present(lengths[turn % lengths.length]));
    const { loss, balancing } = await program.run(cut(chunk, at, to));
    losses.push(...present(loss).data);
    weights.push(...(balancing?.data ?? []));
    at = to;
    if (turn !== 5) continue;
    // Ended, and continued from what a checkpoint has.
    const state = structuredClone(await program.readState());
    await program.release();
    program = await engine.compile(step, { ...signature(onRows), state });
  }
  const state = await program.readState();
  await program.release();
  return { losses, weights, state, rows: [...(program.rows ?? [])].toSorted() };
}

/** Arrays that are not close enough, relative to their largest element. */
export function differences(got: HostArrays, wanted: HostArrays, allowed: Tolerance): string[] {
  return Object.entries(wanted).flatMap(([name, { data }]) => {
    const largest = Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const found = firstDifference(got[name]?.data ?? [], data, allowed, largest);
    return found === undefined ? [] : [`${name}: ${found}`];
  });
}

const manyColumns = {
  tasks: two,
  categorical: Array.from({ length: 30 }, (_, i) => ({ name: `c${i}`, cardinality: 10, embedding: 4 })),
  numeric: [],
};

/** Batches of 60, 601 and 1800 rows have one small block of rows, one large one, and four. */
export async function expectSameBits(
  model: string,
  batchSize: number,
  options: Partial<Given['options']>,
  { balancing = { type: 'fixed' }, ...optimizer }: Partial<MadeStep> & { readonly clipNorm?: number } = {},
): Promise<void> {
  const given = smallModel(model, manyColumns, { ...usualWidths(model), ...options });
  const made = madeStep({ ...given, batchSize, steps: 2, balancing, optimizer: { type: 'adam', ...optimizer } });
  const [one, both] = [createCompiledEngine({ threads: 1 }), createCompiledEngine({ threads: 2 })];
  expect(await trained(both, made)).toEqual(await trained(one, made));
}

/** Options with which a method changes no gradient. */
const idle = { cagrad: { c: 0 }, metabalance: { relax: 0 }, adatask: {} };

/**
 * The sum of all tasks' gradients and the penalty's, assembled from shared parts and single tasks' parts, must equal
 * the gradient with fixed weights.
 */
export async function expectAsFixed(
  type: keyof typeof idle,
  model: string,
  optimizer?: MadeStep['optimizer'],
): Promise<void> {
  const given = smallModel(model, { tasks: three, ...mixed }, { dropout: 0.1, activation: 'silu' });
  const by = async (balancing: { type: string }) => {
    const made = madeStep({ ...given, batchSize: 64, steps: 10, balancing, ...(optimizer && { optimizer }) });
    const { losses, state } = await trained(createCompiledEngine({ threads: 1 }), made);
    return { ...state, loss: float32([losses.length], Float32Array.from(losses)) };
  };
  const [got, wanted] = [await by({ type, ...idle[type] }), await by({ type: 'fixed' })];
  expect(differences(got, wanted, tolerances.cpu.tenSteps)).toEqual([]);
}
