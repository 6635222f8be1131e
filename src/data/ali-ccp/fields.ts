/** A field of the feature lists. Equal ids in different fields are distinct. */
export interface Field {
  readonly name: string;
  /** The feature lists that contain it: those of samples, or the common ones that samples share. */
  readonly file: 'skeleton' | 'common';
  /** single: one id, whose value is always 1. list: any number of ids, each with a value. */
  readonly kind: 'single' | 'list';
}

const single = (file: Field['file'], name: string): Field => ({ name, file, kind: 'single' });
const list = (file: Field['file'], name: string): Field => ({ name, file, kind: 'list' });

/** In the order of the columns: single ones first. */
export const fields: readonly Field[] = [
  single('common', '101'), // user
  single('common', '121'), // user: category group
  single('common', '122'), // user: segment group
  single('common', '124'), // user: gender
  single('common', '125'), // user: age
  single('common', '126'), // user: consumption level 1
  single('common', '127'), // user: consumption level 2
  single('common', '128'), // user: whether working
  single('common', '129'), // user: geography
  single('skeleton', '205'), // item
  single('skeleton', '206'), // category of the item
  single('skeleton', '207'), // shop of the item
  single('skeleton', '216'), // brand of the item
  single('skeleton', '301'), // position of the impression
  list('common', '109_14'), // categories in the user's history
  list('common', '110_14'), // shops in the user's history
  list('common', '127_14'), // brands in the user's history
  list('common', '150_14'), // intentions in the user's history
  list('skeleton', '210'), // intentions that the item meets
  list('skeleton', '508'), // cross of 109_14 and 206
  list('skeleton', '509'), // cross of 110_14 and 207
  list('skeleton', '702'), // cross of 127_14 and 216
  list('skeleton', '853'), // cross of 150_14 and 210
];

/** Lists whose sum of values is also a numeric column: how often the user met the item's property. */
export const crosses = fields.filter(({ name }) => ['508', '509', '702', '853'].includes(name));

/** The field that identifies users. */
export const userField = '101';
