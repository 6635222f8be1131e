import { elementCount } from '../../support/arrays.js';
import type { RowIndex } from '../engine.js';
import { integerAttribute, liveNodes, type Node, type StepGraph, sameShape, type Value } from '../record/graph.js';
import { elementwiseOperators } from './pass.js';

/** States that the same ids index. In the recorded step they have this number of rows. */
export interface RowStates {
  readonly index: RowIndex;
  readonly count: number;
  readonly states: readonly string[];
}

/** What a value has in rows that no id names: a number, or what this state has. Undefined: not known. */
type Rest = number | string | undefined;

/** A value [rows, width]; or a line of all that, [..., rows x width]. */
interface Rows {
  readonly of: RowStates;
  readonly rest: Rest;
  readonly line: boolean;
}

/** Ids of these columns of a batch, in this order along the last axis, and what was added to them. */
interface Ids {
  readonly input: string;
  readonly columns: readonly number[];
  readonly added: readonly number[];
}

type Tags = ReadonlyMap<Value, Rows | Ids>;

/**
 * Which of `all` a step reads and changes in rows alone that its ids name, so that it does the same with any number of
 * other rows: ids are used for look-ups, and scatters of gradients in zeros; other rows keep their values, and add nothing
 * to a sum. (Values are taken to be finite: 0 x is 0.)
 */
export function touchedRows(step: StepGraph, tables: readonly RowStates[]): readonly RowStates[] {
  const refused = new Set(
    tables.filter((table) => tables.some((other) => table !== other && sharesColumns(table.index, other.index))),
  );
  const tags = new Map<Value, Rows | Ids>();
  for (const [name, value] of step.state) {
    const table = tables.find(({ states }) => states.includes(name));
    if (table) tags.set(value, { of: table, rest: name, line: false });
  }
  for (const [input, value] of step.batch) {
    const columns = Array.from({ length: value.shape[1] ?? 0 }, (_, column) => column);
    if (tables.some(({ index }) => index.input === input))
      tags.set(value, { input, columns, added: columns.map(() => 0) });
  }
  const refuse = (value: Value) => {
    const tag = tags.get(value);
    for (const table of tables) if (tag && ('of' in tag ? tag.of === table : indexes(tag, table))) refused.add(table);
  };
  for (const node of liveNodes(step.graph, [...step.next.values(), ...step.outputs.values()])) {
    const [output] = node.outputs;
    if (!output || !node.inputs.some((input) => tags.has(input))) continue;
    const after = idsAfter(node, tags) ?? lookUp(node, tags, tables) ?? rowsAfter(node, tags);
    if (after === undefined) for (const input of node.inputs) refuse(input);
    else if (after !== 'no rows') tags.set(output, after);
  }
  for (const [name, value] of step.next) {
    const [before, after] = [step.state.get(name), tags.get(value)];
    if (after && 'of' in after && after.rest === name) continue;
    for (const id of [value, before]) if (id) refuse(id);
  }
  for (const value of step.outputs.values()) refuse(value);
  return tables.filter((table) => !refused.has(table));
}

/** Whether a column of ids indexes both: its ids would be slots of two tables, where a batch has one array. */
function sharesColumns(index: RowIndex, other: RowIndex): boolean {
  const columns = new Set(index.parts.flatMap((part) => part.columns));
  return index.input === other.input && other.parts.some((part) => part.columns.some((column) => columns.has(column)));
}

/** The row of a column's id 0. */
function firstRow({ index }: RowStates, { input }: Ids, column: number): number | undefined {
  return index.input === input ? index.parts.find(({ columns }) => columns.includes(column))?.first : undefined;
}

function indexes(ids: Ids, table: RowStates): boolean {
  return ids.columns.some((column) => firstRow(table, ids, column) !== undefined);
}

/** Ids of some columns, shifted, or in another shape. */
function idsAfter({ op, inputs: [x, other], outputs: [output] }: Node, tags: Tags): Ids | undefined {
  const ids = x && tags.get(x);
  if (!ids || 'of' in ids || !output) return undefined;
  if (op === 'Cast' || op === 'Reshape') return ids;
  const { input, columns, added } = ids;
  if (other?.origin.kind !== 'constant' || x.shape.length !== 2 || x.shape[1] !== columns.length) return undefined;
  const numbers = Array.from(other.origin.data, Number);
  if (op === 'Add' && sameShape(other.shape, [columns.length]))
    return { input, columns, added: added.map((sum, at) => sum + (numbers[at] ?? 0)) };
  if (op !== 'Gather' || !sameShape(output.shape, x.shape.with(1, numbers.length))) return undefined;
  return { input, columns: numbers.map((at) => columns[at] ?? -1), added: numbers.map((at) => added[at] ?? 0) };
}

