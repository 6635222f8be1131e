import { catalogue } from '../support/catalogue.js';
import { adagrad } from './adagrad.js';
import { adam } from './adam.js';
import { sgd } from './sgd.js';

export const optimizers = catalogue('optimizer', [adam, adagrad, sgd]);
