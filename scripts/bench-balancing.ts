import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { engineOn } from '../src/engine/devices/engine-on.js';
import { models } from '../src/models/catalogue.js';
import { initialize } from '../src/models/model.js';
import { balancings } from '../src/objective/balancing/catalogue.js';
import { jointLoss } from '../src/objective/joint-loss.js';
import { optimizers } from '../src/optimizers/catalogue.js';
import { type HostArrays, int32, sizeOf } from '../src/support/arrays.js';
import { must } from '../src/support/must.js';
import { randomFromSeed } from '../src/support/random.js';
import { sharingOf, smoothed } from '../src/training/gradients/sharing.js';
import { balancingNoiseOf, batchArrays, initialState, trainingStep } from '../src/training/step.js';
import { median, timed } from './timing.js';

export interface BalancingRow {
  readonly tasks: number;
  readonly method: string;
  readonly stepMilliseconds: number;
  /** Median over rounds of its time over that of fixed weights in the same round. */
  readonly ratio: number;
  /** Floating-point operations over those with fixed weights. */
  readonly work: number;
}

const [columns, cardinality, batchSize] = [40, 50, 1024];
const stepsPerRound = 4;

/** Steps of PLE on two and on five tasks with every method. In each round all methods take turns, so that they meet the same machine. */
export async function benchBalancing(
  threads: number,
  rounds: number,
  tell: (row: BalancingRow) => void,
): Promise<readonly BalancingRow[]> {
  const rows: BalancingRow[] = [];
  for (const tasks of [2, 5]) {
    const engine = engineOn({ engine: 'compiled', device: 'cpu' }, { threads });
    const programs = [];
    for (const method of balancings.names) {
      const { step, signature, chunk } = balancingCase(tasks, method);
      const program = await engine.compile(step, signature);
      await program.run(chunk); // the first run allocates
      programs.push({ method, program, chunk, times: [] as number[] });
    }
    for (let round = 0; round < rounds; round++) {
      for (const { program, chunk, times } of programs) {
        await setTimeout(50); // the threads of the last session spin for a while
        times.push((await timed(() => program.run(chunk))) / stepsPerRound);
      }
    }
    const fixed = must(programs[0], 'fixed weights');
    for (const { method, program, times } of programs) {
      const ratio = median(times.map((time, round) => time / (fixed.times[round] ?? Number.NaN)));
      const work = (program.flops ?? Number.NaN) / (fixed.program.flops ?? Number.NaN);
      const row = { tasks, method, stepMilliseconds: median(times), ratio, work };
      tell(row);
      rows.push(row);
      await program.release();
    }
  }
  return rows;
}

function balancingCase(count: number, name: string) {
  const random = randomFromSeed(0);
  const tasks = Array.from(
    { length: count },
    (_, index) => ({ name: `t${index}`, type: 'binary', offset: 0, scale: 1 }) as const,
  );
  const categorical = Array.from({ length: columns }, (_, i) => ({ name: `c${i}`, cardinality, embedding: 4 }));
  const dataset = { tasks, categorical, numeric: [], lists: [] };
  const levels = [
    [256, 128],
    [256, 128],
  ];
  const options = { type: 'ple', levels, experts: { shared: 1, task: 1 }, tower: [32] };
  const build = (given: object) => models.get('ple').build({ tasks, categorical, numeric: [] }, given);
  const model = build(options);
  const parameters = initialize(model.parameters, random.stream('initial'));
  const method = balancings.get(name).build({ tasks, stepsPerEpoch: 100 }, optionsOf(name));
  const balanced = method && {
    method,
    sharing: sharingOf(build(smoothed({ ...options, activation: 'relu' })), parameters, dataset),
  };
  const optimizer = optimizers.get('adam').build(parameters, { type: 'adam' });
  const { training } = batchArrays(dataset, batchSize, 1, model.noise, { balanced });
  const stream = random.stream('rows');
  const values: Readonly<Record<string, () => number>> = {
    categorical: () => stream.below(cardinality),
    labels: () => stream.below(2),
    learningRate: () => 0.001,
  };
  const drawn = balancingNoiseOf(balanced, random.stream('balancing'), { completedSteps: 0, steps: stepsPerRound });
  const chunk: HostArrays = Object.fromEntries(
    Object.entries(training).map(([array, { dtype, shape }]) => {
      const whole = [stepsPerRound, ...shape];
      const data = Array.from({ length: sizeOf(whole) }, values[array] ?? (() => 1));
      const made =
        dtype === 'int32'
          ? int32(whole, Int32Array.from(data))
          : { dtype, shape: whole, data: Float32Array.from(data) };
      return [array, drawn[array] ?? made];
    }),
  );
  return {
    step: trainingStep(model, jointLoss(tasks), optimizer, Object.keys(parameters), { balanced }),
    signature: { state: initialState(parameters, optimizer, { balanced }), batch: training },
    chunk,
  };
}

/** An option without a default names a task. */
function optionsOf(name: string): Readonly<Record<string, string>> {
  const required = Object.entries(balancings.get(name).options.shape).filter(
    ([key, option]) => key !== 'type' && !z.safeParse(option, undefined).success,
  );
  return { type: name, ...Object.fromEntries(required.map(([key]) => [key, 't0'])) };
}
