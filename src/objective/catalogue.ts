import { catalogue } from '../support/catalogue.js';
import { constant } from './constant.js';
import { exponential } from './exponential.js';

/** Every loss-weight schedule; a config that names none has the first. */
export const weightSchedules = catalogue('loss-weight schedule', [constant, exponential]);
