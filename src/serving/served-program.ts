import { outputCount, type Task } from '../data/dataset.js';
import type { Engine, Program, Signature } from '../engine/engine.js';
import type { Model } from '../models/model.js';
import type { HostArray } from '../support/arrays.js';
import { must } from '../support/must.js';
import { evaluationStep } from '../training/step.js';
import type { TrainedModel } from './trained-run.js';

/**
 * A model's evaluation, each task by the parameters that serve it. One compiled step runs a chunk once with each set,
 * and a task's logits are taken from the run with its own.
 */
export async function servedProgram(
  engine: Engine,
  model: Model,
  batch: Signature['batch'],
  tasks: readonly Task[],
  sets: TrainedModel['sets'],
): Promise<Pick<Program, 'run' | 'release' | 'transfers'>> {
  const [first, ...others] = sets;
  const step = evaluationStep(model, () => undefined);
  const program = await engine.compile(step, { state: must(first, 'parameters').parameters, batch });
  if (others.length === 0) return program;
  const setOf = ({ name }: Task) => sets.findIndex((set) => set.tasks.includes(name));
  const ofOutput = tasks.flatMap((task) => Array<number>(outputCount(task)).fill(setOf(task)));
  const order = [...sets.keys()];
  let inPlace = 0;
  return {
    ...(program.transfers && { transfers: program.transfers }),
    async run(chunk) {
      let all: HostArray | undefined;
      for (const index of order) {
        if (index !== inPlace) await program.writeState(must(sets[index], 'set').parameters);
        inPlace = index;
        const { logits } = await program.run(chunk); // [S, outputs, B]
        if (all && logits) takeOutputs(all, logits, (output) => ofOutput[output] === index);
        all ??= logits;
      }
      order.reverse(); // the next chunk begins with the set that is in place
      return { logits: must(all, 'logits') };
    },
    release: () => program.release(),
  };
}

/** Copies the rows of some outputs. [S, outputs, B] */
function takeOutputs(to: HostArray, from: HostArray, isTaken: (output: number) => boolean): void {
  const [, outputs = 0, rows = 0] = to.shape;
  for (let begin = 0; begin < to.data.length; begin += rows)
    if (isTaken((begin / rows) % outputs)) to.data.set(from.data.subarray(begin, begin + rows), begin);
}
