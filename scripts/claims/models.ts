import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export interface Model {
  readonly type: string;
  readonly label?: string;
  readonly experts?: number | { readonly shared: number; readonly task: number };
}

/** Some of the models of a config in configs/claims, for an override of `compare.models`. A model without a label has its type. */
export function modelsOf(config: string, keeps: (label: string) => boolean): readonly Model[] {
  const { compare } = parse(readFileSync(`configs/claims/${config}.yaml`, 'utf8'));
  const models: readonly Model[] = compare.models;
  return models.filter(({ type, label = type }) => keeps(label));
}

/** As its paper writes it. */
export function nameOf(label: string): string {
  return label.toUpperCase().replace('MMOE', 'MMoE');
}
