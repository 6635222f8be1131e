import { tf } from '../support/tf.js';
import { combine, type Features, pick } from './layers/axes.js';
import { embed } from './layers/embed.js';
import { gates } from './layers/gates.js';
import { mlps, towers } from './layers/mlps.js';
import { composed, defineModel, type ForwardPass, type Gate, type Layer, namesOf, parameterNamed } from './model.js';
import { expertsOfTasks, gateStart, type LevelExperts, levelExperts, twoLevels } from './options.js';

/**
 * Adaptive Task-to-Task fusion (Li et al., KDD 2023): levels of experts and fusion units, one above the other. At a
 * level, each of task k's native experts reads f_k, the task's fused output of the level below (at level 1, x). Then
 *
 *     f_k' = sum over all experts e of g_k,e(f_k) E_e   (AllExpertGF, g_k = softmax(W_k f_k + b_k))
 *          + sum over native experts e of v_e E_e       (NativeExpertLF, trained scalars v)
 *
 * The second term is a residual past the gate. By default no expert is shared: AdaTT-sp. With shared ones, the general
 * AdaTT, they are a further module with a fusion unit of its own at every level but the last.
 *
 * Three details are from the authors' program. Gates have a bias. The n scalars of a module start uniform within 1 /
 * sqrt(n). Where every module has a single native expert, v is 1 and not trained.
 */
export const adatt = defineModel({
  name: 'adatt',
  summary: 'native experts per task, fused with all experts by a gate and with themselves linearly',
  source: 'Li et al., KDD 2023',
  revision: 2,
  tower: [64],
  options: { levels: twoLevels, experts: expertsOfTasks, gateStart },
  build(shape, options) {
    const tasks = namesOf(shape.tasks);
    const experts = levelExperts(options.experts, tasks);
    const { modules, names, owners } = experts;
    const input = embed(shape, options);
    let { width } = input;
    const levels = options.levels.map((widths, index) => {
      const level = index + 1;
      const fused = level < options.levels.length ? modules : tasks;
      const specs = fused.map((name) => ({ name, sees: [...names.keys()] }));
      const outputs = mlps(`level${level}.experts`, names, width, widths, options);
      const mixtures = gates(level, specs, names, width, options, true);
      width = outputs.width;
      return { outputs, mixtures, native: nativeFusion(`level${level}.native`, fused, experts) };
    });
    const heads = towers('tower', shape.tasks, width, options);
    const layers = levels.flatMap(({ outputs, mixtures, native }) => [outputs, mixtures, ...(native ? [native] : [])]);
    return composed([input, ...layers, heads], (pass) => {
      let streams = input.apply(pass); // x; from level 2 on, one for each module
      const gateWeights: Gate[] = [];
      for (const { outputs, mixtures, native } of levels) {
        const features = outputs.apply(pass, streams, owners);
        const mixed = mixtures.apply(pass, streams, features);
        gateWeights.push(...mixed.gates);
        streams = native ? tf.add(mixed.mixtures, native.apply(pass, features)) : mixed.mixtures;
      }
      return { logits: heads.apply(pass, streams), gates: gateWeights };
    });
  },
});

interface NativeFusion extends Layer {
  /** Outputs of all experts -> a stream for each fused module. */
  apply(pass: ForwardPass, outputs: Features): Features;
}

/**
 * Linear combinations of native experts by trained scalars: parameter `name` [native experts], the modules' one after
 * the other. Undefined where no fused module has any: at the last level, if all experts are shared. Where every module
 * has one expert, their sum, without a parameter.
 */
function nativeFusion(name: string, fused: readonly string[], experts: LevelExperts): NativeFusion | undefined {
  const native = fused.flatMap((module) => experts.of(module));
  if (native.length === 0) return undefined;
  const belongs = fused.map((module) => native.map((expert) => (experts.of(module).includes(expert) ? 1 : 0)));
  if (experts.modules.every((module) => experts.of(module).length === 1))
    return { parameters: {}, apply: (_, outputs) => pick(outputs, native) };
  return {
    parameters: {
      [name]: {
        shape: [native.length],
        kind: 'bias', // never decayed
        start(values, random) {
          for (const [index, expert] of native.entries()) {
            const count = experts.owners.filter((owner) => owner === experts.owners[expert]).length;
            values[index] = (2 * random.uniform() - 1) / Math.sqrt(count);
          }
        },
      },
    },
    apply: ({ parameters }, outputs) =>
      combine(tf.mul(tf.tensor2d(belongs), parameterNamed(parameters, name)), pick(outputs, native)),
  };
}
