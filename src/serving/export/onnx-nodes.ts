import {
  type AttributeProto,
  elementCodes,
  intAttribute,
  type NodeProto,
  type TensorProto,
} from '../../engine/run/onnx-format.js';

type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** Nodes and constants of an ONNX graph under construction. Values are known by their names. */
export class OnnxNodes {
  readonly node: NodeProto[] = [];
  readonly initializer: TensorProto[] = [];
  readonly #taken: Set<string>;
  #numbered = 0;

  /** @param taken Names of the graph's inputs and outputs. */
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** Adds a node with one output. @param output Its name. Left out: any. @returns its name. */
  add(
    op: string,
    input: readonly string[],
    attribute: readonly AttributeProto[] = [],
    { output = this.#free(), domain = '' }: { readonly output?: string | undefined; readonly domain?: string } = {},
  ): string {
    this.node.push({ op_type: op, domain, name: `${op} ${this.node.length}`, input, output: [output], attribute });
    return output;
  }

  /** Adds a standard node with `count` outputs. @returns their names. */
  addWide(op: string, input: readonly string[], attribute: readonly AttributeProto[], count: number): string[] {
    const output = Array.from({ length: count }, () => this.#free());
    this.node.push({ op_type: op, domain: '', name: `${op} ${this.node.length}`, input, output, attribute });
    return output;
  }

  /** @param shape Left out: a vector. @param wanted Its name, if that is free. */
  constant(
    type: keyof typeof elementCodes,
    data: Numbers,
    shape: readonly number[] = [data.length],
    wanted?: string,
  ): string {
    const name = this.#free(wanted);
    const raw_data = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializer.push({ name, data_type: elementCodes[type], dims: shape, raw_data });
    return name;
  }

  /** An int64 vector. */
  integers(...values: readonly number[]): string {
    return this.constant('int64', BigInt64Array.from(values, BigInt));
  }

  /** A scalar, which broadcasts to any shape. */
  number(type: 'float32' | 'float64' | 'int64', value: number): string {
    if (type === 'int64') return this.constant(type, BigInt64Array.of(BigInt(value)), []);
    return this.constant(type, type === 'float32' ? Float32Array.of(value) : Float64Array.of(value), []);
  }

  cast(value: string, to: keyof typeof elementCodes, output?: string): string {
    return this.add('Cast', [value], [intAttribute('to', elementCodes[to])], { output });
  }

  #free(wanted?: string): string {
    let name = wanted ?? `v${this.#numbered++}`;
    while (this.#taken.has(name)) name = `v${this.#numbered++}`;
    this.#taken.add(name);
    return name;
  }
}
