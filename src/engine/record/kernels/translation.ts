import type { Graph, Value } from '../graph.js';

/** A tfjs kernel call with graph values instead of tensors. */
interface KernelCall {
  readonly graph: Graph;
  /** The input of this name. */
  input(name: string): Value;
  /** All inputs, for kernels that take a list. */
  readonly inputs: readonly Value[];
  readonly attributes: KernelAttributes;
}

/** Records what a kernel computes and returns its output or outputs. */
export type Translation = (call: KernelCall) => Value | readonly Value[];

export type Translations = Readonly<Record<string, Translation>>;

/** Attributes of a kernel call. tfjs does not type them, so each is parsed where it is read. */
export class KernelAttributes {
  readonly #kernel: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(kernel: string, values: Readonly<Record<string, unknown>> = {}) {
    this.#kernel = kernel;
    this.#values = values;
  }

  number(name: string): number {
    const value = this.#values[name];
    return typeof value === 'number' ? value : this.#refuse(name, 'a number');
  }

  numbers(name: string): readonly number[] {
    const value = this.#values[name];
    return isNumbers(value) ? value : this.#refuse(name, 'numbers');
  }

  numbersOrOne(name: string): number | readonly number[] {
    const value = this.#values[name];
    return typeof value === 'number' ? value : this.numbers(name);
  }

  /** Pairs, like the paddings of a pad. */
  pairs(name: string): readonly (readonly [number, number])[] {
    const value = this.#values[name];
    if (!Array.isArray(value)) return this.#refuse(name, 'pairs');
    return value.map((pair: unknown) => {
      if (!isNumbers(pair)) return this.#refuse(name, 'pairs');
      const [before, after] = pair;
      return before === undefined || after === undefined ? this.#refuse(name, 'pairs') : [before, after];
    });
  }

  /** Starts and sizes of `Slice` along every axis. A single number applies to the first; missing sizes reach to the end. */
  slice(shape: readonly number[]): { readonly begin: readonly number[]; readonly size: readonly number[] } {
    const starts = [this.numbersOrOne('begin')].flat();
    const sizes = this.has('size') ? [this.numbersOrOne('size')].flat() : [];
    const begin = shape.map((_, axis) => starts[axis] ?? 0);
    const sizeAlong = (axis: number) => sizes[axis] ?? -1;
    const size = shape.map((length, axis) => (sizeAlong(axis) === -1 ? length - (begin[axis] ?? 0) : sizeAlong(axis)));
    return { begin, size };
  }

  /** One axis of a shape of `rank` sides, from 0. */
  axis(name: string, rank: number): number {
    const axis = this.number(name);
    return axis < 0 ? axis + rank : axis;
  }

  /** One axis, several, or (absent) all of a shape of `rank` sides, ascending from 0. */
  axes(name: string, rank: number): readonly number[] {
    const value = this.#values[name];
    if (value === undefined || value === null) return Array.from({ length: rank }, (_, axis) => axis);
    const axes = typeof value === 'number' ? [value] : this.numbers(name);
    return axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string {
    const value = this.#values[name];
    return typeof value === 'string' ? value : this.#refuse(name, 'a text');
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== null;
  }

  #refuse(name: string, wanted: string): never {
    throw new Error(`kernel '${this.#kernel}' wants ${wanted} for '${name}'`);
  }
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}
