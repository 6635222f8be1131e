import type { ModelShape } from './model.js';

/**
 * The ten models once more, straight from the papers: one row, one expert and one scalar at a time, on plain arrays of doubles.
 * Shares no code with the models; knows only how their parameters are named and laid out.
 */
export type Values = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>>;

export interface Row {
  readonly categorical: readonly number[];
  readonly numeric: readonly number[];
}

interface Expected {
  readonly logits: readonly number[];
  /** By `<level>/<gate>`: names of the experts and their weights. */
  readonly gates?: Readonly<Record<string, { readonly experts: string[]; readonly weights: number[] }>>;
  readonly penalty?: number;
}

export interface Options {
  readonly levels: number[][];
  readonly tower: number[];
  readonly experts?: number | { shared: number; task: number | Record<string, number> };
  readonly source?: string;
  readonly fuse?: 'concat' | 'sum' | 'mean';
  readonly own?: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly subspaces?: number;
  readonly penalty?: 'relative' | 'frobenius';
  readonly orthogonality?: number;
}

type Reference = (values: Values, row: Row, shape: ModelShape, options: Options) => Expected;

export const references: Readonly<Record<string, Reference>> = {
  'single-task': (values, row, shape) => ({
    logits: shape.tasks.map((task) => tower(values, `${task}.mlp`, 0, embed(values, row, shape, `${task}.`))),
  }),

  'hard-sharing': (values, row, shape) => {
    const z = mlp(values, 'bottom', 0, embed(values, row, shape));
    return { logits: shape.tasks.map((_, k) => tower(values, 'tower', k, z)) };
  },

  'asymmetric-sharing': (values, row, shape, { source = '', fuse = 'concat' }) => {
    const x = embed(values, row, shape);
    const s = shape.tasks.indexOf(source);
    const common = mlp(values, 'bottoms', s, x);
    let other = -1; // position among the tasks that are not the source
    const logits = shape.tasks.map((_, k) => {
      if (k !== s) other++;
      const own = mlp(values, 'bottoms', k, x);
      if (fuse === 'concat') {
        return k === s ? tower(values, 'sourceTower', 0, common) : tower(values, 'tower', other, [...common, ...own]);
      }
      const sum = common.map((value, i) => (value + get(own, i)) * (fuse === 'mean' ? 0.5 : 1));
      return tower(values, 'tower', k, k === s ? common : sum);
    });
    return { logits };
  },

  'customized-sharing': (values, row, shape) => {
    const x = embed(values, row, shape);
    const common = mlp(values, 'bottoms', shape.tasks.length, x);
    return {
      logits: shape.tasks.map((_, k) => tower(values, 'tower', k, [...common, ...mlp(values, 'bottoms', k, x)])),
    };
  },

  'cross-stitch': (values, row, shape, { levels }) => {
    let states = shape.tasks.map(() => embed(values, row, shape));
    for (let level = 1; level <= levels.length; level++) {
      const x = states.map((state, k) => mlp(values, `level${level}.columns`, k, state));
      states = x.map((own, k) =>
        own.map((_, i) => sum(x.map((other, j) => at(values, `level${level}.stitch`, k, j) * get(other, i)))),
      );
    }
    return { logits: states.map((state, k) => tower(values, 'tower', k, state)) };
  },

  sluice: (values, row, shape, { levels, subspaces: S = 2, penalty: form = 'relative', orthogonality = 0.1 }) => {
    let states = shape.tasks.map(() => embed(values, row, shape));
    const perLevel: number[][][] = [];
    const penalties: number[] = [];
    for (const [index, widths] of levels.entries()) {
      const name = `level${index + 1}`;
      const width = widths.at(-1) ?? 0;
      const part = width / S;
      const h = states.map((state, k) => mlp(values, `${name}.columns`, k, state));
      states = h.map((_, k) =>
        Array.from({ length: width }, (_, i) => {
          const s = Math.floor(i / part);
          let total = 0;
          for (const [j, other] of h.entries()) {
            for (let t = 0; t < S; t++) {
              total += at(values, `${name}.alpha`, k * S + s, j * S + t) * get(other, t * part + (i % part));
            }
          }
          return total;
        }),
      );
      perLevel.push(
        states.map((state, k) =>
          values[`${name}.projection.weight`] ? linear(values, `${name}.projection`, k, state) : state,
        ),
      );
      const last = `${name}.columns.${widths.length - 1}.weight`;
      const inputs = values[last]?.shape[2] ?? 0;
      const unit = (k: number, u: number) => Array.from({ length: inputs }, (_, i) => at(values, last, k, u, i));
      const meanSquare = (numbers: readonly number[]) => sum(numbers.map((value) => value ** 2)) / numbers.length;
      for (const k of shape.tasks.keys()) {
        const subspaces = Array.from({ length: S }, (_, s) =>
          Array.from({ length: part }, (_, u) => unit(k, s * part + u)),
        );
        for (const [s, left] of subspaces.entries()) {
          for (const right of subspaces.slice(s + 1)) {
            const elements = left.flatMap((g) => right.map((h) => sum(g.map((value, i) => value * get(h, i)))));
            const unrelated = inputs * meanSquare(left.flat()) * meanSquare(right.flat());
            penalties.push(form === 'relative' ? meanSquare(elements) / unrelated : sum(elements.map((e) => e ** 2)));
          }
        }
      }
    }
    const logits = states.map((state, k) => {
      const mixed = state.map((own, i) =>
        levels.length === 1 ? own : sum(perLevel.map((level, l) => at(values, 'beta', k, l) * get(get(level, k), i))),
      );
      return tower(values, 'tower', k, mixed);
    });
    const all = form === 'relative' ? sum(penalties) / penalties.length : sum(penalties);
    return { logits, penalty: orthogonality * all };
  },

  mmoe: (values, row, shape, options) => mixtureOfExperts(values, row, shape, options),
  'ml-mmoe': (values, row, shape, options) => mixtureOfExperts(values, row, shape, options),
  cgc: (values, row, shape, options) => extraction(values, row, shape, options),
  ple: (values, row, shape, options) => extraction(values, row, shape, options),
};

