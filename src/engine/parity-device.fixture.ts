import type { Candidate } from './devices/devices.js';
import { engineOn } from './devices/devices.js';
import type { Engine } from './engine.js';
import { type Tolerances, tolerances } from './tolerance.fixture.js';

/** For tests: engines and devices that the parity suite knows, by the names that `npm run parity` takes. */
export const parityCandidates: Readonly<Record<string, Candidate>> = {
  cpu: { engine: 'compiled', device: 'cpu' },
  cuda: { engine: 'compiled', device: 'cuda' },
  webgpu: { engine: 'compiled', device: 'webgpu' },
  'tfjs-cpu': { engine: 'tfjs', device: 'cpu' },
  'tfjs-cuda': { engine: 'tfjs', device: 'cuda' },
};

/** The device that this process tests. It must exist: a failed attempt at a device spoils its process. */
export const deviceName = process.env.PLE_PARITY_DEVICE ?? 'cpu';

/**
 * Whether all models are tested with all their variants. `npm run parity` does so: it names a device. Other suites test
 * a part.
 */
export const whole = process.env.PLE_PARITY_DEVICE !== undefined;

export const candidate: Candidate = known(deviceName);

export const tolerance: Tolerances = tolerances[deviceName === 'tfjs-cuda' ? deviceName : candidate.device];

export function testedEngine(): Engine {
  return engineOn(candidate, whole ? {} : { threads: 2, spinning: false });
}

/** The reference: the pure-JS backend. */
export function referenceEngine(): Engine {
  return engineOn({ engine: 'tfjs', device: 'cpu', pureJs: true });
}

function known(name: string): Candidate {
  const found = parityCandidates[name];
  if (!found) throw new Error(`PLE_PARITY_DEVICE is '${name}', not one of ${Object.keys(parityCandidates).join(', ')}`);
  return found;
}
