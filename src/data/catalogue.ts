import { catalogue } from '../support/catalogue.js';
import { censusIncome } from './census-income.js';
import { funnel } from './funnel.js';
import type { LoaderDefinition } from './loader.js';
import { synthetic } from './synthetic.js';

export const loaders = catalogue<LoaderDefinition>('loader', [censusIncome, funnel, synthetic]);
