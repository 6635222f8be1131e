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

/** What a value has in rows that no id names: a number, or what the state of this name has. Undefined: not known. */
type Rest = number | string | undefined;

/** A value with the rows of a table: [rows, width], or as a line of all that, [..., rows x width]. */
interface Rows {
  readonly table: RowStates;
  readonly rest: Rest;
  readonly line: boolean;
}

/** Ids of these columns of a batch, in this order along the last axis, and what was added to them. */
interface Ids {
  readonly input: string;
  readonly columns: readonly number[];
  readonly added: readonly number[];
}

/** The values that have rows or ids. */
type Tags = ReadonlyMap<Value, Rows | Ids>;

/**
 * The tables of which a step reads and changes only rows that its ids name, so that it does the same with any number of
 * other rows. Then ids are used for look-ups, and for scatters of gradients in zeros. Other rows keep their values, and add
 * nothing to a sum. (Values are taken to be finite: 0 x is 0.)
 */
export function touchedRows(step: StepGraph, tables: readonly RowStates[]): readonly RowStates[] {
  const refused = new Set(
    tables.filter((table) => tables.some((other) => table !== other && sharesColumns(table.index, other.index))),
  );
  const tags = inputTags(step, tables);
  const refuse = (value: Value | undefined) => {
    const tag = value && tags.get(value);
    for (const table of tables)
      if (tag && ('rest' in tag ? tag.table === table : indexes(tag, table))) refused.add(table);
  };
  for (const node of liveNodes(step.graph, [...step.next.values(), ...step.outputs.values()])) {
    const [output] = node.outputs;
    if (!output || !node.inputs.some((input) => tags.has(input))) continue;
    const after = idsAfter(node, tags) ?? lookUp(node, tags, tables) ?? rowsAfter(node, tags);
    if (after === undefined) node.inputs.forEach(refuse);
    else if (after !== 'no rows') tags.set(output, after);
  }
  for (const [name, value] of step.next) {
    const after = tags.get(value);
    if (after && 'rest' in after && after.rest === name) continue;
    for (const changed of [value, step.state.get(name)]) refuse(changed);
  }
  for (const value of step.outputs.values()) refuse(value);
  return tables.filter((table) => !refused.has(table));
}

/** Tags of the step's inputs: tables, and the arrays of a batch that index them. */
function inputTags({ state, batch }: StepGraph, tables: readonly RowStates[]): Map<Value, Rows | Ids> {
  const tags = new Map<Value, Rows | Ids>();
  for (const [name, value] of state) {
    const table = tables.find(({ states }) => states.includes(name));
    if (table) tags.set(value, { table, rest: name, line: false });
  }
  for (const [input, value] of batch) {
    const columns = Array.from({ length: value.shape[1] ?? 0 }, (_, column) => column);
    if (tables.some(({ index }) => index.input === input))
      tags.set(value, { input, columns, added: columns.map(() => 0) });
  }
  return tags;
}

/** Whether a column of ids indexes both: its ids would be slots of two tables, where a batch has one array. */
function sharesColumns(index: RowIndex, other: RowIndex): boolean {
  const idColumns = ({ parts }: RowIndex) => parts.flatMap(({ columns }) => columns);
  return index.input === other.input && idColumns(index).some((column) => idColumns(other).includes(column));
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
  if (!ids || 'rest' in ids || !output) return undefined;
  if (op === 'Cast' || op === 'Reshape') return ids;
  const { input, columns, added } = ids;
  if (other?.origin.kind !== 'constant' || x.shape.length !== 2 || x.shape[1] !== columns.length) return undefined;
  const numbers = Array.from(other.origin.data, Number);
  if (op === 'Add' && sameShape(other.shape, [columns.length]))
    return { input, columns, added: added.map((sum, index) => sum + (numbers[index] ?? 0)) };
  if (op !== 'Gather' || !sameShape(output.shape, x.shape.with(1, numbers.length))) return undefined;
  return {
    input,
    columns: numbers.map((index) => columns[index] ?? -1),
    added: numbers.map((index) => added[index] ?? 0),
  };
}