function mixtureOfExperts(values: Values, row: Row, shape: ModelShape, { levels, experts }: Options): Expected {
  const n = typeof experts === 'number' ? experts : 0;
  const x = embed(values, row, shape);
  const gates: Record<string, { experts: string[]; weights: number[] }> = {};
  let inputs = Array.from({ length: n }, () => x);
  for (const [index] of levels.entries()) {
    const level = index + 1;
    const f = inputs.map((input, e) => mlp(values, `level${level}.experts`, e, input));
    const feeds = level === levels.length ? shape.tasks : f.map((_, e) => `shared/${e}`);
    inputs = feeds.map((feed, g) => {
      const weights = n === 1 ? [1] : softmax(linear(values, `level${level}.gates.${n}`, g, x));
      gates[`${level}/${feed}`] = { experts: f.map((_, e) => `shared/${e}`), weights };
      return weighted(weights, f);
    });
  }
  return { logits: inputs.map((z, k) => tower(values, 'tower', k, z)), gates };
}

function extraction(values: Values, row: Row, shape: ModelShape, { levels, experts = 1 }: Options): Expected {
  const count = (module: string): number => {
    if (typeof experts === 'number') return experts;
    if (module === 'shared') return experts.shared;
    return typeof experts.task === 'number' ? experts.task : (experts.task[module] ?? 0);
  };
  const modules = [...shape.tasks, 'shared'];
  const gates: Record<string, { experts: string[]; weights: number[] }> = {};
  let fusion = new Map(modules.map((module) => [module, embed(values, row, shape)]));
  for (const [index] of levels.entries()) {
    const level = index + 1;
    const outputs = new Map<string, number[]>(); // by expert name, in the order of storage
    for (const module of modules) {
      for (let i = 0; i < count(module); i++) {
        outputs.set(`${module}/${i}`, mlp(values, `level${level}.experts`, outputs.size, fusion.get(module) ?? []));
      }
    }
    const sees = (module: string): string[] =>
      [...outputs.keys()].filter((name) => {
        const owner = name.slice(0, name.lastIndexOf('/'));
        return module === 'shared' || owner === module || owner === 'shared';
      });
    const gated = level === levels.length || count('shared') === 0 ? shape.tasks : modules;
    const next = new Map<string, number[]>();
    for (const [position, module] of gated.entries()) {
      const names = sees(module);
      const place = gated.slice(0, position).filter((before) => sees(before).length === names.length).length;
      const logits = linear(values, `level${level}.gates.${names.length}`, place, fusion.get(module) ?? []);
      const weights = names.length === 1 ? [1] : softmax(logits);
      gates[`${level}/${module}`] = { experts: names, weights };
      next.set(
        module,
        weighted(
          weights,
          names.map((name) => outputs.get(name) ?? []),
        ),
      );
    }
    fusion = next;
  }
  return { logits: shape.tasks.map((task, k) => tower(values, 'tower', k, fusion.get(task) ?? [])), gates };
}