/** Rows of a table by ids, or their gradients in a table of zeros. */
function lookUp(
  { op, inputs: [table, at, gradients], outputs: [output] }: Node,
  tags: Tags,
  tables: readonly RowStates[],
): Rows | 'no rows' | undefined {
  const [tag, ids] = [table && tags.get(table), at && tags.get(at)];
  if (!table || !ids || 'of' in ids) return undefined;
  const isOf = (states: RowStates) =>
    ids.columns.every((column, place) => firstRow(states, ids, column) === ids.added[place]);
  if (op === 'Gather') {
    const isKnown = tag && 'of' in tag ? isOf(tag.of) && !tag.line : !tables.some((states) => indexes(ids, states));
    return isKnown ? 'no rows' : undefined;
  }
  const of = tables.find((one) => one.count === output?.shape[0] && isOf(one));
  const isSum = op === 'ScatterND' && numberOf(table) === 0 && gradients && !tags.has(gradients);
  return of && isSum ? { of, rest: 0, line: false } : undefined;
}

/** What an operator makes of values with rows. */
function rowsAfter(node: Node, tags: Tags): Rows | 'no rows' | undefined {
  const { op, inputs } = node;
  const [x, y] = inputs;
  const [output] = node.outputs;
  const found = inputs.flatMap((input) => tags.get(input) ?? []);
  const [first] = found;
  if (!x || !output || !first || !('of' in first)) return undefined;
  const { of, line, rest } = first;
  if (found.some((one) => !('of' in one) || one.of !== of || one.line !== line)) return undefined;
  const side = line ? -1 : -2; // has the rows
  const rests = inputs.map((input) => {
    const tag = tags.get(input);
    return tag && 'of' in tag ? tag.rest : numberOf(input);
  });
  const same = rests.every((one) => one === rest) ? rest : undefined;
  if (op === 'Reshape') {
    const isLine = output.shape.at(-1) === (line ? x.shape.at(-1) : elementCount(x.shape));
    return isLine ? { of, rest, line: true } : undefined;
  }
  if (op === 'Product') {
    const isSum = found.length === 2 && line && integerAttribute(node, 'transA') < integerAttribute(node, 'transB');
    return isSum && rests.includes(0) ? 'no rows' : undefined;
  }
  if (output.shape.length !== x.shape.length) return undefined;
  if (op.startsWith('Reduce')) {
    const axes = y?.origin.kind === 'constant' ? Array.from(y.origin.data, Number) : [];
    if (axes.includes(x.shape.length + side)) return op === 'ReduceSum' && rest === 0 ? 'no rows' : undefined;
    return line ? undefined : { of, rest: rest === 0 ? rest : undefined, line };
  }
  if (op === 'Concat')
    return line && integerAttribute(node, 'axis') < x.shape.length - 1 ? { of, rest: same, line } : undefined;
  if (op === 'Expand') return { of, rest, line };
  // Element by element: a row meets itself, or what all rows meet.
  const isLocal = inputs.every(
    (input) => tags.has(input) || numberOf(input) !== undefined || (input.shape.at(side) ?? 1) === 1,
  );
  return isLocal && elementwiseOperators.has(op) ? { of, rest: folded(op, rests), line } : undefined;
}

/** The one number of a value. */
function numberOf({ origin }: Value): number | undefined {
  if (origin.kind === 'constant') return origin.data.length === 1 ? Number(origin.data[0]) : undefined;
  const [source] = origin.kind === 'node' && /^(Expand|Reshape|Cast)$/.test(origin.node.op) ? origin.node.inputs : [];
  return source && numberOf(source);
}

function folded(op: string, [a, b, c]: readonly Rest[]): Rest {
  if (op === 'Where' && typeof a === 'number') return a === 0 ? c : b;
  if (op === 'Add' && a === 0) return b;
  if ((op === 'Add' || op === 'Sub') && b === 0) return a;
  if (op === 'Mul' && (a === 0 || b === 0)) return 0;
  if (op === 'Div' && a === 0) return b === 0 ? undefined : 0;
  if (typeof a !== 'number') return undefined;
  const numbers = { Abs: Math.abs(a), Cast: a, Neg: 0 - a, Not: Number(a === 0), Sqrt: Math.sqrt(a) };
  const ofTwo = typeof b === 'number' ? { Equal: Number(a === b), Max: Math.max(a, b), Min: Math.min(a, b) } : {};
  return new Map(Object.entries({ ...numbers, ...ofTwo })).get(op);
}
