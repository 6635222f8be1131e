import { home } from './home.js';
import { namesOf } from './model.js';
import { mixed, testModel, three, two, uniform } from './model-tests.fixture.js';
import { embed, get, type LayerOptions, linear, mlp, type Point, softmax, tower, weighted } from './scalars.fixture.js';

interface Options extends LayerOptions {
  readonly groups?: string[][];
  readonly experts: number;
  readonly products?: number;
  readonly expertNormalization: 'layer' | 'none';
}

const add = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value + get(b, i));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/**
 * An expert's output, of its input scaled by its feature gate. Batch normalisation: see the figures in
 * `public-numbers.test.ts`.
 */
function expert(point: Point<Options>, level: number, e: number, v: readonly number[]): number[] {
  const name = `level${level}.features`;
  const { products = 2, expertNormalization: normalization } = point.options;
  const weights = softmax(linear(point, name, e, v));
  const factors = weights.map((_, l) => {
    const member = e * products + l;
    return linear(point, `${name}.up`, member, linear(point, `${name}.down`, member, v)).map((u) => 2 * sigmoid(u));
  });
  const scaled = weighted(weights, factors).map((factor, i) => factor * get(v, i));
  const options = { ...point.options, normalization, activation: 'silu' } as const;
  const hidden = mlp(point, `level${level}.experts`, e, scaled);
  return mlp({ ...point, options }, `level${level}.experts.output`, e, hidden);
}

testModel<Options>(home, {
  reference(point) {
    const { options } = point;
    const tasks = namesOf(point.shape.tasks);
    const { experts: n, groups = [tasks] } = options;
    const x = embed(point);
    const gates: Record<string, { experts: string[]; weights: number[] }> = {};
    /** A gate, and the self gate of the same module. */
    const fuse = (
      level: number,
      gate: { module: string; place: number; sees: string[]; input: readonly number[]; own: readonly number[] },
      outputs: ReadonlyMap<string, number[]>,
      before: readonly (readonly string[])[],
    ) => {
      const { module, sees, input } = gate;
      // Gates over equally many experts lie together.
      const like = before.filter((other) => other.length === sees.length).length;
      const weights = softmax(linear(point, `level${level}.gates.${sees.length}`, like, input));
      gates[`${level}/${module}`] = { experts: sees, weights };
      const of = (name: string) => outputs.get(name) ?? [];
      const logits = linear(point, `level${level}.self`, gate.place, gate.own);
      const self = n === 1 ? logits.map(sigmoid) : softmax(logits);
      return add(
        weighted(weights, sees.map(of)),
        weighted(
          self,
          self.map((_, i) => of(`${module}/${i}`)),
        ),
      );
    };
    const all = (modules: readonly string[]) =>
      modules.flatMap((m) => Array.from({ length: n }, (_, i) => `${m}/${i}`));

    const metaModules = [...groups.map((_, g) => `group ${g + 1}`), 'shared'];
    const meta = new Map(all(metaModules).map((name, e) => [name, expert(point, 1, e, x)]));
    const metaSees = metaModules.map((m) => all(m === 'shared' ? metaModules : [m, 'shared']));
    const z = new Map(
      metaModules.map((module, place) => {
        const gate = { module, place, sees: metaSees[place] ?? [], input: x, own: x };
        return [module, fuse(1, gate, meta, metaSees.slice(0, place))];
      }),
    );
    const groupName = (task: string) => `group ${groups.findIndex((group) => group.includes(task)) + 1}`;
    const modules = [...tasks, ...metaModules];
    const outputs = new Map(
      all(modules).map((name, e) => {
        const module = get(modules, Math.floor(e / n));
        return [name, expert(point, 2, e, z.get(tasks.includes(module) ? groupName(module) : module) ?? [])];
      }),
    );
    const sees = tasks.map((task) => all([task, groupName(task), 'shared']));
    const logits = tasks.map((task, k) => {
      const own = z.get(groupName(task)) ?? [];
      const input = [...own, ...(z.get('shared') ?? [])];
      const gate = { module: task, place: k, sees: sees[k] ?? [], input, own };
      return tower(point, 'tower', k, fuse(2, gate, outputs, sees.slice(0, k)));
    });
    return { logits, gates };
  },
  cases: [
    {
      label: 'two groups',
      shape: { tasks: three, ...mixed },
      options: {
        levels: [[5, 4], [6]],
        tower: [3],
        groups: [['click'], ['buy', 'view']],
        experts: 2,
        products: 2,
        expertNormalization: 'layer',
      },
    },
    {
      label: 'one group, one expert each, three products',
      shape: { tasks: two, ...uniform },
      options: { levels: [[4], [6]], tower: [3], experts: 1, products: 3, expertNormalization: 'none' },
    },
  ],
});
