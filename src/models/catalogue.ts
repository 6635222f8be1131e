import { catalogue } from '../support/catalogue.js';
import { cgc } from './cgc.js';
import { hardSharing } from './hard-sharing.js';
import { ple } from './ple.js';
import { singleTask } from './single-task.js';

/** Every model, in the order of the paper's Fig. 1. */
export const models = catalogue('model', [singleTask, hardSharing, cgc, ple]);
