import { catalogue } from '../../support/catalogue.js';
import { adatask } from './adatask.js';
import { cagrad } from './cagrad.js';
import { dwa } from './dwa.js';
import { fairgrad } from './fairgrad.js';
import { famo } from './famo.js';
import { fixed } from './fixed.js';
import { gradnorm } from './gradnorm.js';
import { metabalance } from './metabalance.js';
import { mgda } from './mgda.js';
import { pcgrad } from './pcgrad.js';
import { random } from './random.js';
import { stch } from './stch.js';
import { uncertainty } from './uncertainty.js';

/** Every method that balances task losses; a config that names none has the first. */
export const balancings = catalogue('balancing', [
  fixed,
  uncertainty,
  dwa,
  random,
  famo,
  stch,
  gradnorm,
  pcgrad,
  cagrad,
  mgda,
  metabalance,
  fairgrad,
  adatask,
]);
