import { catalogue } from '../support/catalogue.js';
import { constant } from './constant.js';
import { exponential } from './exponential.js';

/** Every schedule; a config that names none has the first. */
export const schedules = catalogue('schedule', [constant, exponential]);
