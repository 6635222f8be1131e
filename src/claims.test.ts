import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseComparison } from './config/comparison.js';
import { contrastSides } from './config/contrasts.js';
import { definitions } from './training/definitions.js';

const root = join(import.meta.dirname, '..');
const claims: Readonly<Record<string, { readonly parts: readonly string[] }>> = parse(
  readFileSync(join(root, 'docs/claims/parts.yaml'), 'utf8'),
);
const configs = readdirSync(join(root, 'configs/claims')).map((file) => basename(file, '.yaml'));

test.each(Object.entries(claims))('parts of %s are gains of its config', (name, { parts }) => {
  expect(configs).toContain(name);
  const file = join(root, 'configs/claims', `${name}.yaml`);
  const { models, baseline, contrasts, points, seeds, experiment } = parseComparison(
    readFileSync(file, 'utf8'),
    file,
    [],
    definitions,
  );
  const pairs = [
    ...models.map((model) => `${model.label} over ${baseline}`),
    ...contrasts.map(contrastSides).map(({ model, reference }) => `${model.label} over ${reference.label}`),
  ];
  const tasks = [...experiment(baseline, points[0] ?? {}, seeds[0] ?? 0).tasks.map((task) => task.name), 'Δm'];
  const titles = points.map((point) =>
    Object.entries(point)
      .map(([key, value]) => `, ${key} = ${String(value)}`)
      .join(''),
  );
  const gains = pairs.flatMap((pair) => tasks.flatMap((task) => titles.map((title) => `${pair} on ${task}${title}`)));
  expect(parts.filter((part) => !gains.includes(part))).toEqual([]);
});
