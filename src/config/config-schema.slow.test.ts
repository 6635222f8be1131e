import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ConfigError } from '../support/errors.js';
import { randomFromSeed } from '../support/random.js';
import { definitions } from '../training/definitions.js';
import { parseComparison } from './comparison.js';
import { configSchema } from './config-schema.js';
import { parseExperiment } from './experiment.js';
import { type Path, valueAt } from './node.js';

const folder = resolve(import.meta.dirname, '../../configs');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
const isValid = new Ajv({ strict: false, logger: false }).compile(configSchema(definitions));

/** The paths of all that lies in a value. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => pathsIn(item, [...path, key]))];
}

// The other way round a schema says less: rules between keys, names of tasks, models and metrics, encodings, addresses.
test('520 shipped configs with a key changed: what editors refuse, the program refuses', () => {
  const random = randomFromSeed(1);
  const pick = <Item>(items: readonly Item[]) => items[random.below(items.length)];
  const counts = { refused: 0, taken: 0 };
  for (const file of Array.from({ length: 9 }, () => files).flat()) {
    const config: unknown = parse(readFileSync(join(folder, file), 'utf8'));
    const path = pick(pathsIn(config).slice(1)) ?? [];
    const outer = valueAt(config, path.slice(0, -1));
    if (!(outer instanceof Object)) continue;
    const key = String(path.at(-1));
    const value = valueAt(config, path);
    const changed = pick([null, 'x', `${value}x`, -1, 2.5, 1e99, true, [], {}, [value], undefined]);
    if (changed === undefined) Reflect.deleteProperty(outer, key);
    else Reflect.set(outer, random.below(4) === 0 ? `${key}s` : key, changed);
    const text = stringify(config);
    const read = valueAt(config, ['compare']) === undefined ? parseExperiment : parseComparison;
    counts[isValid(config) ? 'taken' : 'refused'] += 1;
    if (!isValid(config))
      expect(() => read(text, join(folder, file), [], definitions), `${path.join('.')} of ${file}`).toThrow(
        ConfigError,
      );
  }
  expect(counts.refused).toBeGreaterThan(200);
  expect(counts.taken).toBeGreaterThan(20);
});
