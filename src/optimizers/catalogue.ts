import { catalogue } from '../support/catalogue.js';
import { adagrad } from './adagrad.js';
import { adam } from './adam.js';
import { adamw } from './adamw.js';
import { rowwiseAdagrad } from './rowwise-adagrad.js';
import { sgd } from './sgd.js';

export const optimizers = catalogue('optimizer', [adam, adamw, adagrad, rowwiseAdagrad, sgd]);
