import { expect, test } from 'vitest';
import { isPart } from '../support/catalogue.js';
import { definitions } from './definitions.js';

test('each catalogue takes from a plugin what its define… function makes', () => {
  const { plugins: _plugins, baseline: _baseline, ...catalogues } = definitions;
  for (const { kind, all } of Object.values(catalogues))
    expect(all.map((part) => isPart(part, kind))).toEqual(all.map(() => true));
});
