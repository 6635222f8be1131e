import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { splitNames } from '../dataset.js';
import { contents, rawRows, rawText } from './census-income.fixture.js';
import { censusIncome } from './census-income.js';

test('without a cache the same rows are read, nothing stays in the temporary folder, and the process gets no listener', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ple-uncached-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'census-income.data'), rawText(rawRows(300, 1)));
  writeFileSync(join(folder, 'census-income.test'), rawText(rawRows(100, 2)));
  const named = vi.fn<(path: string) => void>();
  const open = (cache: string | null) =>
    censusIncome.open(
      { loader: 'census-income', path: folder, cache },
      { seed: 1, note: () => undefined, prepared: named },
    );
  const cached = await open(join(folder, 'cache'));
  expect(named).toHaveBeenCalledOnce();

  const [entries, listeners] = [readdirSync(folder), process.listenerCount('exit')];
  vi.stubEnv('TMPDIR', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  const uncached = await open(null);
  expect(readdirSync(folder)).toEqual(entries);
  expect(process.listenerCount('exit')).toBe(listeners);
  expect(named).toHaveBeenCalledOnce();
  expect({ ...uncached, splits: null }).toEqual({ ...cached, splits: null });
  for (const name of splitNames) expect(await contents(uncached, name)).toEqual(await contents(cached, name));
});
