import { type ChosenDevice, chooseDevice, type EngineChoice, type Look } from './choose-device.js';
import type { Engine } from './engine.js';
import { engineOn } from './engine-on.js';

export interface OpenedEngine {
  readonly engine: Engine;
  readonly chosen: ChosenDevice;
  /** What a user should see of how it was chosen. */
  readonly notes: readonly string[];
}

/**
 * The engine of a choice, after a look at its device; of a chosen device at once.
 * @throws ConfigError: one line, if the device cannot be used.
 */
export async function openEngine(choice: EngineChoice | ChosenDevice, look?: Look): Promise<OpenedEngine> {
  const { chosen, notes } = 'candidate' in choice ? { chosen: choice, notes: [] } : await chooseDevice(choice, look);
  return { engine: engineOn(chosen.candidate, chosen), chosen, notes };
}
