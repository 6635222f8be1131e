import { catalogue } from '../support/catalogue.js';
import { adatt } from './adatt.js';
import { aitm } from './aitm.js';
import { asymmetricSharing } from './asymmetric-sharing.js';
import { auxiliary } from './auxiliary.js';
import { cgc } from './cgc.js';
import { crossStitch } from './cross-stitch.js';
import { customizedSharing } from './customized-sharing.js';
import { escm2 } from './escm2.js';
import { esmm } from './esmm.js';
import { hardSharing } from './hard-sharing.js';
import { home } from './home.js';
import { mlMmoe } from './ml-mmoe.js';
import { mmoe } from './mmoe.js';
import { omoe } from './omoe.js';
import { pepnet } from './pepnet.js';
import { ple } from './ple.js';
import { singleTask } from './single-task.js';
import { sluice } from './sluice.js';
import { stem } from './stem.js';

/** Every model: first those of the PLE paper, each followed by its variants, then others. */
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
  adatt,
  stem,
  pepnet,
  home,
  esmm,
  escm2,
  aitm,
  auxiliary,
]);

/** The model that every gain is measured against. */
export const baseline = singleTask.name;
