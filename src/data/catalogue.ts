import { catalogue } from '../support/catalogue.js';
import { aliCcp } from './ali-ccp/ali-ccp.js';
import { funnel } from './funnel/funnel.js';
import { synthetic } from './synthetic/synthetic.js';
import { table } from './table/table-loader.js';

export const loaders = catalogue('loader', [aliCcp, funnel, synthetic, table]);