/** Rows of a table by ids, or their gradients in a table of zeros. */
function lookUp(
  { op, inputs: [source, indices, gradients], outputs: [output] }: Node,
  tags: Tags,
  tables: readonly RowStates[],
): Rows | 'no rows' | undefined {
  const [tag, ids] = [source && tags.get(source), indices && tags.get(indices)];
  if (!source || !ids || 'rest' in ids) return undefined;
  const namesRows = (table: RowStates) =>
    ids.columns.every((column, index) => firstRow(table, ids, column) === ids.added[index]);
  if (op === 'Gather') {
    const reads =
      tag && 'rest' in tag ? namesRows(tag.table) && !tag.line : !tables.some((table) => indexes(ids, table));
    return reads ? 'no rows' : undefined;
  }
  const table = tables.find((one) => one.count === output?.shape[0] && namesRows(one));
  const isSum = op === 'ScatterND' && numberOf(source) === 0 && gradients && !tags.has(gradients);
  return table && isSum ? { table, rest: 0, line: false } : undefined;
}

/** What an operator makes of values with rows of one table, in one form. */
function rowsAfter(node: Node, tags: Tags): Rows | 'no rows' | undefined {
  const { op, inputs } = node;
  const [x] = inputs;
  const [output] = node.outputs;
  const [rows, ...others] = inputs.flatMap((input) => tags.get(input) ?? []);
  if (!x || !output || !rows || !('rest' in rows)) return undefined;
  const { table, line, rest } = rows;
  if (others.some((tag) => !('rest' in tag) || tag.table !== table || tag.line !== line)) return undefined;
  const rests = inputs.map((input) => restOf(input, tags));
  if (op === 'Reshape') return reshaped(x, output, rows);
  if (op === 'Product') {
    const isSum = others.length === 1 && line && integerAttribute(node, 'transA') < integerAttribute(node, 'transB');
    return isSum && rests.includes(0) ? 'no rows' : undefined;
  }
  if (output.shape.length !== x.shape.length) return undefined;
  if (op.startsWith('Reduce')) return reduced(node, x, rows);
  if (op === 'Concat') {
    const isAcross = integerAttribute(node, 'axis') < x.shape.length - 1;
    return line && isAcross ? { ...rows, rest: rests.every((one) => one === rest) ? rest : undefined } : undefined;
  }
  if (op === 'Expand') return rows;
  // Element by element: a row meets itself, or what all rows meet.
  const isLocal = inputs.every((input) => tags.has(input) || isSameForRows(input, rows));
  return isLocal && elementwiseOperators.has(op) ? { ...rows, rest: folded(op, rests) } : undefined;
}

/** Rows are known to be together in a line alone. */
function reshaped(x: Value, output: Value, rows: Rows): Rows | undefined {
  const isLine = output.shape.at(-1) === (rows.line ? x.shape.at(-1) : elementCount(x.shape));
  return isLine ? { ...rows, line: true } : undefined;
}

function reduced({ op, inputs: [, axes] }: Node, x: Value, rows: Rows): Rows | 'no rows' | undefined {
  const reducedAxes = axes?.origin.kind === 'constant' ? Array.from(axes.origin.data, Number) : [];
  if (reducedAxes.includes(x.shape.length + rowsAxis(rows)))
    return op === 'ReduceSum' && rows.rest === 0 ? 'no rows' : undefined;
  return rows.line ? undefined : { ...rows, rest: rows.rest === 0 ? 0 : undefined };
}

function isSameForRows(value: Value, rows: Rows): boolean {
  return numberOf(value) !== undefined || (value.shape.at(rowsAxis(rows)) ?? 1) === 1;
}

/** The axis that has the rows, from the end. */
function rowsAxis({ line }: Rows): number {
  return line ? -1 : -2;
}

function restOf(value: Value, tags: Tags): Rest {
  const tag = tags.get(value);
  return tag && 'rest' in tag ? tag.rest : numberOf(value);
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
