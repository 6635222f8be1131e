import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** Some of the models of a config in configs/claims, for an override of `compare.models`. A model without a label has its type. */
export function modelsOf(config: string, keeps: (label: string) => boolean): readonly unknown[] {
  const { compare } = parse(readFileSync(`configs/claims/${config}.yaml`, 'utf8'));
  return compare.models.filter(({ type, label = type }: { type: string; label?: string }) => keeps(label));
}
