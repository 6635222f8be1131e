import { catalogue } from '../support/catalogue.js';
import { asymmetricSharing } from './asymmetric-sharing.js';
import { cgc } from './cgc.js';
import { crossStitch } from './cross-stitch.js';
import { customizedSharing } from './customized-sharing.js';
import { hardSharing } from './hard-sharing.js';
import { mlMmoe } from './ml-mmoe.js';
import { mmoe } from './mmoe.js';
import { omoe } from './omoe.js';
import { ple } from './ple.js';
import { singleTask } from './single-task.js';
import { sluice } from './sluice.js';

/** Every model, in the order in which the PLE paper presents them, each beside its like. */
export const models = catalogue('model', [
  singleTask,
  hardSharing,
  asymmetricSharing,
  customizedSharing,
  crossStitch,
  sluice,
  omoe,
  mmoe,
  mlMmoe,
  cgc,
  ple,
]);

/** The model that every gain is measured against. */
export const baseline = singleTask.name;
