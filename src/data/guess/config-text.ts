import { Document, isCollection, isNode } from 'yaml';
import { printable } from '../../support/printable.js';
import type { ColumnGuess } from './column-guess.js';

/** A part of the config, and the reason for it. */
export interface Part {
  readonly name: string;
  readonly value: unknown;
  readonly remark: string;
}

/** The key `dataset`. @param head The parts that do not concern columns; `split` comes last. */
export function datasetText(
  head: readonly Part[],
  tasks: readonly Part[],
  columns: readonly Part[],
  split: Part,
): string {
  const dataset = {
    ...valuesOf(head),
    tasks: valuesOf(tasks),
    ...(columns.length > 0 ? { columns: valuesOf(columns) } : {}),
    ...valuesOf([split]),
  };
  return block({ dataset }, [
    [['dataset'], [...head, split]],
    [['dataset', 'tasks'], tasks],
    [['dataset', 'columns'], columns],
  ]);
}

function valuesOf(parts: readonly Part[]) {
  return Object.fromEntries(parts.map(({ name, value }) => [name, value]));
}

/** YAML in which these parts of these keys stand on a line each, with their remarks. */
function block(
  value: object,
  parts: readonly (readonly [readonly string[], readonly Omit<Part, 'value'>[]])[],
): string {
  const document = new Document(value);
  for (const [path, some] of parts)
    for (const { name, remark } of some) {
      const node = document.getIn([...path, name], true);
      if (!isNode(node)) continue;
      if (isCollection(node)) node.flow = true;
      if (remark !== '') node.comment = ` ${remark.replaceAll(/\s+/g, ' ')}`;
    }
  return document.toString({ flowCollectionPadding: true, lineWidth: 0 }).trimEnd();
}

/** The key `inputs`. A numeric column with one dominant value gets an embedding for each value, or bucket of values. */
export function inputsText(hasCategories: boolean, numeric: readonly ColumnGuess[]): string {
  const mostly = numeric.flatMap((column) => {
    const value = column.mostlyOne();
    return value === undefined ? [] : [{ name: column.name, value: { numeric: 'value' }, remark: `mostly ${value}` }];
  });
  const general = {
    ...(hasCategories || mostly.length > 0 ? { embedding: 8 } : {}),
    ...(hasCategories ? { minCount: 5 } : {}),
  };
  if (mostly.length === 0) return hasCategories ? `inputs: ${flow(general)}` : '';
  return block({ inputs: { ...general, columns: valuesOf(mostly) } }, [[['inputs', 'columns'], mostly]]);
}

/** A value as YAML on one line. */
export function flow(value: object): string {
  const document = new Document(value);
  if (isCollection(document.contents)) document.contents.flow = true;
  return document.toString({ flowCollectionPadding: true, lineWidth: 0 }).trim();
}

/** Remarks that list columns by kind. */
export function kindRemarks(columns: readonly { readonly name: string; readonly kind: string }[]): string[] {
  return ['numeric', 'categorical', 'list'].flatMap((kind) => {
    const names = columns.filter((column) => column.kind === kind).map(({ name }) => name.replaceAll(/\s+/g, ' '));
    if (names.length === 0) return [];
    const some = names.length > 12 ? [...names.slice(0, 12), `… (${names.length})`] : names;
    return [`# ${kind} inputs, as inferred: ${printable(some.join(', '))}`];
  });
}
