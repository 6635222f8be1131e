import { catalogue } from '../support/catalogue.js';
import { aliCcp } from './ali-ccp/ali-ccp.js';
import { aliexpress } from './aliexpress/aliexpress.js';
import { censusIncome } from './census-income/census-income.js';
import { funnel } from './funnel/funnel.js';
import { kuairand } from './kuairand/kuairand.js';
import { synthetic } from './synthetic/synthetic.js';
import { table } from './table/table-loader.js';

export const loaders = catalogue('loader', [aliCcp, aliexpress, censusIncome, funnel, kuairand, synthetic, table]);
