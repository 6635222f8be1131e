import { catalogue } from '../support/catalogue.js';
import { constant } from './constant.js';
import { exponential } from './exponential.js';

export const schedules = catalogue('schedule', [constant, exponential]);
