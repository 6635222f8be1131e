import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ComparisonConfig, parseComparison } from '../../config/comparison.js';
import { dataPaths } from '../../config/definitions.js';
import { resolvedComparison, stringifyComparison } from '../../config/resolved-comparison.js';
import { differences } from '../../support/differences.js';
import { ConfigError } from '../../support/errors.js';
import { writeWhole } from '../../support/whole-file.js';
import { definitions } from '../../training/definitions.js';
import { firstExperiment } from './axis-point.js';

export const configFile = 'config.yaml';

/**
 * Manages config.yaml in a comparison's folder: the config of its comparison.json. Without results it is written at
 * once, so that an interrupted comparison has its config. Results of another config keep theirs until they are
 * replaced.
 * @returns A function that writes it with the results, a note on results that will be replaced, and whether those
 * results have the runs of this config.
 */
export async function folderConfig(
  folder: string,
  config: ComparisonConfig,
): Promise<{ readonly write: () => Promise<void>; readonly note: string | null; readonly hasResults: boolean }> {
  const file = join(folder, configFile);
  const write = () => writeWhole(file, stringifyComparison(config));
  const holdsResults = existsSync(join(folder, 'comparison.json')) && existsSync(file);
  if (!holdsResults) {
    await write();
    return { write, note: null, hasResults: false };
  }
  const added = /^compare\.(seeds|models|front)\b/; // adding seeds, models or fronts continues with the same runs
  const stored = storedIn(file);
  if (stored === undefined) {
    const note = `${folder} has the tables of a config that this version of ple refuses: the tables are replaced at the end; name=NAME keeps both.`;
    return { write, hasResults: false, note };
  }
  const changed = differences(stored, plain(config)).filter(({ key }) => !added.test(key));
  const keeps = ['compare.', 'engine.', 'tracking.', 'diagnostics', ...dataPathKeys(config)];
  const hasResults = changed.every(({ key }) => keeps.some((start) => key.startsWith(start)));
  if (changed.length === 0) return { write, note: null, hasResults };
  const keys = changed.map(({ key }) => key).join(', ');
  return {
    write,
    hasResults,
    note: `${folder} has the tables of a config with another ${keys}: they are replaced at the end; name=NAME keeps both.`,
  };
}

/** With the defaults of keys that are newer than the file. Undefined: it is no longer a valid config. */
function storedIn(file: string): unknown {
  try {
    return plain(parseComparison(readFileSync(file, 'utf8'), file, [], definitions));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return undefined;
  }
}

function plain(config: ComparisonConfig): unknown {
  return JSON.parse(JSON.stringify(resolvedComparison(config)));
}

/** Keys that say where the data are, not what they are. */
function dataPathKeys(config: ComparisonConfig): readonly string[] {
  return dataPaths(firstExperiment(config), definitions).map((key) => `dataset.${key}`);
}
