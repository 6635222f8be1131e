import { catalogue } from '../../support/catalogue.js';
import { constant } from './constant.js';
import { cosine } from './cosine.js';
import { plateau } from './plateau.js';
import { step } from './step.js';
import { warmup } from './warmup.js';

export const learningRateSchedules = catalogue('learning-rate schedule', [constant, step, cosine, warmup, plateau]);
