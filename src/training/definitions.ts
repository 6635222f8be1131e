import type { Definitions, Plugin } from '../config/definitions.js';
import { loaders } from '../data/catalogue.js';
import { metrics } from '../metrics/catalogue.js';
import { baseline, models } from '../models/catalogue.js';
import { balancings } from '../objective/balancing/catalogue.js';
import { weightSchedules } from '../objective/catalogue.js';
import { optimizers } from '../optimizers/catalogue.js';
import { learningRateSchedules } from '../optimizers/schedules/catalogue.js';

/** All that a config may choose from. `loadPlugin` adds to it. */
export const definitions: Definitions & { readonly plugins: Plugin[] } = {
  loaders,
  models,
  weightSchedules,
  balancings,
  optimizers,
  learningRateSchedules,
  metrics,
  plugins: [],
  baseline,
};