/** x: each column's embedding, columns of equal width together, then the numeric columns. */
function embed(values: Values, row: Row, { categorical }: ModelShape, prefix = ''): number[] {
  const x: number[] = [];
  for (const width of new Set(categorical.map((column) => column.embedding))) {
    let first = 0;
    for (const [f, column] of categorical.entries()) {
      if (column.embedding !== width) continue;
      for (let i = 0; i < width; i++)
        x.push(at(values, `${prefix}embeddings.${width}`, first + get(row.categorical, f), i));
      first += column.cardinality;
    }
  }
  return [...x, ...row.numeric];
}

function tower(values: Values, name: string, member: number, input: readonly number[]): number {
  return get(linear(values, `${name}.logit`, member, mlp(values, name, member, input)), 0);
}

function mlp(values: Values, name: string, member: number, input: readonly number[]): number[] {
  let hidden = [...input];
  for (let layer = 0; values[`${name}.${layer}.weight`]; layer++) {
    hidden = linear(values, `${name}.${layer}`, member, hidden).map((value) => Math.max(0, value));
  }
  return hidden;
}

/** W x + b of one member; no bias where the parameters have none. */
function linear(values: Values, name: string, member: number, input: readonly number[]): number[] {
  const outputs = values[`${name}.weight`]?.shape[1] ?? 0;
  return Array.from({ length: outputs }, (_, o) => {
    const bias = values[`${name}.bias`] ? at(values, `${name}.bias`, member, 0, o) : 0;
    return bias + sum(input.map((value, i) => value * at(values, `${name}.weight`, member, o, i)));
  });
}

function softmax(logits: readonly number[]): number[] {
  const total = sum(logits.map(Math.exp));
  return logits.map((logit) => Math.exp(logit) / total);
}

function weighted(weights: readonly number[], vectors: readonly (readonly number[])[]): number[] {
  return get(vectors, 0).map((_, i) => sum(vectors.map((vector, e) => get(weights, e) * get(vector, i))));
}

function at(values: Values, name: string, ...index: number[]): number {
  const found = values[name];
  if (found?.shape.length !== index.length) throw new Error(`No such parameter: ${name} with ${index.length} axes`);
  for (const [axis, i] of index.entries())
    if (i >= get(found.shape, axis)) throw new Error(`${name}: ${index} is outside`);
  return get(
    found.data,
    index.reduce((flat, i, axis) => flat * get(found.shape, axis) + i, 0),
  );
}

function get<Item>(items: ArrayLike<Item>, index: number): Item {
  const item = items[index];
  if (item === undefined) throw new Error(`No item ${index} of ${items.length}`);
  return item;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0);
}
